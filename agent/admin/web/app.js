// The agent's dashboard. Each page is a module and a tab, named in the address behind "#".
import { certificates } from './certificates.js';
import { changes } from './audit_log.js';
import { doctor } from './doctor.js';
import { events } from './event_list.js';
import { home, troubles } from './overview.js';
import { requests } from './request_log.js';
import { start } from './dashboard_frame.js';

start({ pages: [home, certificates, requests, doctor, events, changes], troubles });
