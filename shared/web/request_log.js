// The log of requests: those of the last minutes, the newest first. At the relay of http mappings, at the agent of https mappings.
import { element, table } from './dom.js';
import { breakable, bytes, when } from './format.js';
import { get } from './api_client.js';
import { vocabulary } from './translations.js';

const t = vocabulary({
	time: 'Time', mapping: 'Mapping', request: 'Request', code: 'Code', took: 'Took', in: 'In', out: 'Out', none_yet: 'No request came in the last ten minutes.',
	off: 'Requests are not logged. “"log": {"requests": true}” in the configuration and a reload keep those of the last ten minutes here, in memory only.',
	no_answer: 'none', ms: '{1} ms', s: '{1} s', note: 'Of the last ten minutes, without queries; in memory only.',
}, {
	time: '时间', mapping: '映射', request: '请求', code: '状态码', took: '用时', in: '入', out: '出', none_yet: '最近十分钟没有请求。',
	off: '请求日志未开启。在配置中写入 “"log": {"requests": true}” 并重新加载后，这里会显示最近十分钟的请求（仅保存在内存中）。',
	no_answer: '无', ms: '{1} 毫秒', s: '{1} 秒', note: '最近十分钟的请求，不含查询参数，仅保存在内存中。',
});

const SHOWN = 500;
let known = null;
const who = (r) => (r.account ? `${r.account}/${r.agent}/${r.mapping}` : r.mapping);
const took = (ms) => (ms < 10000 ? t('ms', ms) : t('s', Math.round(ms / 1000)));
const paint = (code) => (code >= 500 || code === 0 ? 'wrong' : code >= 400 ? 'pending' : '');
const row = (r) => ({ key: r.key, cells: [
	when(r.time), breakable(who(r)), [`${r.method} `, ...breakable(r.path)], element('span', { class: paint(r.code) }, r.code ? `${r.code}` : t('no_answer')), took(r.took_ms), bytes(r.bytes_in), bytes(r.bytes_out),
] });

export const requests = {
	id: 'requests', words: ['Requests', '请求'],
	async load() {
		known = await get('api/v1/requests');
		const alike = new Map(); // equal ones are told apart by their number, from the oldest on
		for (const r of known.requests) {
			const key = `${r.time} ${who(r)} ${r.method} ${r.path}`, n = alike.get(key) ?? 0;
			alike.set(key, n + 1);
			r.key = `${key} ${n}`;
		}
		known.requests.reverse().sort((a, b) => b.time.localeCompare(a.time));
	},
	draw({ matches }) {
		if (!known) return [element('p', { class: 'quiet' }, t('loading'))];
		if (!known.on) return [element('p', {}, t('off'))];
		const found = known.requests.filter((r) => matches(who(r), r.method, r.path, r.code)).slice(0, SHOWN);
		if (!found.length) return [element('p', { class: 'quiet' }, t(known.requests.length ? 'nothing' : 'none_yet'))];
		return [
			element('div', { class: 'sheet' }, table([[t('time')], [t('mapping')], [t('request')], [t('code'), true], [t('took'), true], [t('in'), true], [t('out'), true]], found.map(row), { class: 'requests' })),
			element('p', { class: 'quiet' }, t('note')),
		];
	},
};
