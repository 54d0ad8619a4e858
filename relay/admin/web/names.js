// Names: what each is to hold, where it points, who wants it so, and how publishing fares; and the publishers themselves.
import { element, table } from './dom.js';
import { time } from './format.js';
import { state } from './state_words.js';
import { vocabulary } from './translations.js';

const t = vocabulary({
	name: 'Name', type: 'Type', wanted: 'Wanted', published: 'Published', source: 'Wanted by', updated: 'Changed', client: 'Last client', publishers: 'Publishers',
	kind: 'Publisher', names_of: 'Names', failing: 'Failing', next_try: 'Next try', last_error: 'Last error', more_names: '{1} names in all; these are the first.',
	source_relay: 'the relay', source_agent: 'the home', source_door: 'a DDNS client', not_published: 'not yet', counted: 'requests: {1}, changes: {2}', nonames: 'There are no names yet.',
}, {
	name: '域名', type: '类型', wanted: '应为', published: '已发布', source: '来源', updated: '更新于', client: '最近的客户端', publishers: '发布渠道',
	kind: '渠道', names_of: '域名数', failing: '失败', next_try: '下次重试', last_error: '最近的错误', more_names: '共 {1} 个域名，这里显示前面的部分。',
	source_relay: '中继', source_agent: '家庭', source_door: 'DDNS 客户端', not_published: '尚未发布', counted: '请求 {1} 次，变更 {2} 次', nonames: '还没有域名。',
});

function publishedAt(n) {
	const behind = n.value !== n.wanted;
	return [element('span', { class: `${behind ? 'pending' : ''} ${n.type === 'A' ? 'keep' : ''}` }, n.value ?? t('not_published')),
		...(n.published ?? []).map((p) => element('span', { class: p.error ? 'why wrong' : 'why' },
			p.error ? `${p.kind}: ${p.error}${p.next_try ? ` (${t('next_try')}: ${time(p.next_try)})` : ''}` : p.kind))];
}

const row = (n) => ({ key: `${n.name} ${n.type}`, cells: [
	element('strong', {}, n.name), element('span', { class: 'keep' }, n.type), element('span', { class: n.type === 'A' ? 'keep' : '' }, n.wanted ?? ''), publishedAt(n), t(`source_${n.source}`),
	[n.client ?? '', n.answer ? ` → ${n.answer}` : '', n.requests ? element('span', { class: 'why' }, t('counted', n.requests, n.changes)) : null], time(n.updated),
] });

// Of each publisher: names, those that fail, the last error, the next try.
function publishers(list) {
	const found = new Map();
	for (const n of list) for (const p of n.published ?? []) {
		const one = found.get(p.kind) ?? { names: 0, failing: 0 };
		one.names++;
		if (p.error) {
			one.failing++;
			one.error = p.error;
			if (p.next_try && !(one.next < p.next_try)) one.next = p.next_try;
		}
		found.set(p.kind, one);
	}
	return [...found].sort(([a], [b]) => a.localeCompare(b)).map(([kind, p]) => ({ key: kind, cells: [
		element('strong', {}, kind), `${p.names}`, `${p.failing}`, p.error ? element('span', { class: 'wrong' }, p.error) : '', time(p.next),
	] }));
}

export const names = {
	id: 'names', words: ['Names', '域名'],
	draw({ status, matches }) {
		const found = status.names.filter((n) => matches(n.name, n.wanted, n.value, n.client)).sort((a, b) => a.name.localeCompare(b.name) || a.type.localeCompare(b.type));
		const by = publishers(status.names);
		return [
			found.length ? element('div', { class: 'sheet' }, table([[t('name')], [t('type')], [t('wanted')], [t('published')], [t('source')], [t('client')], [t('updated')]], found.map(row)))
				: element('p', { class: 'quiet' }, t(status.names.length ? 'nothing' : 'nonames')),
			element('p', { class: 'quiet' }, status.more ? t('more_names', status.more.names) : ''),
			element('h2', { hidden: !by.length }, t('publishers')),
			element('div', { class: 'sheet', hidden: !by.length }, table([[t('kind')], [t('names_of'), true], [t('failing'), true], [t('last_error')], [t('next_try')]], by)),
		];
	},
};
