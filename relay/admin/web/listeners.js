// What the relay listens on, and its own certificate.
import { element, table } from './dom.js';
import { certificate, state } from './state_words.js';
import { vocabulary } from './translations.js';

const t = vocabulary({
	for: 'For', at: 'Address', own_certificate: 'The relay’s own certificate', for_agents: 'homes', for_http: 'web visitors (http)', for_tls: 'web visitors (https, TLS)',
	for_dns: 'DNS', for_update: 'DDNS clients', for_admin: 'this page, metrics',
}, {
	for: '用途', at: '地址', own_certificate: '中继自己的证书', for_agents: '家庭接入', for_http: '网站访客（http）', for_tls: '网站访客（https、TLS）',
	for_dns: 'DNS', for_update: 'DDNS 客户端', for_admin: '本页面、监控',
});

export const forWhat = (l) => t(`for_${l.for}`);
export const listeners = {
	id: 'listeners', words: ['Listeners', '监听'],
	draw({ status, matches }) {
		const found = status.listeners.filter((l) => matches(forWhat(l), l.at, l.error));
		const rows = found.map((l) => ({ key: `${l.for} ${l.at}`, cells: [forWhat(l), l.at, state(l.state, l.error)] }));
		return [
			element('div', { class: 'sheet' }, table([[t('for')], [t('at')], [t('state')]], rows)),
			element('h2', { hidden: !status.certificate }, t('own_certificate')),
			element('p', { hidden: !status.certificate }, status.certificate?.name ?? '', ' ', certificate(status.certificate)),
		];
	},
};
