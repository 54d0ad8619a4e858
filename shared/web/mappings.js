// Mappings as a table, what is wrong with them, and how much goes through each.
import { button, element, table } from './dom.js';
import { breakable, bytes, rate } from './format.js';
import { said } from './sentences.js';
import { certificate, reach, state, target } from './state_words.js';
import { vocabulary } from './translations.js';

const t = vocabulary({
	mapping: 'Mapping', address: 'Visitors type', target: 'Service', visitors: 'Visitors', in: 'In', out: 'Out', total: 'So far',
	nomapping: 'No mappings.', shows_in: 'In and out are of the last seconds; toward home is in.', wanted: 'wants {1}',
}, {
	mapping: '映射', address: '访客地址', target: '服务', visitors: '访客', in: '入', out: '出', total: '累计',
	nomapping: '没有映射。', shows_in: '“入”“出”是最近几秒的速率；“入”为流向家庭。', wanted: '希望用 {1}',
});

// ---- bytes a second of each mapping, over the last looks; entries: [key, mapping]

const OVER_MS = 6000;
let seen = new Map();
export function measure(entries) {
	const next = new Map(), now = performance.now();
	for (const [key, m] of entries) {
		const before = (seen.get(key) ?? []).filter((s) => s.in <= m.bytes_in && s.out <= m.bytes_out), old = before.findLastIndex((s) => now - s.at >= OVER_MS);
		next.set(key, [...before.slice(Math.max(0, old)), { at: now, in: m.bytes_in, out: m.bytes_out }]);
	}
	seen = next;
}
export function rates(key) {
	const samples = seen.get(key) ?? [], first = samples[0], last = samples.at(-1), s = samples.length > 1 ? (last.at - first.at) / 1000 : 0;
	return s ? { in: (last.in - first.in) / s, out: (last.out - first.out) / s } : { in: 0, out: 0 };
}

// ---- the table

const SCHEMES = { http: 'http://', https: 'https://' };
export function visitorsType(m) {
	const scheme = SCHEMES[m.protocol], text = scheme && m.public ? `${scheme}${m.public}/` : m.public ?? '';
	if (!text) return m.wanted ? element('span', { class: 'quiet' }, t('wanted', m.wanted)) : '';
	const link = scheme && !text.includes('*') ? element('a', { href: text, rel: 'noreferrer' }, ...breakable(text)) : breakable(text);
	return [element('span', { class: 'typed' }, ...[link].flat()), ' ', element('span', { class: 'keep' },
		button('copy', text, t('copy'), { class: 'small', 'aria-label': t('copy_of', text) }), ' ', button('qr', text, t('qr'), { class: 'small', 'aria-label': t('qr_of', text) }))];
}

function row(key, m, visitors, name) {
	const r = rates(key), count = m.protocol === 'udp' ? m.flows ?? 0 : m.connections;
	return { key: m.name, cells: [
		name(m), visitorsType(m), [...breakable(m.target ?? ''), ' ', m.state !== 'paused' && target(m.target_state)],
		[state(m.state, m.error), ' ', m.state === 'open' && reach(m.reachable), ' ', certificate(m.certificate)],
		visitors(m, count) || `${count}`, rate(r.in), rate(r.out), bytes(m.bytes_in + m.bytes_out),
	] };
}

// keyOf(m): as it was measured; visitors(m, count): what stands for their number, if anything; name(m): for its name; steered: with
// buttons below it.
export function mappingTable(list, keyOf, { visitors, name, steered = false }) {
	if (!list.length) return element('p', { class: 'quiet' }, t('nomapping'));
	const head = [[t('mapping')], [t('address')], [t('target')], [t('state')], [t('visitors'), true], [t('in'), true], [t('out'), true], [t('total'), true]];
	return table(head, [...list].sort((a, b) => a.name.localeCompare(b.name)).map((m) => row(keyOf(m), m, visitors, name)), { class: steered ? 'mappings steered' : 'mappings' });
}
export const ratesNote = () => t('shows_in');

// What is wrong with it, each as [name, what]. A paused one is as somebody wants it.
export function mappingTroubles(name, m) {
	const list = [];
	if (m.state === 'paused') return list;
	if (m.state === 'error') list.push([name, said(m.error) ?? t('error')]);
	else if (m.reachable?.state === 'no') list.push([name, said(m.reachable.error) ?? t('no')]);
	else if (m.target_state?.state === 'down') list.push([name, `${t('down')}: ${said(m.target_state.error) ?? ''}`]);
	if (m.certificate?.state === 'error') list.push([name, `${t('certificate_error')}: ${said(m.certificate.error) ?? ''}`]);
	return list;
}
