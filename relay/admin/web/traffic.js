// Traffic: a month's days as bars, what each account or mapping has carried, and quotas.
import { drawing, element, table } from './dom.js';
import { bytes, date } from './format.js';
import { get } from './api_client.js';
import { draw, refresh } from './dashboard_frame.js';
import { locale, vocabulary } from './translations.js';

const t = vocabulary({
	month: 'Month', account: 'Account', all: 'All accounts', mapping: 'Mapping', in: 'In', out: 'Out', total: 'Total', quota: 'Quota', csv: 'Save as CSV', day: 'Day',
	used: '{1} of {2} ({3} %)', resets: 'begins anew on {1}', nothing_carried: 'Nothing was carried in this month.', by_day: 'Day by day', most: 'The most on one day: {1}, {2}',
	then_warn: 'it goes on all the same', then_slow: 'it has 1 Mbit/s until then', then_stop: 'its mappings are closed until then',
	chart: 'Bytes of each day of {1}: {2} in, {3} out', both: '{1}: {2} in, {3} out', other: 'all others', note: 'Days are those of UTC. In flows toward the home.',
}, {
	month: '月份', account: '账户', all: '所有账户', mapping: '映射', in: '入', out: '出', total: '合计', quota: '配额', csv: '保存为 CSV', day: '日期',
	used: '{1} / {2}（{3} %）', resets: '{1} 重新计算', nothing_carried: '这个月没有流量。', by_day: '每日明细', most: '单日最多：{1}，{2}',
	then_warn: '仍可继续使用', then_slow: '在此之前限速 1 Mbit/s', then_stop: '在此之前其映射已关闭',
	chart: '{1} 每日字节数：入 {2}，出 {3}', both: '{1}：入 {2}，出 {3}', other: '其他', note: '日期按 UTC 计算。“入”指流向家庭。',
});

const MONTHS = 14, FRESH_MS = 10000; // a look has the relay write what has moved, so that not each of the page's asks for it
const WIDTH = 720, HEIGHT = 160;
let month = '', account = '', known = null, knownAt = 0;

const sum = (rows, key) => rows.reduce((n, r) => n + r[key], 0);
export const thisMonth = () => new Date().toISOString().slice(0, 7);
const daysOf = (m) => new Date(Date.UTC(+m.slice(0, 4), +m.slice(5), 0)).getUTCDate();
const monthWords = (m) => new Date(`${m}-01T00:00:00Z`).toLocaleDateString(locale(), { year: 'numeric', month: 'long', timeZone: 'UTC' });
const dayWords = (d) => new Date(`${d}T00:00:00Z`).toLocaleDateString(locale(), { month: 'short', day: 'numeric', timeZone: 'UTC' });
function months() {
	const now = new Date();
	return Array.from({ length: MONTHS }, (_, i) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - i, 1)).toISOString().slice(0, 7));
}
const query = (by) => `from=${month}-01&to=${month}-${daysOf(month)}${account ? `&account=${encodeURIComponent(account)}` : ''}${by ? `&by=${by}` : ''}`;

// ---- the chart: a bar for each day, out on top of in

function chart(month, days) {
	const count = daysOf(month), by = new Map(days.map((d) => [d.day, d])), most = Math.max(1, ...days.map((d) => d.bytes_in + d.bytes_out)), step = WIDTH / count;
	const bars = [];
	for (let i = 1; i <= count; i++) {
		const d = by.get(`${month}-${String(i).padStart(2, '0')}`);
		if (!d) continue;
		const low = (d.bytes_in / most) * HEIGHT, high = (d.bytes_out / most) * HEIGHT, x = ((i - 1) * step + step * 0.1).toFixed(1), width = (step * 0.8).toFixed(1);
		bars.push(drawing('g', {}, drawing('title', {}, t('both', dayWords(d.day), bytes(d.bytes_in), bytes(d.bytes_out))),
			drawing('rect', { class: 'bar-in', x, width, y: (HEIGHT - low).toFixed(1), height: low.toFixed(1) }),
			drawing('rect', { class: 'bar-out', x, width, y: (HEIGHT - low - high).toFixed(1), height: high.toFixed(1) })));
	}
	return drawing('svg', { class: 'bars', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img',
		'aria-label': t('chart', monthWords(month), bytes(sum(days, 'bytes_in')), bytes(sum(days, 'bytes_out'))) }, ...bars);
}

export function daysChart(month, days) {
	const top = days.reduce((a, b) => (b.bytes_in + b.bytes_out > a.bytes_in + a.bytes_out ? b : a));
	return [
		element('p', { class: 'quiet' }, t('most', bytes(top.bytes_in + top.bytes_out), dayWords(top.day)), ' · ',
			element('span', { class: 'key-in' }, t('in')), ' ', bytes(sum(days, 'bytes_in')), ' · ', element('span', { class: 'key-out' }, t('out')), ' ', bytes(sum(days, 'bytes_out'))),
		chart(month, days),
		element('p', { class: 'ends quiet' }, element('span', {}, dayWords(`${month}-01`)), element('span', {}, dayWords(`${month}-${daysOf(month)}`))),
	];
}

// ---- tables

function quota(a) {
	if (!a?.quota_bytes) return '';
	const percent = Math.floor((a.quota_used * 100) / a.quota_bytes);
	return [element('span', { class: a.quota_state === 'used' ? 'wrong' : a.quota_state === 'near' ? 'pending' : '' }, t('used', bytes(a.quota_used), bytes(a.quota_bytes), percent)),
		element('span', { class: 'why quiet' }, t('resets', date(a.resets))), a.quota_state === 'used' && element('span', { class: 'why' }, t(`then_${a.at_limit}`))];
}

// What the days say of each account, or of each mapping of one.
function rows(days, accounts, matches) {
	const key = account ? 'mapping' : 'account', found = new Map();
	for (const d of days) {
		const one = found.get(d[key]) ?? { in: 0, out: 0 };
		one.in += d.bytes_in;
		one.out += d.bytes_out;
		found.set(d[key], one);
	}
	if (!account && month === thisMonth()) for (const a of accounts) if (!found.has(a.account)) found.set(a.account, { in: 0, out: 0 });
	return [...found].filter(([name]) => matches(name)).sort(([a, x], [b, y]) => y.in + y.out - x.in - x.out || a.localeCompare(b)).map(([name, n]) => ({ key: name, cells: [
		element('strong', {}, account && name === 'other' ? t('other') : name), bytes(n.in), bytes(n.out), bytes(n.in + n.out),
		...(account ? [] : [quota(accounts.find((a) => a.account === name))]),
	] }));
}

const byDay = (days) => element('details', {}, element('summary', {}, t('by_day')),
	element('div', { class: 'sheet' }, table([[t('day')], [t('in'), true], [t('out'), true], [t('total'), true]],
		days.map((d) => ({ key: d.day, cells: [dayWords(d.day), bytes(d.bytes_in), bytes(d.bytes_out), bytes(d.bytes_in + d.bytes_out)] })))));

// ---- choosing

const choice = (id, label, options, chosen) => element('label', {}, `${label} `,
	element('select', { id }, ...options.map(([value, text]) => element('option', { value, selected: value === chosen }, text))));
document.addEventListener('change', ({ target }) => {
	if (target.id !== 'traffic-month' && target.id !== 'traffic-account') return;
	if (target.id === 'traffic-month') month = target.value;
	else account = target.value;
	known = null;
	draw(true);
	refresh();
});

export const traffic = {
	id: 'traffic', words: ['Traffic', '流量'],
	async load() {
		month ||= thisMonth();
		const asked = query();
		if (known?.asked === asked && Date.now() < knownAt + FRESH_MS) return;
		knownAt = Date.now();
		const [days, parts] = await Promise.all([get(`api/v1/traffic?${query('day')}`), get(`api/v1/traffic?${query(account ? 'mapping' : 'account')}`)]);
		if (asked === query()) known = { asked, days: days.days, parts: parts.days, accounts: parts.accounts };
	},
	draw({ matches }) {
		month ||= thisMonth();
		const names = new Set([...(known?.accounts ?? []).map((a) => a.account), ...(account ? [account] : [])]);
		const chosen = element('p', { class: 'choices' }, choice('traffic-month', t('month'), months().map((m) => [m, monthWords(m)]), month),
			choice('traffic-account', t('account'), [['', t('all')], ...[...names].sort().map((n) => [n, n])], account),
			element('a', { href: `api/v1/traffic.csv?${query()}`, download: `traffic-${month}.csv` }, t('csv')));
		if (!known) return [chosen, element('p', { class: 'quiet' }, t('loading'))];
		const found = rows(known.parts, known.accounts, matches), of = [t('in'), t('out'), t('total')].map((word) => [word, true]);
		return [
			chosen,
			...(known.days.length ? daysChart(month, known.days) : [element('p', { class: 'quiet' }, t('nothing_carried'))]),
			element('div', { class: 'sheet', hidden: !found.length }, table([[t(account ? 'mapping' : 'account')], ...of, ...(account ? [] : [[t('quota')]])], found)),
			known.days.length > 0 && byDay(known.days),
			element('p', { class: 'quiet' }, t('note')),
		].filter(Boolean);
	},
};
