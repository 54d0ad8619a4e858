// What both dashboards are made of: words, numbers, rows, what keeps a page up to date, and how it writes. Every text that came from
// a peer is put in as text, never as markup.

// ---- words, in English and Chinese

const words = {
	en: {
		search: 'Search', signout: 'Sign out', attention: 'Needs attention',
		attached: 'attached', detached: 'detached', connecting: 'connecting', open: 'open', error: 'error', pending: 'pending', paused: 'paused',
		up: 'up', down: 'down', yes: 'reachable', no: 'not reachable', unknown: '', valid: 'valid', since: 'since', from: 'from', resumed: 'resumed', times: 'times', none: 'none',
		mapping: 'Mapping', visitors: 'Visitors', target: 'Service', state: 'State', in: 'In', out: 'Out', total: 'So far', copy: 'Copy', copied: 'Copied',
		live: 'live', lost: 'No answer; trying again…', nomapping: 'No mappings.', nothing: 'Nothing matches.', up_for: 'up', ok: 'OK', cancel: 'Cancel',
	},
	zh: {
		search: '搜索', signout: '退出', attention: '需要处理',
		attached: '在线', detached: '离线', connecting: '正在连接', open: '开放', error: '错误', pending: '等待', paused: '暂停',
		up: '正常', down: '无响应', yes: '可访问', no: '外网访问不到', unknown: '', valid: '有效', since: '自', from: '来自', resumed: '恢复', times: '次', none: '无',
		mapping: '映射', visitors: '访客', target: '服务', state: '状态', in: '入', out: '出', total: '累计', copy: '复制', copied: '已复制',
		live: '实时', lost: '没有响应，正在重试…', nomapping: '没有映射。', nothing: '没有匹配的内容。', up_for: '已运行', ok: '确定', cancel: '取消',
	},
};
let language = localStorage.getItem('language') || (navigator.language.startsWith('zh') ? 'zh' : 'en');
export const t = (word) => words[language][word] ?? word;
export const $ = (id) => document.getElementById(id);

// A page's own words: {en: {…}, zh: {…}}.
export function addWords(more) {
	for (const l of Object.keys(more)) Object.assign(words[l], more[l]);
}

export function element(tag, attributes = {}, ...children) {
	const e = document.createElement(tag);
	for (const [key, value] of Object.entries(attributes)) if (value !== undefined && value !== '') e.setAttribute(key, value);
	e.append(...children.filter((c) => c !== undefined && c !== null && c !== ''));
	return e;
}

// ---- numbers and times

export function bytes(n) {
	const units = ['B', 'KB', 'MB', 'GB', 'TB'];
	let unit = 0;
	while (n >= 999.5 && unit < units.length - 1) { n /= 1000; unit++; }
	return `${unit && n < 9.95 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}
export const time = (text) => (text ? new Date(text).toLocaleString(language === 'zh' ? 'zh-CN' : 'en-GB', { dateStyle: 'short', timeStyle: 'medium' }) : '');
export function duration(s) {
	const parts = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
	const [unit, word] = parts.find(([u]) => s >= u) ?? parts[3];
	return `${Math.floor(s / unit)} ${word}`;
}

// Bytes a second of each mapping, from one look to the next; only of mappings that are there. mappings: [key, mapping], …
let seen = new Map();
export function measure(mappings, now) {
	const next = new Map();
	for (const [key, m] of mappings) {
		const before = seen.get(key), fresh = { at: now, in: m.bytes_in, out: m.bytes_out, rate: { in: 0, out: 0 } };
		if (before && now > before.at && fresh.in >= before.in && fresh.out >= before.out) {
			const s = (now - before.at) / 1000;
			fresh.rate = { in: (fresh.in - before.in) / s, out: (fresh.out - before.out) / s };
		}
		next.set(key, fresh);
	}
	seen = next;
}
export const rateOf = (key) => seen.get(key)?.rate ?? { in: 0, out: 0 };

// ---- parts of the page

const paint = { attached: 'well', valid: 'well', connecting: 'pending', open: 'well', up: 'well', yes: 'well', detached: 'pending', pending: 'pending', paused: 'pending', error: 'wrong', down: 'wrong', no: 'wrong' };
export const state = (s, why) => element('span', { class: paint[s] }, t(s), why ? element('span', { class: 'why' }, why) : '');

export function visitorsType(m) {
	const link = m.protocol === 'http' ? 'http://' : m.protocol === 'https' ? 'https://' : '';
	const shown = link && m.public ? (/^https?:\/\//.test(m.public) ? m.public : `${link}${m.public}/`) : m.public ?? '';
	if (!shown) return '';
	const copy = element('button', { type: 'button', class: 'quiet', 'aria-label': `${t('copy')} ${shown}` }, t('copy'));
	copy.addEventListener('click', async () => {
		await navigator.clipboard.writeText(shown);
		copy.textContent = t('copied');
		copy.blur(); // the page stands still while something in it has the focus
	});
	return element('span', {}, link && !shown.includes('*') ? element('a', { href: shown, rel: 'noreferrer' }, shown) : shown, ' ', copy);
}

export function table(head, rows) {
	const label = head.map(([word]) => (word ? t(word) : ''));
	return [
		element('thead', {}, element('tr', {}, ...head.map(([word, number], i) => element('th', { scope: 'col', class: number ? 'number' : '' }, label[i])))),
		element('tbody', {}, ...rows.map((cells) => element('tr', {}, ...cells.map((c, i) => element('td', { class: head[i][1] ? 'number' : '', 'data-label': label[i] }, c))))),
	];
}

export const mappingHead = [['mapping'], [''], ['target'], ['state'], ['visitors', true], ['in', true], ['out', true], ['total', true]];
export function mappingRow(key, m) {
	const rate = rateOf(key);
	const target = m.target_state?.state && m.target_state.state !== 'unknown' ? state(m.target_state.state, m.target_state.error) : '';
	const reach = m.reachable?.state && m.reachable.state !== 'unknown' ? state(m.reachable.state, m.reachable.error) : '';
	return [
		element('strong', {}, m.name), visitorsType(m), element('span', {}, m.target ?? '', ' ', target), element('span', {}, state(m.state, m.error), ' ', reach),
		m.protocol === 'udp' ? `${m.flows ?? 0}` : `${m.connections}`, `${bytes(rate.in)}/s`, `${bytes(rate.out)}/s`, bytes(m.bytes_in + m.bytes_out),
	];
}

// Who reads, copies or types something in the page keeps it in place until the next look.
export const isHeld = () => $('page').contains(document.activeElement) || Boolean(getSelection()?.toString());

// Asks before something is done that others feel. True: go on.
export function confirmed(text) {
	const dialog = element('dialog', {}, element('p', {}, text),
		element('form', { method: 'dialog' }, element('button', { value: 'ok' }, t('ok')), ' ', element('button', { value: '' }, t('cancel'))));
	document.body.append(dialog);
	dialog.showModal();
	return new Promise((resolve) => dialog.addEventListener('close', () => {
		dialog.remove();
		resolve(dialog.returnValue === 'ok');
	}));
}

// ---- asking and writing

let token;
// The answer's JSON; what is wrong is thrown as an Error whose message is for people.
export async function ask(path, method = 'GET', body = undefined) {
	const headers = {};
	if (method !== 'GET') {
		token ??= (await ask('api/v1/session')).token;
		headers['X-Groundnut-Token'] = token;
		if (body !== undefined) headers['Content-Type'] = 'application/json';
	}
	const answer = await fetch(path, { method, headers, cache: 'no-store', redirect: 'manual', body: body === undefined ? undefined : JSON.stringify(body) });
	if (answer.status === 401) location.reload();
	if (answer.type === 'opaqueredirect') return undefined;
	const said = await answer.json();
	if (!answer.ok) throw new Error(said.error ?? answer.statusText);
	return said;
}

// ---- the page

let draw, last;
// Draws the status anew, as after a change.
export async function look() {
	try {
		last = await ask('api/v1/status');
		$('connection').textContent = t('live');
		$('connection').classList.remove('lost');
		draw(last, true);
	} catch (e) {
		$('connection').textContent = t('lost');
		$('connection').title = e.message;
		$('connection').classList.add('lost');
	}
}

// Puts in the words of the language, now and when another is chosen.
export function speak() {
	say();
	$('language').addEventListener('click', () => {
		language = language === 'zh' ? 'en' : 'zh';
		localStorage.setItem('language', language);
		say();
	});
}

function say() {
	document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
	for (const e of document.querySelectorAll('[data-text]')) e.textContent = t(e.dataset.text);
	$('language').textContent = language === 'zh' ? 'English' : '中文';
	if (last) draw(last, false);
}

// Keeps a page up to date: fn(status, fresh) draws it, every two seconds while somebody looks (fresh: the status has just come), and
// when the language or what is searched for changes.
export function run(fn) {
	draw = fn;
	$('signout').addEventListener('click', async () => {
		await ask('signout', 'POST');
		location.reload();
	});
	$('search').addEventListener('input', () => { if (last) draw(last, false); });
	document.addEventListener('visibilitychange', () => { if (!document.hidden) look(); });
	setInterval(() => { if (!document.hidden) look(); }, 2000);
	speak();
	look();
}
