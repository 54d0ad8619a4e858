// Homes and their mappings.
import { button, element, onAct, say } from './dom.js';
import { details } from './traffic_window.js';
import { form } from './dialog.js';
import { breakable, time } from './format.js';
import { mappingTable, mappingTroubles, measure, rates, ratesNote } from './mappings.js';
import { ask } from './api_client.js';
import { forWhat } from './listeners.js';
import { said } from './sentences.js';
import { attention, lastBreak, state } from './state_words.js';
import { draw, refresh } from './dashboard_frame.js';
import { vocabulary } from './translations.js';
import './visitors.js';

const t = vocabulary({
	since: 'since {1}', from: 'from {1}', resumed_once: 'resumed once', resumed: 'resumed {1} times', ms: '{1} ms',
	nobody: 'No home has come yet. Under Accounts, “Add an account” makes a line for one.', mappings_one: '1 mapping', mappings: '{1} mappings',
	show: 'Show', hide: 'Hide', show_all: 'Show all {1}', cut: 'Cut off…', cut_title: 'Cut off {1}?', cut_verb: 'Cut off', cut_done: '{1} was cut off',
	cut_text: 'The connections of its visitors end. The home comes back by itself within seconds. To keep it away, revoke its credential or renew the account under Accounts.',
	visitors_of: 'Visitors of {1}: {2}', traffic: 'Traffic', traffic_of: 'Traffic of {1}', is_detached: 'detached. {1}', waiting: '{1} visitors wait',
}, {
	since: '自 {1}', from: '来自 {1}', resumed_once: '恢复过 1 次', resumed: '恢复过 {1} 次', ms: '{1} 毫秒',
	nobody: '还没有家庭连接。在“账户”页点“添加账户”可以生成加入行。', mappings_one: '1 个映射', mappings: '{1} 个映射',
	show: '展开', hide: '收起', show_all: '显示全部 {1} 个', cut: '断开…', cut_title: '断开 {1}？', cut_verb: '断开', cut_done: '已断开 {1}',
	cut_text: '访客的连接会中断。家庭会在几秒内自动重新连接。如果不想让它回来，请在“账户”页撤销它的凭证或更换账户的令牌。',
	visitors_of: '{1} 的访客：{2}', traffic: '流量', traffic_of: '{1} 的流量', is_detached: '离线。{1}', waiting: '{1} 位访客在等待',
});

const FEW = 20;  // so many homes are shown with their mappings
const MOST = 200; // so many at first
const who = (agent) => `${agent.account}/${agent.agent}`;

// ---- homes

const turned = new Map(); // by hand: open or not
let all = false, measured;
onAct('turn', (of, by) => {
	turned.set(of, by.getAttribute('aria-expanded') !== 'true');
	draw(true);
});
onAct('all-homes', () => {
	all = true;
	draw(true);
});
onAct('cut', (of) => form(t('cut_title', of), {
	text: t('cut_text'), verb: t('cut_verb'), danger: true,
	send: async () => {
		await ask('POST', `api/v1/agents/${of.split('/').map(encodeURIComponent).join('/')}/cut`);
		say(t('cut_done', of));
		refresh();
	},
}));

// How many are inside; who, behind a click.
const inside = (key) => (m, count) => count > 0 && button('visitors', `${key}/${m.name}`, `${count}`, { class: 'small', 'aria-label': t('visitors_of', `${key}/${m.name}`, count) });

// What it carries: of a mapping behind its name, of a home behind a button.
let mappingsOf = () => [];
onAct('details', (of) => {
	const [account, agent, ...mapping] = of.split('/'), query = { account, agent, mapping: mapping.join('/') };
	const keys = () => (query.mapping ? [of] : mappingsOf(of).map((m) => `${of}/${m.name}`));
	details(of, query, () => keys().map(rates).reduce((a, b) => ({ in: a.in + b.in, out: a.out + b.out }), { in: 0, out: 0 }));
});
const named = (key) => (m) => element('strong', {}, button('details', `${key}/${m.name}`, breakable(m.name), { class: 'named', 'aria-label': t('traffic_of', `${key}/${m.name}`) }));

function home(agent, few) {
	const key = who(agent), mappings = agent.mappings ?? [], open = turned.get(key) ?? few;
	const facts = [
		agent.remote && t('from', agent.remote), agent.state === 'attached' && agent.rtt_ms != null && t('ms', agent.rtt_ms), agent.since && t('since', time(agent.since)),
		agent.resumed > 0 && (agent.resumed === 1 ? t('resumed_once') : t('resumed', agent.resumed)), agent.congestion, agent.waiting > 0 && t('waiting', agent.waiting),
	].filter(Boolean).map((fact) => element('span', { class: 'fact' }, fact));
	const count = mappings.length === 1 ? t('mappings_one') : t('mappings', mappings.length);
	return element('article', { class: 'home', 'data-key': key },
		element('header', {}, element('h3', {}, key), state(agent.state), ...facts, element('span', { class: 'room' }),
			element('span', { class: 'acts' }, button('turn', key, `${t(open ? 'hide' : 'show')} ${count}`, { class: 'small', 'aria-expanded': `${open}` }),
				button('details', key, t('traffic'), { class: 'small', 'aria-label': t('traffic_of', key) }),
				agent.state === 'attached' && button('cut', key, t('cut'), { class: 'small', 'aria-label': `${t('cut')} ${key}` }))),
		element('p', { class: 'quiet' }, lastBreak(agent.last_break)),
		open && mappingTable(mappings, (m) => `${key}/${m.name}`, { visitors: inside(key), name: named(key) }));
}

export function troubles(status) {
	const list = status.listeners.filter((l) => l.state === 'error').map((l) => [forWhat(l), said(l.error) ?? l.at]);
	for (const agent of status.agents) {
		if (agent.state === 'detached') list.push([who(agent), t('is_detached', lastBreak(agent.last_break))]);
		for (const m of agent.mappings ?? []) list.push(...mappingTroubles(`${who(agent)}/${m.name}`, m));
	}
	list.push(...(status.quotas ?? []).filter((q) => q.said).map((q) => [null, said(q.said)]));
	const told = new Set();
	for (const name of status.names) for (const p of name.published ?? []) {
		if (p.error && !told.has(p.kind + p.error)) list.push([`${p.kind}, ${name.name}`, said(p.error)]);
		told.add(p.kind + p.error);
	}
	return list;
}

export const homes = {
	id: 'homes', words: ['Homes', '家庭'],
	draw({ status, matches }) {
		if (measured !== status) measure(status.agents.flatMap((a) => (a.mappings ?? []).map((m) => [`${who(a)}/${m.name}`, m])));
		measured = status;
		mappingsOf = (key) => status.agents.find((a) => who(a) === key)?.mappings ?? [];
		const found = status.agents.filter((a) => matches(who(a), a.remote, ...(a.mappings ?? []).flatMap((m) => [m.name, m.public, m.target])))
			.sort((a, b) => who(a).localeCompare(who(b)));
		const trouble = troubles(status), few = found.length <= FEW, shown = all ? found : found.slice(0, MOST);
		return [
			attention(trouble.slice(0, MOST)),
			element('div', { 'data-list': true }, ...shown.map((a) => home(a, few))),
			element('p', { class: 'quiet' }, found.length ? ratesNote() : t(status.agents.length ? 'nothing' : 'nobody')),
			found.length > shown.length && button('all-homes', '', t('show_all', found.length)),
		];
	},
};
