// The relay's dashboard: asks for the status every two seconds while somebody looks, and shows it. Every text that came from a
// peer is put in as text, never as markup. Rows are kept by their key, so nothing jumps under the pointer.

const words = {
	en: {
		search: 'Search', signout: 'Sign out', attention: 'Needs attention', homes: 'Homes', names: 'Names', listeners: 'The relay listens on',
		attached: 'attached', detached: 'detached', open: 'open', error: 'error', pending: 'pending', paused: 'paused', up: 'up', down: 'down',
		yes: 'reachable', no: 'not reachable', unknown: '', since: 'since', from: 'from', resumed: 'resumed', times: 'times', none: 'none',
		mapping: 'Mapping', visitors: 'Visitors', target: 'Service', state: 'State', in: 'In', out: 'Out', total: 'So far', copy: 'Copy', copied: 'Copied',
		name: 'Name', type: 'Type', wanted: 'Wanted', value: 'Published', source: 'Source', updated: 'Updated', for: 'For', at: 'At',
		live: 'live', lost: 'The relay does not answer; trying again…', nobody: 'No home has come yet. `groundnut-relay account add NAME` prints a line for one.',
		more: 'names in all; these are the first', nomapping: 'No mappings.', nothing: 'Nothing matches.', up_for: 'up',
	},
	zh: {
		search: '搜索', signout: '退出', attention: '需要处理', homes: '家庭', names: '域名', listeners: '中继监听',
		attached: '在线', detached: '离线', open: '开放', error: '错误', pending: '等待', paused: '暂停', up: '正常', down: '无响应',
		yes: '可访问', no: '外网访问不到', unknown: '', since: '自', from: '来自', resumed: '恢复', times: '次', none: '无',
		mapping: '映射', visitors: '访客', target: '服务', state: '状态', in: '入', out: '出', total: '累计', copy: '复制', copied: '已复制',
		name: '域名', type: '类型', wanted: '应为', value: '已发布', source: '来源', updated: '更新于', for: '用途', at: '地址',
		live: '实时', lost: '中继没有响应，正在重试…', nobody: '还没有家庭连接。运行 `groundnut-relay account add 名字` 生成加入行。',
		more: '个域名，这里显示前面的部分', nomapping: '没有映射。', nothing: '没有匹配的内容。', up_for: '已运行',
	},
};
let language = localStorage.getItem('language') || (navigator.language.startsWith('zh') ? 'zh' : 'en');
const t = (word) => words[language][word] ?? word;
const $ = (id) => document.getElementById(id);

function element(tag, attributes = {}, ...children) {
	const e = document.createElement(tag);
	for (const [key, value] of Object.entries(attributes)) if (value !== undefined && value !== '') e.setAttribute(key, value);
	e.append(...children.filter((c) => c !== undefined && c !== null && c !== ''));
	return e;
}

// ---- numbers and times

function bytes(n) {
	const units = ['B', 'KB', 'MB', 'GB', 'TB'];
	let unit = 0;
	while (n >= 999.5 && unit < units.length - 1) { n /= 1000; unit++; }
	return `${unit && n < 9.95 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}
const time = (text) => (text ? new Date(text).toLocaleString(language === 'zh' ? 'zh-CN' : 'en-GB', { dateStyle: 'short', timeStyle: 'medium' }) : '');
function duration(s) {
	const parts = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
	const [unit, word] = parts.find(([u]) => s >= u) ?? parts[3];
	return `${Math.floor(s / unit)} ${word}`;
}

// Bytes a second of each mapping, from one look to the next; only of mappings that are there.
const mappingKey = (agent, m) => `${agent.account}/${agent.agent}/${m.name}`;
let seen = new Map();
function measure(status, now) {
	const next = new Map();
	for (const agent of status.agents) for (const m of agent.mappings ?? []) {
		const key = mappingKey(agent, m), before = seen.get(key), fresh = { at: now, in: m.bytes_in, out: m.bytes_out, rate: { in: 0, out: 0 } };
		if (before && now > before.at && fresh.in >= before.in && fresh.out >= before.out) {
			const s = (now - before.at) / 1000;
			fresh.rate = { in: (fresh.in - before.in) / s, out: (fresh.out - before.out) / s };
		}
		next.set(key, fresh);
	}
	seen = next;
}

// ---- parts of the page

const paint = { attached: 'well', open: 'well', up: 'well', yes: 'well', detached: 'pending', pending: 'pending', paused: 'pending', error: 'wrong', down: 'wrong', no: 'wrong' };
const state = (s, why) => element('span', { class: paint[s] }, t(s), why ? element('span', { class: 'why' }, why) : '');

function visitorsType(m) {
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

function table(head, rows) {
	const label = head.map(([word]) => (word ? t(word) : ''));
	return [
		element('thead', {}, element('tr', {}, ...head.map(([word, number], i) => element('th', { scope: 'col', class: number ? 'number' : '' }, label[i])))),
		element('tbody', {}, ...rows.map((cells) => element('tr', {}, ...cells.map((c, i) => element('td', { class: head[i][1] ? 'number' : '', 'data-label': label[i] }, c))))),
	];
}

const mappingHead = [['mapping'], [''], ['target'], ['state'], ['visitors', true], ['in', true], ['out', true], ['total', true]];
function mappingRow(agent, m) {
	const { rate } = seen.get(mappingKey(agent, m));
	const target = m.target_state?.state && m.target_state.state !== 'unknown' ? state(m.target_state.state, m.target_state.error) : '';
	const reach = m.reachable?.state && m.reachable.state !== 'unknown' ? state(m.reachable.state, m.reachable.error) : '';
	return [
		element('strong', {}, m.name), visitorsType(m), element('span', {}, m.target ?? '', ' ', target), element('span', {}, state(m.state, m.error), ' ', reach),
		m.protocol === 'udp' ? `${m.flows ?? 0}` : `${m.connections}`, `${bytes(rate.in)}/s`, `${bytes(rate.out)}/s`, bytes(m.bytes_in + m.bytes_out),
	];
}

function home(agent) {
	const facts = [
		agent.since && `${t('since')} ${time(agent.since)}`, agent.remote && `${t('from')} ${agent.remote}`, agent.rtt_ms != null && `${agent.rtt_ms} ms`, agent.congestion,
		agent.resumed > 0 && `${t('resumed')} ${agent.resumed} ${t('times')}`, agent.link,
	].filter(Boolean);
	const mappings = [...(agent.mappings ?? [])].sort((a, b) => a.name.localeCompare(b.name));
	return element('article', { class: 'home' },
		element('header', {}, element('h3', {}, `${agent.account}/${agent.agent}`), state(agent.state), element('span', { class: 'quiet' }, facts.join(' · '))),
		mappings.length ? element('table', {}, ...table(mappingHead, mappings.map((m) => mappingRow(agent, m)))) : element('p', { class: 'quiet' }, t('nomapping')));
}

// What is wrong, in one list, so that nobody has to look for it.
function troubles(status) {
	const list = status.listeners.filter((l) => l.state === 'error').map((l) => `${l.for} ${l.at}: ${l.error ?? ''}`);
	for (const agent of status.agents) {
		const who = `${agent.account}/${agent.agent}`;
		if (agent.state === 'detached') list.push(`${who}: ${t('detached')}`);
		for (const m of agent.mappings ?? []) {
			if (m.state === 'error') list.push(`${who}/${m.name}: ${m.error ?? t('error')}`);
			else if (m.reachable?.state === 'no') list.push(`${who}/${m.name}: ${m.reachable.error ?? t('no')}`);
			else if (m.target_state?.state === 'down') list.push(`${who}/${m.name}: ${t('target')} ${t('down')}: ${m.target_state.error ?? ''}`);
		}
	}
	const told = new Set();
	for (const name of status.names) for (const p of name.published ?? []) if (p.error && !told.has(p.kind + p.error)) {
		told.add(p.kind + p.error);
		list.push(`${p.kind}, ${name.name}: ${p.error}`);
	}
	return list;
}

// ---- the page

let last;
function draw() {
	const status = last, wanted = $('search').value.trim().toLowerCase();
	if (!status) return;
	const matches = (...texts) => !wanted || texts.some((x) => String(x ?? '').toLowerCase().includes(wanted));
	const open = document.activeElement, holds = $('page').contains(open) || getSelection()?.toString();
	$('version').textContent = `${status.version} · ${t('up_for')} ${duration(status.uptime_s)}`;
	const trouble = troubles(status);
	$('attention').hidden = !trouble.length;
	$('attention-list').replaceChildren(...trouble.map((x) => element('li', { class: 'wrong' }, x)));
	// Who reads or copies something keeps it in place until the next look.
	if (holds) return;
	const agents = status.agents.filter((a) => matches(a.account, a.agent, a.remote, ...(a.mappings ?? []).flatMap((m) => [m.name, m.public, m.target])))
		.sort((a, b) => `${a.account}/${a.agent}`.localeCompare(`${b.account}/${b.agent}`));
	$('homes').replaceChildren(...(agents.length ? agents.map((a) => home(a)) : [element('p', { class: 'quiet' }, t(status.agents.length ? 'nothing' : 'nobody'))]));
	const names = status.names.filter((n) => matches(n.name, n.wanted, n.value, n.client)).sort((a, b) => (a.name + a.type).localeCompare(b.name + b.type));
	$('names').replaceChildren(...table([['name'], ['type'], ['wanted'], ['value'], ['source'], ['updated']],
		names.map((n) => [n.name, n.type, n.wanted ?? '', n.value ?? '', [n.source, n.client].filter(Boolean).join(', '), time(n.updated)])));
	$('more').textContent = status.more ? `${status.more.names} ${t('more')}` : '';
	$('listeners').replaceChildren(...table([['for'], ['at'], ['state']], status.listeners.map((l) => [l.for, l.at, state(l.state, l.error)])));
	$('page').hidden = false;
}

function speak() {
	document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
	for (const e of document.querySelectorAll('[data-text]')) e.textContent = t(e.dataset.text);
	$('language').textContent = language === 'zh' ? 'English' : '中文';
	draw();
}

async function look() {
	try {
		const answer = await fetch('api/v1/status', { cache: 'no-store' });
		if (answer.status === 401) { location.reload(); return; }
		if (!answer.ok) throw new Error(answer.statusText);
		last = await answer.json();
		measure(last, Date.now());
		$('connection').textContent = t('live');
		$('connection').classList.remove('lost');
		draw();
	} catch {
		$('connection').textContent = t('lost');
		$('connection').classList.add('lost');
	}
}

$('language').addEventListener('click', () => {
	language = language === 'zh' ? 'en' : 'zh';
	localStorage.setItem('language', language);
	speak();
});
$('signout').addEventListener('click', async () => {
	await fetch('signout', { method: 'POST' });
	location.reload();
});
$('search').addEventListener('input', draw);
document.addEventListener('visibilitychange', () => { if (!document.hidden) look(); });
setInterval(() => { if (!document.hidden) look(); }, 2000);
speak();
look();
