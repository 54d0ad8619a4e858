// What is asked of the program that shows the page. Paths are relative, so that it works below a path of a proxy.
import { vocabulary } from './translations.js';

const t = vocabulary({ unreachable: 'The program does not answer.' }, { unreachable: '程序没有响应。' });

export class Refusal extends Error {
	constructor(status, text) {
		super(text);
		this.status = status;
	}
}

// What went wrong, in words: an answer's "error", or its text.
async function told(answer) {
	const text = await answer.text();
	try {
		return JSON.parse(text).error ?? text;
	} catch {
		return text.trim() || answer.statusText;
	}
}

const PATIENCE_MS = 15000;

// What a write must bring: only a page of this very program can read it. It is asked for anew when the session is another.
let writes;
async function token() {
	writes ??= (await get('api/v1/session')).token;
	return writes;
}

// The answer's JSON, or null where there is none. Who is signed out comes to the door.
export async function ask(method, path, body, patience = PATIENCE_MS) {
	const options = { method, cache: 'no-store', headers: {}, signal: AbortSignal.timeout(patience) };
	if (method !== 'GET') options.headers['X-Groundnut-Token'] = await token();
	if (body !== undefined) {
		options.body = JSON.stringify(body);
		options.headers['Content-Type'] = 'application/json';
	}
	let answer;
	try {
		answer = await fetch(path, options);
	} catch {
		throw new Refusal(0, t('unreachable'));
	}
	if (answer.status === 401) location.reload();
	if (!answer.ok) throw new Refusal(answer.status, await told(answer));
	return answer.headers.get('Content-Type')?.includes('json') ? answer.json() : null;
}
export const get = (path, patience) => ask('GET', path, undefined, patience);
