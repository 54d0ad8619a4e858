// The relay's dashboard, made of the parts of parts.js. Rows are kept by their key, so nothing jumps under the pointer.
import { $, addWords, duration, element, isHeld, mappingHead, mappingRow, measure, run, state, t, table, time } from './parts.js';

addWords({
	en: {
		homes: 'Homes', names: 'Names', listeners: 'The relay listens on', name: 'Name', type: 'Type', wanted: 'Wanted', value: 'Published', source: 'Source',
		updated: 'Updated', for: 'For', at: 'At', nobody: 'No home has come yet. `groundnut-relay account add NAME` prints a line for one.',
		more: 'names in all; these are the first',
	},
	zh: {
		homes: '家庭', names: '域名', listeners: '中继监听', name: '域名', type: '类型', wanted: '应为', value: '已发布', source: '来源',
		updated: '更新于', for: '用途', at: '地址', nobody: '还没有家庭连接。运行 `groundnut-relay account add 名字` 生成加入行。',
		more: '个域名，这里显示前面的部分',
	},
});
const mappingKey = (agent, m) => `${agent.account}/${agent.agent}/${m.name}`;

function home(agent) {
	const facts = [
		agent.since && `${t('since')} ${time(agent.since)}`, agent.remote && `${t('from')} ${agent.remote}`, agent.rtt_ms != null && `${agent.rtt_ms} ms`, agent.congestion,
		agent.resumed > 0 && `${t('resumed')} ${agent.resumed} ${t('times')}`, agent.link,
	].filter(Boolean);
	const mappings = [...(agent.mappings ?? [])].sort((a, b) => a.name.localeCompare(b.name));
	return element('article', { class: 'home' },
		element('header', {}, element('h3', {}, `${agent.account}/${agent.agent}`), state(agent.state), element('span', { class: 'quiet' }, facts.join(' · '))),
		mappings.length ? element('table', {}, ...table(mappingHead, mappings.map((m) => mappingRow(mappingKey(agent, m), m)))) : element('p', { class: 'quiet' }, t('nomapping')));
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

function draw(status, fresh) {
	if (fresh) measure(status.agents.flatMap((agent) => (agent.mappings ?? []).map((m) => [mappingKey(agent, m), m])), Date.now());
	const wanted = $('search').value.trim().toLowerCase();
	const matches = (...texts) => !wanted || texts.some((x) => String(x ?? '').toLowerCase().includes(wanted));
	$('version').textContent = `${status.version} · ${t('up_for')} ${duration(status.uptime_s)}`;
	const trouble = troubles(status);
	$('attention').hidden = !trouble.length;
	$('attention-list').replaceChildren(...trouble.map((x) => element('li', { class: 'wrong' }, x)));
	if (isHeld()) return;
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

run(draw);
