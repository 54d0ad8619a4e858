// Who changed what by this page or by a token, the newest first.
import { element, table } from './dom.js';
import { amount, breakable, bytes, when } from './format.js';
import { get } from './api_client.js';
import { said } from './sentences.js';
import { vocabulary } from './translations.js';

export const acts = [{
	account_added: 'account added', account_changed: 'account changed', account_renewed: 'token renewed', account_removed: 'account removed',
	agent_invited: 'machine invited', agent_revoked: 'agent revoked', home_cut: 'home cut off', visitor_cut: 'visitor cut off', accounts_loaded: 'accounts.json taken up',
	mapping_added: 'mapping added', mapping_changed: 'mapping changed', mapping_removed: 'mapping removed', certificate_ordered: 'certificate ordered',
}, {
	account_added: '添加账户', account_changed: '修改账户', account_renewed: '更换令牌', account_removed: '删除账户',
	agent_invited: '邀请机器', agent_revoked: '撤销代理', home_cut: '断开家庭', visitor_cut: '断开访客', accounts_loaded: '载入 accounts.json',
	mapping_added: '添加映射', mapping_changed: '修改映射', mapping_removed: '删除映射', certificate_ordered: '申请证书',
}];
const t = vocabulary({
	when: 'When', who: 'Who', what: 'What', details: 'Details', session: 'signed in', token: 'token {1}', no_changes: 'Nothing was changed here since the start.',
	about: 'Changes that were made here, since the start; the log has them, too.', visitor: '{1} of {2}', ...acts[0],
}, {
	when: '时间', who: '谁', what: '操作', details: '详情', session: '已登录用户', token: '令牌 {1}', no_changes: '启动以来没有在这里修改过。',
	about: '启动以来在这里做的修改；日志里也有。', visitor: '{2} 的 {1}',
	ports: '端口', hosts: '主机名', connections: '同时访客数', bandwidth: '带宽', quota: '配额', agents: '代理', invites: '邀请', public: '公网端口或域名', target: '服务', protocol: '协议', allow: '允许的来源', user: '用户名',
	public_port: '独立端口', proxy_protocol: 'PROXY 协议', ...acts[1],
});

const by = (c) => [c.by.startsWith('token ') ? t('token', c.by.slice(6)) : t(c.by), c.from && element('span', { class: 'why' }, c.from)];
function read(text) {
	try {
		return JSON.parse(text) ?? {};
	} catch {
		return text;
	}
}
const isEmpty = (value) => value === undefined || value === null || value.length === 0;
const shown = (value) => {
	if (isEmpty(value)) return '–';
	if (Array.isArray(value)) return value.map(shown).join(', ');
	return typeof value === 'object' ? Object.values(value).filter((v) => !isEmpty(v)).map(shown).join(' ') : said(String(value));
};
const MEANS = { bandwidth: (n) => `${amount(n)}bit/s`, quota: (q) => [bytes(q.bytes), q.reset_day, q.at_limit].join(' ') };
const worth = (key, value) => (isEmpty(value) || !MEANS[key] ? shown(value) : MEANS[key](value));

// What differs, a line each: "ports: 8000-8999 → 8000-9999".
function differences(c) {
	const before = read(c.before), after = read(c.after);
	if (typeof before !== 'object' || typeof after !== 'object') return element('strong', {}, ...breakable([c.before, c.after].filter(Boolean).join(' → ')));
	const name = after.name ?? before.name ?? (before.visitor && t('visitor', before.visitor, [before.account, before.agent, before.mapping].filter(Boolean).join('/')));
	const differs = (k) => k !== 'name' && shown(before[k]) !== shown(after[k]), keys = c.before && c.after ? [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(differs) : [];
	return [name && element('strong', {}, ...breakable(name)), ...keys.map((k) => element('span', { class: 'why' }, `${t(k)}: ${worth(k, before[k])} → ${worth(k, after[k])}`))];
}

let known;
const row = (c, i) => ({ key: `${c.at} ${known.length - i}`, cells: [when(c.at), t(c.what), differences(c), by(c)] });

export const changes = {
	id: 'changes', words: ['Changes', '修改记录'],
	async load() {
		known = (await get('api/v1/audit')).audit;
	},
	draw({ matches }) {
		if (!known) return [element('p', { class: 'quiet' }, t('loading'))];
		const found = known.filter((c) => matches(c.by, c.from, t(c.what), c.before, c.after));
		if (!found.length) return [element('p', { class: 'quiet' }, t(known.length ? 'nothing' : 'no_changes'))];
		return [
			element('p', { class: 'quiet' }, t('about')),
			element('div', { class: 'sheet' }, table(['when', 'what', 'details', 'who'].map((word) => [t(word)]), found.map(row), { class: 'audit' })),
		];
	},
};
