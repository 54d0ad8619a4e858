// Who is inside a mapping, or inside any: asked for while this window is open, and at no other time.
import { button, element, lay, onAct, say, table } from './dom.js';
import { closer, form, open } from './dialog.js';
import { bytes, when } from './format.js';
import { ask, get } from './api_client.js';
import { said } from './sentences.js';
import { vocabulary } from './translations.js';

const t = vocabulary({
	title: 'Visitors of {1}', title_all: 'Visitors', mapping: 'Mapping', service: 'Service', from: 'From', since: 'Since', in: 'In', out: 'Out', do: 'Do', nobody: 'Nobody is inside now.', more: '{1} are inside; these are {2} of them.',
	cut: 'Cut off…', cut_title: 'Cut off the visitor from {1}?', cut_verb: 'Cut off', cut_done: 'The visitor from {1} was cut off',
	cut_text: 'Its connection is reset; no other notices. It may come again: “allow” of the mapping, at home, says who may.',
}, {
	title: '{1} 的访客', title_all: '访客', mapping: '映射', service: '服务', from: '来源', since: '开始于', in: '入', out: '出', do: '操作', nobody: '现在没有访客。', more: '共有 {1} 位访客，这里显示其中 {2} 位。',
	cut: '断开…', cut_title: '断开来自 {1} 的访客？', cut_verb: '断开', cut_done: '已断开来自 {1} 的访客',
	cut_text: '它的连接会被重置，其他访客不受影响。它可以再次连接；谁可以访问由家里该映射的 “allow” 决定。',
});

const EVERY_MS = 2000;
let shown; // {query, look()} of the window that is open

// Of one mapping, its name is in the title; at home the service is told, too.
function visitors({ total, visitors: list }, ofAll) {
	const atHome = list.some((v) => v.target), where = [...(ofAll ? [[t('mapping')]] : []), ...(atHome ? [[t('service')]] : [])];
	const row = (v) => ({ key: `${v.id}`, cells: [
		element('strong', {}, v.visitor), ...(ofAll ? [v.mapping] : []), ...(atHome ? [v.target] : []), when(v.since), bytes(v.bytes_in), bytes(v.bytes_out),
		button('visitor-cut', `${v.id}`, t('cut'), { class: 'small', 'data-from': v.visitor, 'aria-label': `${t('cut')} ${v.visitor}` }),
	] });
	if (!list.length) return [element('p', { class: 'quiet' }, t('nobody'))];
	return [
		element('p', { class: 'quiet', hidden: total === list.length }, t('more', total, list.length)),
		element('div', { class: 'sheet' }, table([[t('from')], ...where, [t('since')], [t('in'), true], [t('out'), true], [t('do')]], list.map(row))),
	];
}

// of: "ACCOUNT/AGENT/MAPPING" at the relay, "MAPPING" at home, "" for all.
onAct('visitors', (of = '') => {
	const [mapping, agent, account] = of.split('/').reverse(), box = element('div', {}, element('p', { class: 'quiet' }, t('loading')));
	const query = new URLSearchParams(Object.entries({ account, agent, mapping }).filter(([, value]) => value));
	const look = async (asked = false) => {
		try {
			lay(box, visitors(await get(`api/v1/visitors?${query}`), !mapping), asked);
		} catch (error) {
			lay(box, [element('p', { class: 'wrong' }, said(error.message))]);
		}
	};
	const dialog = open(of ? t('title', of) : t('title_all'), box, element('p', { class: 'buttons' }, closer(t('close')))), timer = setInterval(() => document.hidden || look(), EVERY_MS);
	dialog.classList.add('wide');
	dialog.addEventListener('close', () => clearInterval(timer));
	shown = { query, look };
	look();
});

onAct('visitor-cut', (id, by) => {
	const { query, look } = shown, { from } = by.dataset;
	form(t('cut_title', from), {
		text: t('cut_text'), verb: t('cut_verb'), danger: true,
		send: async () => {
			await ask('POST', `api/v1/visitors/${id}/cut?${query}`);
			say(t('cut_done', from));
			await look(true);
		},
	});
});
