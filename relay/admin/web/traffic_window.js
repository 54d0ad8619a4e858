// What a mapping or a home carries, in a window: by the second, over minutes, the last 24 hours as a line, and a mapping's days of this month.
import { drawing, element, lay, table } from './dom.js';
import { closer, open } from './dialog.js';
import { bytes, rate, timeOfDay } from './format.js';
import { get } from './api_client.js';
import { daysChart, thisMonth } from './traffic.js';
import { vocabulary } from './translations.js';

const t = vocabulary({
	in: 'In', out: 'Out', over: 'Over', seconds: 'the last seconds', minutes: 'the last {1} minutes', day: '24 hours', carried: 'Traffic of {1}', last_day: 'Last 24 hours',
	line: 'Last 24 hours, up to {1} in and {2} out; in all {3} in, {4} out', ago: '24 h ago, {1}', now: 'now', most: 'up to {1}', quiet_day: 'Nothing was carried in the last 24 hours.',
	this_month: 'This month', quiet_month: 'Nothing was carried this month.', note: 'In flows toward the home. The 24 hours begin at the start of the relay, if that was later.',
}, {
	in: '入', out: '出', over: '时段', seconds: '最近几秒', minutes: '最近 {1} 分钟', day: '24 小时', carried: '{1} 的流量', last_day: '最近 24 小时',
	line: '最近 24 小时：入最高 {1}，出最高 {2}；共入 {3}，共出 {4}', ago: '24 小时前，{1}', now: '现在', most: '最高 {1}', quiet_day: '最近 24 小时没有流量。',
	this_month: '本月', quiet_month: '本月没有流量。', note: '“入”指流向家庭。如果中继在 24 小时内启动过，则从启动时算起。',
});

const EVERY_MS = 5000, MONTH_MS = 60000, DAY_MS = 86400000;
const WIDTH = 720, HEIGHT = 90;
const sum = (list) => list.reduce((a, b) => a + b, 0);

// Bytes a second of each step. The last is not over; in its first seconds a few bytes would seem many.
const rates = (list, r) => list.map((n, i) => n / (i < list.length - 1 ? r.step_s : Math.max(r.last_step_s, 30)));

function line(r) {
	const flows = { in: rates(r.bytes_in, r), out: rates(r.bytes_out, r) }, top = { in: Math.max(...flows.in), out: Math.max(...flows.out) };
	const most = Math.max(top.in, top.out), x = WIDTH / (flows.in.length - 1), y = (n) => (HEIGHT - 2 - (n / most) * (HEIGHT - 4)).toFixed(1);
	const path = (way) => drawing('path', { class: `line-${way}`, d: `M${flows[way].map((n, i) => `${(i * x).toFixed(1)} ${y(n)}`).join('L')}` });
	return [
		element('p', { class: 'quiet' }, t('most', rate(most)), ' · ', element('span', { class: 'key-in' }, t('in')), ' ', element('span', { class: 'key-out' }, t('out'))),
		drawing('svg', { class: 'lines', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img',
			'aria-label': t('line', rate(top.in), rate(top.out), bytes(sum(r.bytes_in)), bytes(sum(r.bytes_out))) }, path('in'), path('out')),
		element('p', { class: 'ends quiet' }, element('span', {}, t('ago', timeOfDay(Date.now() - DAY_MS))), element('span', {}, t('now'))),
	];
}

function figures(r, seconds) {
	const over = r.step_s + r.last_step_s, recent = (list) => rate((list.at(-2) + list.at(-1)) / over);
	const row = (key, label, ...cells) => ({ key, cells: [label, ...cells] });
	return element('div', { class: 'sheet' }, table([[t('over')], [t('in'), true], [t('out'), true]], [
		row('seconds', t('seconds'), rate(seconds.in), rate(seconds.out)),
		row('minutes', t('minutes', Math.round(over / 60)), recent(r.bytes_in), recent(r.bytes_out)),
		row('day', t('day'), bytes(sum(r.bytes_in)), bytes(sum(r.bytes_out))),
	]));
}

const section = (title, ...body) => element('section', {}, element('h3', {}, title), ...body);

// of: {account, agent, mapping}, without a mapping for a home; seconds(): {in, out} of the last seconds.
export function details(name, of, seconds) {
	const box = element('div', {}, element('p', { class: 'quiet' }, t('loading')));
	let days, asked = -MONTH_MS;
	const look = async () => {
		try {
			const r = await get(`api/v1/rates?${new URLSearchParams(of)}`), month = thisMonth();
			if (of.mapping && performance.now() - asked > MONTH_MS) {
				asked = performance.now();
				({ days } = await get(`api/v1/traffic?${new URLSearchParams({ account: of.account, mapping: of.mapping, by: 'day' })}`));
			}
			lay(box, [
				figures(r, seconds()),
				section(t('last_day'), ...(sum(r.bytes_in) + sum(r.bytes_out) ? line(r) : [element('p', { class: 'quiet' }, t('quiet_day'))])),
				of.mapping && section(t('this_month'), ...(days.length ? daysChart(month, days) : [element('p', { class: 'quiet' }, t('quiet_month'))])),
				element('p', { class: 'quiet' }, t('note')),
			]);
		} catch (error) {
			lay(box, [element('p', { class: 'wrong' }, error.message)]);
		}
	};
	const dialog = open(t('carried', name), box, element('p', { class: 'buttons' }, closer(t('close')))), timer = setInterval(() => document.hidden || look(), EVERY_MS);
	dialog.classList.add('wide');
	dialog.addEventListener('close', () => clearInterval(timer));
	look();
}
