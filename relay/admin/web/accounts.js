// Accounts: what each may open, its agents and invitations. Join lines are shown once, and kept nowhere.
import { button, element, onAct, say } from './dom.js';
import { carry, closer, form, open } from './dialog.js';
import { amount, breakable, bytes, time } from './format.js';
import { ask, get } from './api_client.js';
import { said } from './sentences.js';
import { state } from './state_words.js';
import { refresh } from './dashboard_frame.js';
import { vocabulary } from './translations.js';

const t = vocabulary({
	add_account: 'Add an account', account_name: 'Name', account_name_hint: 'Letters, digits, inner “-” and “.”: it is also a host below {1}.',
	ports: 'Ports', ports_hint: '8000-8999, 51820/udp, 53/both; empty: 1024 to 65535.', ports_edit_hint: '8000-8999, 51820/udp, 53/both',
	hosts: 'Hosts', hosts_hint: 'Below {1}, or with a dot at the end: blog.alice, *.alice, www.example.org.',
	connections: 'Visitors at once', connections_hint: 'Empty: as many as the relay lets each account have.', bandwidth: 'Bandwidth', bandwidth_hint: 'Bits a second each way, such as 100M; empty: no limit.',
	add_verb: 'Add', line_title: 'Join line of {1}', line_once: 'It is shown this once. On the machine at home: groundnut-agent join, then this line.',
	line_account: 'It serves any number of machines of this account; keep it secret.', line_invite: 'It works once, for one machine, until {1}.',
	invite: 'Invite…', invite_title: 'Invite a machine to {1}', invite_verb: 'Make the line', invite_agent: 'Name of the agent', invite_agent_hint: 'Empty: the machine names itself.',
	invite_hours: 'Good for, in hours', edit: 'Edit…', edit_title: 'What {1} may open', save: 'Save', saved: '{1} is changed',
	renew: 'Renew…', renew_title: 'Renew the token of {1}?', renew_verb: 'Renew', renew_text: 'The old join line is worthless from then on, and the sessions that it began end. Agents with a credential of their own go on.',
	remove: 'Remove…', remove_title: 'Remove the account {1}?', remove_verb: 'Remove', remove_text: 'Its homes are cut off, and its names and mappings close.', removed: '{1} is removed',
	revoke: 'Revoke…', revoke_title: 'Revoke {1}?', revoke_verb: 'Revoke', revoke_text: 'Its session ends, and its credential is worthless from then on. No other agent notices.', revoked: '{1} is revoked',
	revoke_invite_text: 'The line that was made for it is worthless from then on.',
	invited: 'invited until {1}', joined: 'joined, has not come yet', away: 'away', shares: 'by the account’s line', no_agents: 'No agent has come yet.', anybody: 'any machine',
	nothing_allowed: 'none', up_to: 'up to {1} visitors', limited: '{1}bit/s', quota: 'quota {1} a month', quota_label: 'Quota a month', quota_hint: 'Bytes of both directions, such as 500G; empty: no quota.',
	reset_day: 'It begins anew on day', reset_day_hint: '1 to 31, in UTC.', at_limit: 'When it is used', at_warn: 'go on, and say so', at_slow: 'go on at 1 Mbit/s', at_stop: 'close the mappings', no_accounts: 'There are no accounts yet.',
}, {
	add_account: '添加账户', account_name: '名称', account_name_hint: '字母、数字，中间可用 “-” 和 “.”；它同时是 {1} 下的主机名。',
	ports: '端口', ports_hint: '8000-8999, 51820/udp, 53/both；留空则为 1024 到 65535。', ports_edit_hint: '8000-8999, 51820/udp, 53/both',
	hosts: '主机名', hosts_hint: '位于 {1} 之下，或以点结尾：blog.alice, *.alice, www.example.org.',
	connections: '同时访客数', connections_hint: '留空则按中继对每个账户的限制。', bandwidth: '带宽', bandwidth_hint: '每个方向每秒比特数，例如 100M；留空则不限。',
	add_verb: '添加', line_title: '{1} 的加入行', line_once: '只显示这一次。在家里的机器上运行 groundnut-agent join，后面加上这一行。',
	line_account: '它可用于此账户的任意多台机器，请保密。', line_invite: '只能用一次，供一台机器使用，有效期至 {1}。',
	invite: '邀请…', invite_title: '邀请机器加入 {1}', invite_verb: '生成加入行', invite_agent: '代理名称', invite_agent_hint: '留空则由机器自己命名。',
	invite_hours: '有效小时数', edit: '编辑…', edit_title: '{1} 可以开放什么', save: '保存', saved: '{1} 已修改',
	renew: '更换…', renew_title: '更换 {1} 的令牌？', renew_verb: '更换', renew_text: '旧的加入行立即失效，由它建立的会话会结束。拥有自己凭证的代理不受影响。',
	remove: '删除…', remove_title: '删除账户 {1}？', remove_verb: '删除', remove_text: '它的家庭会被断开，域名和映射会关闭。', removed: '{1} 已删除',
	revoke: '撤销…', revoke_title: '撤销 {1}？', revoke_verb: '撤销', revoke_text: '它的会话会结束，凭证立即失效。其他代理不受影响。', revoked: '{1} 已撤销',
	revoke_invite_text: '为它生成的加入行立即失效。',
	invited: '邀请有效期至 {1}', joined: '已加入，尚未连接', away: '不在线', shares: '使用账户的加入行', no_agents: '还没有代理连接过。', anybody: '任意机器',
	nothing_allowed: '无', up_to: '最多 {1} 位访客', limited: '{1}bit/s', quota: '每月配额 {1}', quota_label: '每月配额', quota_hint: '双向字节数合计，例如 500G；留空则没有配额。',
	reset_day: '每月重新计算的日期', reset_day_hint: '1 到 31，按 UTC。', at_limit: '用完之后', at_warn: '继续并提示', at_slow: '限速 1 Mbit/s', at_stop: '关闭映射', no_accounts: '还没有账户。',
});

let known = null; // {domain, accounts}
const at = (name, ...more) => ['api/v1/accounts', name, ...more].map((part, i) => (i ? encodeURIComponent(part) : part)).join('/');
const find = (name) => known.accounts.find((a) => a.name === name);

// ---- lists as people write them, and as the program takes them

const list = (text) => text.split(/[\s,]+/).filter(Boolean);
// Hosts come as full names with a dot at the end; below the domain they are written short.
const short = (host) => (host.endsWith(`.${known.domain}.`) ? host.slice(0, -known.domain.length - 2) : host);
const shown = (host) => host.replace(/\.$/, '');
const taken = (n) => amount(n).replace(' ', ''); // as the program takes it

// ---- what can be done

const hint = (answer) => said(answer.said?.replace(/^--\w+: /, '')); // what it told beside the answer
function showLine(name, answer) {
	refresh();
	carry(t('line_title', name), answer.line, element('p', {}, t('line_once')), element('p', { class: 'quiet' }, answer.until ? t('line_invite', time(answer.until)) : t('line_account')), element('p', { hidden: !answer.said }, hint(answer)));
}

onAct('account-add', () => form(t('add_account'), {
	fields: [{ name: 'name', label: t('account_name'), hint: t('account_name_hint', known.domain), required: true }, { name: 'ports', label: t('ports'), hint: t('ports_hint') }],
	verb: t('add_verb'),
	send: async ({ name, ports }) => showLine(name, await ask('POST', 'api/v1/accounts', { name, ...(ports.trim() && { ports: list(ports) }) })),
}));

onAct('account-invite', (of) => form(t('invite_title', of), {
	fields: [{ name: 'agent', label: t('invite_agent'), hint: t('invite_agent_hint') }, { name: 'hours', label: t('invite_hours'), value: '24', required: true }],
	verb: t('invite_verb'),
	send: async ({ agent, hours }) => showLine(of, await ask('POST', at(of, 'invite'), { hours: Number(hours), ...(agent.trim() && { agent: agent.trim() }) })),
}));

onAct('account-edit', (of) => {
	const a = find(of), before = { ports: a.ports.join(', '), hosts: a.hosts.map(short).join(', '), connections: `${a.connections ?? ''}`, bandwidth: a.bandwidth ? taken(a.bandwidth) : '',
		quota: a.quota ? taken(a.quota.bytes) : '', reset_day: `${a.quota?.reset_day ?? 1}`, at_limit: a.quota?.at_limit ?? 'warn' };
	form(t('edit_title', of), {
		fields: [
			{ name: 'ports', label: t('ports'), hint: t('ports_edit_hint'), value: before.ports }, { name: 'hosts', label: t('hosts'), hint: t('hosts_hint', known.domain), value: before.hosts },
			{ name: 'connections', label: t('connections'), hint: t('connections_hint'), value: before.connections }, { name: 'bandwidth', label: t('bandwidth'), hint: t('bandwidth_hint'), value: before.bandwidth },
			{ name: 'quota', label: t('quota_label'), hint: t('quota_hint'), value: before.quota }, { name: 'reset_day', label: t('reset_day'), hint: t('reset_day_hint'), value: before.reset_day },
			{ name: 'at_limit', label: t('at_limit'), value: before.at_limit, options: ['warn', 'slow', 'stop'].map((word) => [word, t(`at_${word}`)]) },
		],
		verb: t('save'),
		send: async (now) => {
			const change = {}, is = (key) => now[key].trim() !== before[key];
			if (is('ports')) change.ports = list(now.ports);
			if (is('hosts')) change.hosts = list(now.hosts);
			if (is('connections')) change.connections = now.connections.trim() ? Number(now.connections) : 'none';
			if (is('bandwidth')) change.bandwidth = now.bandwidth.trim() || 'none';
			if (is('quota')) change.quota = now.quota.trim() || 'none';
			if (now.quota.trim()) {
				if (is('reset_day')) change.reset_day = Number(now.reset_day);
				if (is('at_limit')) change.at_limit = now.at_limit;
			}
			const answer = Object.keys(change).length ? await ask('PATCH', at(of), change) : {};
			say(t('saved', of));
			refresh();
			if (answer.said) open(t('saved', of), element('p', {}, hint(answer)), element('p', { class: 'buttons' }, closer(t('close'))));
		},
	});
});

const confirm = (word, of, text, send) => form(t(`${word}_title`, of), { text, verb: t(`${word}_verb`), danger: true, send });
onAct('account-renew', (of) => confirm('renew', of, t('renew_text'), async () => showLine(of, await ask('POST', at(of, 'renew')))));
onAct('account-remove', (of) => confirm('remove', of, t('remove_text'), async () => {
	await ask('DELETE', at(of));
	say(t('removed', of));
	refresh();
}));
onAct('agent-revoke', (of, by) => confirm('revoke', of, t(by.dataset.invited === undefined ? 'revoke_text' : 'revoke_invite_text'), async () => {
	const [account, agent] = of.split('/');
	await ask('DELETE', at(account, 'agents', agent));
	say(t('revoked', of));
	refresh();
}));

// ---- the page

// Agents with a credential, those that share the account's, and invitations.
function agents(account, attached) {
	const here = new Map(attached.filter((a) => a.account === account.name).map((a) => [a.agent, a.state]));
	const revoke = (name, invited) => button('agent-revoke', `${account.name}/${name}`, t('revoke'), { class: 'small', 'data-invited': invited, 'aria-label': `${t('revoke')} ${account.name}/${name}` });
	const quiet = (text) => element('span', { class: 'quiet' }, text);
	const where = (name) => (here.has(name) ? state(here.get(name)) : quiet(t('away')));
	const line = (key, name, ...said) => element('li', { 'data-key': key }, element('strong', {}, name), ' ', ...said);
	const own = new Set(account.agents.map((a) => a.name));
	return [
		...account.agents.map((a) => line(`own ${a.name}`, a.name, a.new ? quiet(t('joined')) : where(a.name), ' ', revoke(a.name))),
		...[...here.keys()].filter((name) => !own.has(name)).sort().map((name) => line(`line ${name}`, name, where(name), ' ', quiet(t('shares')))),
		...account.invites.map((v, i) => line(`invite ${v.agent ?? ''} ${v.until} ${i}`, v.agent ?? t('anybody'), quiet(t('invited', time(v.until))), ' ', v.agent && revoke(v.agent, true))),
	];
}

function account(a, attached) {
	const act = (name) => button(`account-${name}`, a.name, t(name), { class: 'small', 'aria-label': `${t(name)} ${a.name}` });
	const fact = (text) => element('span', { class: 'fact' }, text), there = agents(a, attached);
	const facts = [a.connections && t('up_to', a.connections), a.bandwidth && t('limited', amount(a.bandwidth)), a.quota && t('quota', bytes(a.quota.bytes))].filter(Boolean);
	return element('article', { class: 'home', 'data-key': a.name },
		element('header', {}, element('h3', {}, a.name), ...facts.map(fact), element('span', { class: 'room' }), element('span', { class: 'acts' }, ...['invite', 'edit', 'renew', 'remove'].map(act))),
		element('dl', {}, element('div', {}, element('dt', {}, t('ports')), element('dd', {}, a.ports.join(', ') || t('nothing_allowed'))),
			element('div', {}, element('dt', {}, t('hosts')), element('dd', {}, ...breakable(a.hosts.map(shown).join(', ') || t('nothing_allowed'))))),
		there.length ? element('ul', { class: 'plain', 'data-list': true }, ...there) : element('p', { class: 'quiet' }, t('no_agents')));
}

export const accounts = {
	id: 'accounts', words: ['Accounts', '账户'],
	async load() {
		known = await get('api/v1/accounts');
	},
	draw({ status, matches }) {
		if (!known) return [element('p', { class: 'quiet' }, t('loading'))];
		const found = known.accounts.filter((a) => matches(a.name, ...a.ports, ...a.hosts, ...a.agents.map((x) => x.name))).sort((a, b) => a.name.localeCompare(b.name));
		return [
			element('p', {}, button('account-add', '', t('add_account'), { class: 'main' })),
			element('div', { 'data-list': true }, ...found.map((a) => account(a, status.agents))),
			found.length ? null : element('p', { class: 'quiet' }, t(known.accounts.length ? 'nothing' : 'no_accounts')),
		];
	},
};
