// The connection to the relay, and the mappings: what is public, how it fares, and what may be done with it.
import { button, element, onAct, say, table } from './dom.js';
import { form } from './dialog.js';
import { breakable } from './format.js';
import { mappingTable, mappingTroubles, measure, ratesNote } from './mappings.js';
import { ask, get } from './api_client.js';
import { said } from './sentences.js';
import { attention, lastBreak, state } from './state_words.js';
import { refresh } from './dashboard_frame.js';
import './visitors.js';
import { vocabulary } from './translations.js';

const t = vocabulary({
	mappings: 'Mappings', relay: 'Relay', home_address: 'Address', last_break: 'Connection', advice: 'Advice', last_error: 'Last error',
	ms: '{1} ms', resumed_once: 'resumed once', resumed: 'resumed {1} times', public: 'public: the machine has it itself', cgnat: 'behind the provider’s NAT',
	not_attached: 'Not connected to the relay', add: 'Add a mapping', add_verb: 'Add', added: '{1} was added', change: 'Change', change_title: 'Change {1}', change_verb: 'Save',
	changed: '{1} was changed', pause: 'Pause', resume: 'Resume', pause_title: 'Pause {1}?', pause_text: 'It is closed to visitors, and those who are there are cut off. It stays in the file.',
	paused_done: '{1} is paused', resumed_done: '{1} goes on', remove: 'Remove', remove_title: 'Remove {1}?', remove_text: 'Its visitors are cut off, and it is taken out of the file.',
	removed: '{1} was removed', name: 'Name', name_hint: 'letters, digits, “.”, “_” and “-”', protocol: 'Protocol', protocol_auto: 'tcp by a port, http by a host',
	visitors: 'Who is inside', visitors_of: 'Visitors of {1}: {2}', public_side: 'Public port or host', public_hint: '8080, 50000-50009, or blog.{1}', target: 'Service at home', target_hint: '192.168.1.20:631, or a port of this machine',
	public_port: 'Port of its own (https only)', allow: 'Who may come in', allow_hint: 'networks such as 198.51.100.0/24, by comma; empty: everybody', user: 'User (http, https)',
	password: 'Password', password_hint: 'only to set another', bandwidth: 'Bits a second, each way', bandwidth_hint: '20M; empty: no limit', connections: 'Visitors at once',
	proxy_protocol: 'PROXY protocol', none: 'none', relay_says: 'The relay says',
	names: 'Names', name_of: 'Name', follows: 'Follows', follow_home: 'this home', follow_relay: 'the relay', wanted: 'Wanted', published: 'Published', answer: 'Last answer', reports: '{1} of {2} reports answered', good: 'taken', nochg: 'unchanged', no_mappings: 'Nothing is public yet. “Add a mapping” makes a service at home reachable from outside.',
}, {
	mappings: '映射', relay: '中继', home_address: '地址', last_break: '连接', advice: '建议', last_error: '最近错误',
	ms: '{1} 毫秒', resumed_once: '恢复过 1 次', resumed: '恢复过 {1} 次', public: '公网地址：本机直接拥有', cgnat: '在运营商的 NAT 之后',
	not_attached: '没有连上中继', add: '添加映射', add_verb: '添加', added: '已添加 {1}', change: '修改', change_title: '修改 {1}', change_verb: '保存',
	changed: '已修改 {1}', pause: '暂停', resume: '恢复', pause_title: '暂停 {1}？', pause_text: '将对访客关闭，正在访问的连接会中断。配置文件里仍然保留。',
	paused_done: '已暂停 {1}', resumed_done: '已恢复 {1}', remove: '删除', remove_title: '删除 {1}？', remove_text: '访客的连接会中断，并从配置文件中删除。',
	removed: '已删除 {1}', name: '名称', name_hint: '字母、数字、“.”、“_”和“-”', protocol: '协议', protocol_auto: '端口用 tcp，域名用 http',
	visitors: '当前访客', visitors_of: '{1} 的访客：{2}', public_side: '公网端口或域名', public_hint: '8080、50000-50009 或 blog.{1}', target: '家里的服务', target_hint: '192.168.1.20:631，或本机的端口',
	public_port: '独立端口（仅 https）', allow: '允许的来源', allow_hint: '网段，如 198.51.100.0/24，用逗号分隔；留空：所有人', user: '用户名（http、https）',
	password: '密码', password_hint: '只在要更换时填写', bandwidth: '每个方向的带宽（比特/秒）', bandwidth_hint: '20M；留空：不限', connections: '同时访客数',
	proxy_protocol: 'PROXY 协议', none: '无', relay_says: '中继提示',
	names: '域名', name_of: '域名', follows: '跟随', follow_home: '本机', follow_relay: '中继', wanted: '应为', published: '已发布', answer: '最近的回答', reports: '{2} 次报告，{1} 次有回答', good: '已接受', nochg: '没有变化', no_mappings: '还没有公开任何服务。点“添加映射”，就能从外网访问家里的服务。',
});

const at = (name) => `api/v1/mappings/${encodeURIComponent(name)}`;
let account = '', mayMeasure;

// ---- what may be done

// What `map` calls an option, and the field for it; an option that is emptied is taken away.
const OPTIONS = ['public_port', 'allow', 'user', 'bandwidth', 'connections', 'proxy_protocol'];
function fields(m) {
	const field = (name, more = {}) => ({ name, label: t(name), value: `${m[name] ?? ''}`, ...more }), rare = (name, more = {}) => field(name, { more: true, ...more });
	return [
		field('public', { label: t('public_side'), also: ['public_port', 'host'], hint: t('public_hint', account), required: true }),
		field('target', { hint: t('target_hint'), required: true }),
		field('protocol', { options: [...(m.protocol ? [] : [['', t('protocol_auto')]]), ...['tcp', 'udp', 'http', 'tls', 'https'].map((p) => [p, p])] }),
		rare('allow', { hint: t('allow_hint') }), rare('user', { also: ['basic_auth'] }), rare('password', { type: 'password', hint: m.user && t('password_hint') }),
		rare('bandwidth', { hint: t('bandwidth_hint') }), rare('connections'), rare('public_port'), rare('proxy_protocol', { options: [['', t('none')], ['1', '1'], ['2', '2']] }),
	];
}

// What is not what it was before.
function changed(before, values) {
	const body = {};
	for (const [name, value] of Object.entries(values)) {
		if (value === `${before[name] ?? ''}`) continue;
		body[name] = value === '' && OPTIONS.includes(name) ? 'none' : value;
	}
	if (body.password && !body.user) body.user = before.user;
	return body;
}

onAct('mapping-add', () => form(t('add'), {
	fields: [{ name: 'name', label: t('name'), hint: t('name_hint'), required: true }, ...fields({})], verb: t('add_verb'),
	send: async (values) => {
		await ask('POST', 'api/v1/mappings', changed({}, values));
		say(t('added', values.name));
		refresh();
	},
}));
onAct('mapping-change', async (name) => {
	const before = (await get('api/v1/mappings')).mappings.find((m) => m.name === name);
	if (!before) return;
	form(t('change_title', name), {
		fields: fields(before), verb: t('change_verb'),
		send: async (values) => {
			await ask('PATCH', at(name), changed(before, values));
			say(t('changed', name));
			refresh();
		},
	});
});
const pause = async (name, paused) => {
	await ask('PATCH', at(name), { paused });
	say(t(paused ? 'paused_done' : 'resumed_done', name));
	refresh();
};
onAct('mapping-pause', (name) => form(t('pause_title', name), { text: t('pause_text'), verb: t('pause'), danger: true, send: () => pause(name, true) }));
onAct('mapping-resume', (name) => pause(name, false).catch((error) => say(said(error.message))));
onAct('mapping-remove', (name) => form(t('remove_title', name), {
	text: t('remove_text'), verb: t('remove'), danger: true,
	send: async () => {
		await ask('DELETE', at(name));
		say(t('removed', name));
		refresh();
	},
}));

function acts(m) {
	const act = (word) => button(`mapping-${word}`, m.name, t(word), { class: 'small', 'aria-label': `${t(word)} ${m.name}` });
	return element('div', { class: 'acts' }, act('change'), act(m.state === 'paused' ? 'resume' : 'pause'), act('remove'));
}

// ---- what is shown

export function troubles(status) {
	const list = status.state === 'attached' ? [] : [[t('not_attached'), said(status.last_error)]];
	return [...list, ...(status.notice ? [[t('relay_says'), said(status.notice)]] : []), ...status.mappings.flatMap((m) => mappingTroubles(m.name, m))];
}

// An advice is about names that follow the home; without one it would only worry people.
const adviceOf = (status) => (status.names.some((n) => n.follow === 'home') ? status.advice : null);

function connection(status) {
	const facts = [
		status.state === 'attached' && status.rtt_ms != null && t('ms', status.rtt_ms), status.congestion,
		status.resumed > 0 && (status.resumed === 1 ? t('resumed_once') : t('resumed', status.resumed)),
	].filter(Boolean).map((fact) => element('span', { class: 'fact' }, fact));
	const line = (word, ...said) => element('div', {}, element('dt', {}, t(word)), element('dd', {}, ...said));
	return element('article', { class: 'home' },
		element('header', {}, element('h3', {}, `${status.account}/${status.agent}`), state(status.state), ...facts),
		element('dl', {}, line('relay', status.relay), status.address && line('home_address', status.nat === 'unknown' ? status.address : `${status.address} · ${t(status.nat)}`), status.last_break && line('last_break', lastBreak(status.last_break)),
			status.last_error && status.state !== 'attached' && line('last_error', said(status.last_error)), adviceOf(status) && line('advice', said(adviceOf(status)))));
}

const inside = (m, count) => count > 0 && button('visitors', m.name, `${count}`, { class: 'small', 'aria-label': t('visitors_of', m.name, count) });

const nameRow = (n) => ({ key: n.name, cells: [
	element('strong', {}, ...breakable(n.name)), t(`follow_${n.follow}`), breakable(n.wanted ?? ''), element('span', { class: n.published === n.wanted ? '' : 'pending' }, ...breakable(n.published ?? '')),
	[t(n.last ?? ''), element('span', { class: 'why quiet' }, t('reports', n.updates_answered, n.updates_sent))],
] });

export const home = {
	id: 'home', words: ['Home', '本机'],
	draw({ status, matches }) {
		account = status.account;
		if (mayMeasure !== status) measure(status.mappings.map((m) => [m.name, m]));
		mayMeasure = status;
		const found = status.mappings.filter((m) => matches(m.name, m.public, m.target, m.protocol)), wrong = troubles(status);
		return [
			attention(wrong),
			connection(status),
			element('h2', {}, t('mappings')),
			element('p', { class: 'acts' }, button('mapping-add', '', t('add'), { class: 'main' }), button('visitors', '', t('visitors'))),
			status.mappings.length ? element('div', { class: 'sheet' }, mappingTable(found, (m) => m.name, { steered: true, visitors: inside, name: (m) => [element('strong', {}, ...breakable(m.name)), acts(m)] })) : element('p', { class: 'quiet' }, t('no_mappings')),
			element('p', { class: 'quiet', hidden: !status.mappings.length }, ratesNote()),
			element('h2', { hidden: !status.names.length }, t('names')),
			element('div', { class: 'sheet', hidden: !status.names.length }, table([[t('name_of')], [t('follows')], [t('wanted')], [t('published')], [t('answer')]], status.names.filter((n) => matches(n.name, n.wanted, n.published)).map(nameRow))),
		];
	},
};
