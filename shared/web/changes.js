// Who changed what on this page, the newest first.
import { element, table } from './dom.js';
import { time } from './format.js';
import { get } from './server.js';
import { vocabulary } from './words.js';

const t = vocabulary({
	when: 'When', who: 'Who', from: 'From', what: 'What', before: 'Before', after: 'After', session: 'signed in', no_changes: 'Nothing was changed here since the start.',
	about: 'Changes that were made here, since the start; the log has them, too.',
}, {
	when: '时间', who: '谁', from: '来自', what: '操作', before: '之前', after: '之后', session: '已登录用户', no_changes: '启动以来没有在这里修改过。',
	about: '启动以来在这里做的修改；日志里也有。',
});

let known;
const row = (c, i) => ({ key: `${c.at} ${known.length - i}`, cells: [time(c.at), t(c.by), c.from, c.what, c.before ?? '', c.after ?? ''] });

export const changes = {
	id: 'changes', words: ['Changes', '修改记录'],
	async load() {
		known = (await get('api/v1/audit')).audit;
	},
	draw({ matches }) {
		if (!known) return [element('p', { class: 'quiet' }, t('loading'))];
		const found = known.filter((c) => matches(c.by, c.from, c.what, c.before, c.after));
		if (!found.length) return [element('p', { class: 'quiet' }, t(known.length ? 'nothing' : 'no_changes'))];
		return [
			element('p', { class: 'quiet' }, t('about')),
			element('div', { class: 'sheet' }, table(['when', 'who', 'from', 'what', 'before', 'after'].map((word) => [t(word)]), found.map(row))),
		];
	},
};
