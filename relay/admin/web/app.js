// The relay's dashboard. Each page is a module and a tab, named in the address behind "#".
import { accounts } from './accounts.js';
import { changes } from './audit_log.js';
import { events } from './event_list.js';
import { homes, troubles } from './homes.js';
import { listeners } from './listeners.js';
import { names } from './names.js';
import { requests } from './request_log.js';
import { start } from './dashboard_frame.js';
import { traffic } from './traffic.js';

start({ pages: [homes, names, accounts, traffic, requests, listeners, events, changes], troubles });
