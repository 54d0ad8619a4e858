// The status while somebody looks, and what happens: fn(status) at each change, fn(null) while the program does not answer. It comes by
// a stream (api/v1/events): the whole status, then what has changed in it. A hidden page closes its stream. Where too many listen, or
// the program has no stream, the status is asked for now and then.
import { get } from './api_client.js';

const POLL_MS = 2000, SILENT_MS = 10000, LOST_MS = 4000, AGAIN_MS = 30000, KEPT = 500;
let fn, source, poll, silence, status = null, seen = 0;

// What has happened, the newest last: {id, time, event, account, agent, subject, why}.
export let events = [];

const named = (e) => JSON.stringify(Object.entries(e).slice(0, 2));
const isList = (value) => Array.isArray(value?.set) && Array.isArray(value?.gone);

// The list with those that have changed in their old places, and new ones behind; an element's first two members name it.
function mend(list, { set, gone }) {
	const fresh = new Map(set.map((e) => [named(e), e])), lost = new Set(gone.map(named));
	const mended = list.filter((e) => !lost.has(named(e))).map((e) => fresh.get(named(e)) ?? e), there = new Set(list.map(named));
	return [...mended, ...set.filter((e) => !there.has(named(e)))];
}
export function apply(old, change) {
	const fresh = { ...old };
	for (const [key, value] of Object.entries(change)) {
		if (value === null) delete fresh[key];
		else fresh[key] = isList(value) ? mend(fresh[key] ?? [], value) : value;
	}
	return fresh;
}

function tell(fresh) {
	status = fresh;
	fn(fresh);
}

// At once, for who has just changed something.
export async function look() {
	try {
		tell(await get('api/v1/status'));
	} catch {
		fn(null);
	}
}

function keep(more) {
	const fresh = more.filter((e) => e.id > seen);
	if (!fresh.length) return;
	seen = fresh.at(-1).id;
	events = [...events, ...fresh].slice(-KEPT);
}

function close() {
	source?.close();
	source = undefined;
	clearInterval(poll);
	clearTimeout(silence);
	poll = undefined;
}

// The program says something each second: one that is silent is asked anew.
function heard(ms = SILENT_MS) {
	clearTimeout(silence);
	silence = setTimeout(() => {
		fn(null);
		open();
	}, ms);
}

// There is no stream now: it is tried again later.
function pollOn() {
	close();
	poll = setInterval(look, POLL_MS);
	silence = setTimeout(open, AGAIN_MS);
	look();
}

function open() {
	close();
	source = new EventSource(seen ? `api/v1/events?after=${seen}` : 'api/v1/events');
	const on = (kind, take) => source.addEventListener(kind, (message) => {
		heard();
		take(JSON.parse(message.data));
	});
	on('events', (data) => keep(data.events));
	on('status', tell);
	on('change', (data) => { if (status) tell(apply(status, data)); });
	source.addEventListener('error', () => {
		if (source?.readyState === EventSource.CLOSED) pollOn();
		else heard(LOST_MS); // the browser tries again by itself
	});
	heard();
}

addEventListener('pagehide', close);
export function watch(told) {
	fn = told;
	document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
	if (!document.hidden) open();
}
