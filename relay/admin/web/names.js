// Names: what each is to hold, where it points, who wants it so, and how publishing fares; and the publishers themselves.
import { element, table } from './dom.js';
import { breakable, time, when } from './format.js';
import { said } from './sentences.js';
import { vocabulary } from './translations.js';

const t = vocabulary({
	name: 'Name', type: 'Type', wanted: 'Wanted', published: 'Published', source: 'Wanted by', updated: 'Changed', client: 'Last client',
	kind: 'Publisher', names_of: 'Names', failing: 'Failing', next_try: 'Next try', last_error: 'Last error', more_names: '{1} names in all; these are the first.',
	source_relay: 'the relay', source_agent: 'the home', source_door: 'a DDNS client', not_published: 'not yet', not_wanted: 'no address', fails: '{1} fails', fails_so: '{1}: {2}', again: '; next try {1}', counted: 'requests: {1}, changes: {2}', nonames: 'There are no names yet.',
}, {
	name: '域名', type: '类型', wanted: '应为', published: '已发布', source: '来源', updated: '更新于', client: '最近的客户端',
	kind: '渠道', names_of: '域名数', failing: '失败', next_try: '下次重试', last_error: '最近的错误', more_names: '共 {1} 个域名，这里显示前面的部分。',
	source_relay: '中继', source_agent: '家庭', source_door: 'DDNS 客户端', not_published: '尚未发布', not_wanted: '无地址', fails: '{1} 失败', fails_so: '{1}：{2}', again: '；{1} 重试', counted: '请求 {1} 次，变更 {2} 次', nonames: '还没有域名。',
});

// An error that is all the publisher's is told in full once, at the publisher.
function trouble(p, errors) {
	const again = p.next_try && t('again', time(p.next_try));
	if (errors.get(p.kind) === p.error) return element('span', { class: 'why wrong', title: said(p.error) }, t('fails', p.kind), again);
	return element('span', { class: 'why wrong' }, t('fails_so', p.kind, said(p.error)), again);
}
function publishedAt(n, errors) {
	const list = n.published ?? [], good = list.filter((p) => !p.error).map((p) => p.kind).join(', ');
	return [element('span', { class: n.value === n.wanted ? '' : 'pending' }, ...breakable(n.value ?? (n.wanted ? t('not_published') : ''))),
		good && n.value && element('span', { class: 'why quiet' }, good), ...list.filter((p) => p.error).map((p) => trouble(p, errors))];
}

const row = (n, errors) => ({ key: `${n.name} ${n.type}`, cells: [
	element('strong', {}, ...breakable(n.name)), element('span', { class: 'keep' }, n.type), n.wanted ? breakable(n.wanted) : element('span', { class: 'quiet' }, t('not_wanted')), publishedAt(n, errors), t(`source_${n.source}`),
	[n.client ?? '', n.answer ? ` → ${n.answer}` : '', n.requests ? element('span', { class: 'why quiet' }, t('counted', n.requests, n.changes)) : null], when(n.updated),
] });

// Of each publisher: names, those that fail, the last error, the next try.
function publishersOf(list) {
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
	return [...found].sort(([a], [b]) => a.localeCompare(b));
}
const publisher = ([kind, p]) => ({ key: kind, cells: [
	element('strong', {}, kind), `${p.names}`, `${p.failing}`, p.error ? element('span', { class: 'wrong' }, said(p.error)) : '', when(p.next),
] });

export const names = {
	id: 'names', words: ['Names', '域名'],
	draw({ status, matches }) {
		const found = status.names.filter((n) => matches(n.name, n.wanted, n.value, n.client)).sort((a, b) => a.name.localeCompare(b.name) || a.type.localeCompare(b.type));
		const publishers = publishersOf(status.names), errors = new Map(publishers.map(([kind, p]) => [kind, p.error]));
		return [
			element('div', { class: 'sheet', hidden: !publishers.length }, table([[t('kind')], [t('names_of'), true], [t('failing'), true], [t('last_error')], [t('next_try')]], publishers.map(publisher), { class: 'publishers' })),
			found.length ? element('div', { class: 'sheet' }, table([[t('name')], [t('type')], [t('wanted')], [t('published')], [t('source')], [t('client')], [t('updated')]], found.map((n) => row(n, errors)), { class: 'names' }))
				: element('p', { class: 'quiet' }, t(status.names.length ? 'nothing' : 'nonames')),
			element('p', { class: 'quiet' }, status.more ? t('more_names', status.more.names) : ''),
		];
	},
};
