// The relay's dashboard. Each page is a module and a tab, named in the address behind "#".
import { accounts } from './accounts.js';
import { changes } from './changes.js';
import { events } from './events.js';
import { homes, troubles } from './homes.js';
import { listeners } from './listeners.js';
import { names } from './names.js';
import { requests } from './requests.js';
import { start } from './tabs.js';
import { traffic } from './traffic.js';

start({ pages: [homes, names, accounts, traffic, requests, listeners, events, changes], troubles });
