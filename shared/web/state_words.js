// States in words, with what is wrong and the cure where the program says one.
import { element } from './dom.js';
import { date, pause, time } from './format.js';
import { said } from './sentences.js';
import { vocabulary } from './translations.js';

const t = vocabulary({
	attention: 'Needs attention', reach_unknown: 'reach not checked yet', reach_why: 'the home tries it soon after it connects', target_unknown: 'not used yet',
	break_resumed: 'Last break {1}: {2}; it went on after {3}', break_ended: 'Last break {1}: {2}; the session ended', break_waits: 'Lost {1}: {2}; its visitors are held until {3}',
}, {
	attention: '需要处理', reach_unknown: '尚未检查能否访问', reach_why: '家庭连接后不久会自动检查', target_unknown: '尚未使用',
	break_resumed: '上次断线 {1}：{2}；{3}后恢复', break_ended: '上次断线 {1}：{2}；会话已结束', break_waits: '{1} 断线：{2}；访客的连接保留到 {3}',
});
const PAINT = {
	attached: 'well', open: 'well', up: 'well', yes: 'well', valid: 'well', detached: 'pending', connecting: 'pending', pending: 'pending', paused: 'pending',
	certificate_pending: 'pending', error: 'wrong', down: 'wrong', no: 'wrong', certificate_error: 'wrong', reach_unknown: 'unknown', target_unknown: 'unknown',
};
export const state = (word, why, ...values) => element('span', { class: `state ${PAINT[word] ?? ''}` }, element('span', { class: 'keep' }, t(word, ...values)), why && element('span', { class: 'why' }, said(why)));

// Of an object {state, error}: whether visitors get through, and whether the service answers.
const isKnown = (o) => o?.state && o.state !== 'unknown';
export const reach = (o) => (isKnown(o) ? state(o.state, o.error) : state('reach_unknown', t('reach_why')));
export const target = (o) => (isKnown(o) ? state(o.state, o.error) : state('target_unknown'));
export function certificate(c) {
	if (!isKnown(c)) return null;
	return c.state === 'valid' ? state('valid', c.error, date(c.not_after)) : state(`certificate_${c.state}`, c.error);
}

// The last loss of a connection, in a sentence; "" where there was none.
export function lastBreak(b) {
	if (!b) return '';
	if (b.held_until) return t('break_waits', time(b.at), said(b.why), time(b.held_until));
	return b.resumed ? t('break_resumed', time(b.at), said(b.why), pause(b.without_ms)) : t('break_ended', time(b.at), said(b.why));
}

// What is wrong, in one list, so that nobody has to look for it; troubles: [of what, what].
export const attention = (troubles) => element('section', { class: 'attention', 'aria-labelledby': 'attention', hidden: !troubles.length }, element('h2', { id: 'attention' }, t('attention')),
	element('ul', {}, ...troubles.map(([of, what]) => element('li', {}, of && element('strong', {}, of), of && ' ', what))));
