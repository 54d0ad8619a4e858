// Numbers and times for people.
import { locale, vocabulary } from './translations.js';

const t = vocabulary({ day: '{1} d', hour: '{1} h', minute: '{1} min', second: '{1} s' }, { day: '{1} 天', hour: '{1} 小时', minute: '{1} 分', second: '{1} 秒' });

export function bytes(n) {
	const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
	let unit = 0;
	while (n >= 999.5 && unit < units.length - 1) { n /= 1000; unit++; }
	return `${unit && n < 9.95 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}
export const rate = (n) => `${bytes(n)}/s`;
export const time = (text) => (text ? new Date(text).toLocaleString(locale(), { dateStyle: 'short', timeStyle: 'medium' }) : '');
export const timeOfDay = (ms) => new Date(ms).toLocaleTimeString(locale(), { timeStyle: 'short' });
export const date = (text) => (text ? new Date(text).toLocaleDateString(locale(), { dateStyle: 'medium' }) : '');
export function duration(s) {
	const [unit, word] = [[86400, 'day'], [3600, 'hour'], [60, 'minute']].find(([u]) => s >= u) ?? [1, 'second'];
	return t(word, Math.floor(s / unit));
}
