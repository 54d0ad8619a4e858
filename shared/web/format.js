// Numbers and times for people.
import { element } from './dom.js';
import { locale, vocabulary } from './translations.js';

const t = vocabulary({ day: '{1} d', hour: '{1} h', minute: '{1} min', second: '{1} s' }, { day: '{1} 天', hour: '{1} 小时', minute: '{1} 分', second: '{1} 秒' });

export function bytes(n) {
	const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
	let unit = 0;
	if (n > 0 && n < 1) return '<1 B';
	while (n >= 999.5 && unit < units.length - 1) { n /= 1000; unit++; }
	return `${unit && n < 9.95 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}
export function amount(n) {
	const [unit, letter] = [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']].find(([u]) => n >= u) ?? [1, ''];
	return `${+(n / unit).toFixed(2)} ${letter}`;
}
export const rate = (n) => `${bytes(n)}/s`;

// ---- times, in the zone of who looks

const CLOCK = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }, DAY = { month: 'short', day: 'numeric' }, YEAR = { year: 'numeric' };
const makers = new Map();
function written(at, options) {
	if (Number.isNaN(Number(at))) return '?'; // what was told is no time
	const key = locale() + Object.values(options);
	if (!makers.has(key)) makers.set(key, new Intl.DateTimeFormat(locale(), options));
	return makers.get(key).format(at);
}
// As short as it is clear: today's without the day, this year's without the year.
export function time(text) {
	if (!text) return '';
	const at = new Date(text), now = new Date();
	if (at.toDateString() === now.toDateString()) return written(at, CLOCK);
	return written(at, at.getFullYear() === now.getFullYear() ? { ...DAY, ...CLOCK } : { ...YEAR, ...DAY, ...CLOCK });
}
// The same in a cell; whole for who points at it.
export const when = (text) => (text ? element('time', { class: 'keep', datetime: text, title: written(new Date(text), { dateStyle: 'full', timeStyle: 'long' }) }, time(text)) : '');
export const timeOfDay = (ms) => written(ms, { timeStyle: 'short' });
export const date = (text) => (text ? written(new Date(text), { dateStyle: 'medium' }) : '');
export function duration(s) {
	const [unit, word] = [[86400, 'day'], [3600, 'hour'], [60, 'minute']].find(([u]) => s >= u) ?? [1, 'second'];
	return t(word, Math.floor(s / unit));
}
export const pause = (ms) => (ms < 10000 ? t('second', (ms / 1000).toFixed(1)) : duration(ms / 1000));

// A long name may go on in the next line: behind a dot (not in 192.0.2.1), a slash and the like, and within an IPv6 address.
const SEAM = /(?<=[^*]\.)(?=[^./:@_\d])|(?<=[/@_])(?=[^./:@_])|(?<=:)(?=[\da-f]{1,4}:)/;
export const breakable = (text) => String(text).split(SEAM).flatMap((part, i) => (i ? [element('wbr'), part] : [part]));
