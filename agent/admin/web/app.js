// The agent's dashboard. Each page is a module and a tab, named in the address behind "#".
import { certificates } from './certificates.js';
import { changes } from './changes.js';
import { doctor } from './doctor.js';
import { events } from './events.js';
import { home, troubles } from './home.js';
import { requests } from './requests.js';
import { start } from './tabs.js';

start({ pages: [home, certificates, requests, doctor, events, changes], troubles });
