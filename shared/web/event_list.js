// What has happened, as it happens.
import { acts } from './audit_log.js';
import { element, table } from './dom.js';
import { breakable, when } from './format.js';
import { said } from './sentences.js';
import { events as happened } from './status_stream.js';
import { vocabulary } from './translations.js';

const t = vocabulary({
	when: 'When', what: 'What', about: 'About', details: 'Details', none: 'Nothing has happened yet.',
	home_attached: 'home connected', home_resumed: 'home is back', home_detached: 'home lost its connection', home_gone: 'session ended', home_removed: 'home removed',
	mapping_open: 'mapping open', mapping_error: 'mapping not open', mapping_closed: 'mapping closed', target_down: 'service down', target_up: 'service up',
	name_published: 'name published', name_failed: 'name not published', publisher_fails: 'publisher fails', publisher_works: 'publisher works again',
	certificate_taken: 'certificate taken', certificate_failed: 'certificate not taken', certificate_overdue: 'certificate overdue', guesses: 'somebody guesses passwords',
	quota: 'quota', audit: 'change', ...acts[0],
}, {
	when: '时间', what: '事件', about: '对象', details: '详情', none: '还没有事件。',
	home_attached: '家庭上线', home_resumed: '家庭连接恢复', home_detached: '家庭断线', home_gone: '会话结束', home_removed: '家庭已移除',
	mapping_open: '映射开放', mapping_error: '映射未开放', mapping_closed: '映射关闭', target_down: '服务无响应', target_up: '服务恢复',
	name_published: '域名已发布', name_failed: '域名发布失败', publisher_fails: '发布渠道失败', publisher_works: '发布渠道恢复',
	certificate_taken: '已取得证书', certificate_failed: '未取得证书', certificate_overdue: '证书逾期未续', guesses: '有人猜测密码',
	quota: '流量配额', audit: '更改', ...acts[1],
});
const WRONG = new Set(['home_detached', 'home_gone', 'mapping_error', 'target_down', 'name_failed', 'publisher_fails', 'certificate_failed', 'certificate_overdue', 'guesses', 'quota']);
const SHOWN = 200;

const about = (e) => [e.account && `${e.account}${e.agent ? `/${e.agent}` : ''}`, e.event === 'audit' ? t(e.subject) : e.subject].filter(Boolean).join(' · ');
const row = (e) => ({ key: `${e.id}`, cells: [
	when(e.time), element('span', { class: WRONG.has(e.event) ? 'wrong' : '' }, t(e.event)), breakable(about(e)), breakable(said(e.why) ?? ''),
] });

export const events = {
	id: 'events', words: ['Events', '事件'],
	draw({ matches }) {
		const found = happened.filter((e) => matches(t(e.event), about(e), e.why, said(e.why))).slice(-SHOWN).reverse();
		if (!found.length) return [element('p', { class: 'quiet' }, t(happened.length ? 'nothing' : 'none'))];
		return [element('div', { class: 'sheet' }, table(['when', 'what', 'about', 'details'].map((word) => [t(word)]), found.map(row), { class: 'events' }))];
	},
};
