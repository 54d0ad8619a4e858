// The certificates of https mappings.
import { button, element, onAct, say, table } from './dom.js';
import { form } from './dialog.js';
import { breakable, date, when } from './format.js';
import { ask, get } from './api_client.js';
import { certificate } from './state_words.js';
import { refresh } from './dashboard_frame.js';
import { vocabulary } from './translations.js';

const t = vocabulary({
	name: 'Mapping', host: 'Host', since: 'Since', issuer: 'Issuer', next_try: 'Next try', acts: 'Do', renew: 'Order anew', renew_title: 'Order a new certificate for {1}?',
	renew_text: 'A CA gives only so many a week. The one in use stays until the new one is there.', renewed: 'A new certificate for {1} is ordered',
	no_certificates: 'No mapping has a certificate of its own; those of https mappings do.',
}, {
	name: '映射', host: '域名', since: '自', issuer: '颁发者', next_try: '下次尝试', acts: '操作', renew: '重新申请', renew_title: '为 {1} 申请新证书？',
	renew_text: '证书颁发机构每周只给有限的数量。新证书到来之前，现有证书继续使用。', renewed: '已为 {1} 申请新证书',
	no_certificates: '没有使用独立证书的映射；https 映射才有。',
});

let known;
onAct('certificate-renew', (name) => form(t('renew_title', name), {
	text: t('renew_text'), verb: t('renew'),
	send: async () => {
		await ask('POST', `api/v1/certificates/${encodeURIComponent(name)}`);
		say(t('renewed', name));
		refresh();
	},
}));

const row = (c) => ({ key: c.name, cells: [
	element('strong', {}, c.name), breakable(c.host ?? ''), certificate(c), date(c.not_before), c.issuer ?? '', when(c.next_try),
	button('certificate-renew', c.name, t('renew'), { class: 'small', 'aria-label': `${t('renew')} ${c.name}` }),
] });

export const certificates = {
	id: 'certificates', words: ['Certificates', '证书'],
	async load() {
		known = (await get('api/v1/certificates')).certificates;
	},
	draw({ matches }) {
		if (!known) return [element('p', { class: 'quiet' }, t('loading'))];
		const found = known.filter((c) => matches(c.name, c.host, c.issuer));
		if (!found.length) return [element('p', { class: 'quiet' }, t(known.length ? 'nothing' : 'no_certificates'))];
		const head = ['name', 'host', 'state', 'since', 'issuer', 'next_try', 'acts'].map((word) => [t(word)]);
		return [element('div', { class: 'sheet' }, table(head, found.map(row)))];
	},
};
