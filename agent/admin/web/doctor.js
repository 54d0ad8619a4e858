// What `doctor` finds, when it is asked.
import { button, element, onAct, table } from './dom.js';
import { get } from './api_client.js';
import { said } from './sentences.js';
import { draw } from './dashboard_frame.js';
import { vocabulary } from './translations.js';

const t = vocabulary({
	look: 'Look', looking: 'Looking…', about: 'Looks from the inside out: the file, the relay, each mapping from outside, each service. It takes some seconds.',
	topic: 'About', verdict: 'Verdict', said: 'Finding', sum: '{1} wrong, {2} unknown, {3} advice, {4} ok', ok: 'ok', advice: 'advice', unknown: 'unknown', wrong: 'wrong',
}, {
	look: '开始检查', looking: '正在检查…', about: '由内而外检查：配置文件、中继、从外网看每个映射、每个服务。需要几秒钟。',
	topic: '项目', verdict: '结果', said: '说明', sum: '错误 {1}，未知 {2}，建议 {3}，正常 {4}',
	configuration: '配置', name: '名称解析', pin: '密钥', token: '令牌', nat: 'NAT', ipv6: 'IPv6', files: '文件', relay: '中继', agent: '代理', clock: '时钟', congestion: '拥塞控制', address: '地址', mapping: '映射', reachable: '可访问', certificate: '证书', target: '服务', descriptors: '描述符', names: '域名', ok: '正常', advice: '建议', unknown: '未知', wrong: '错误',
});

const RANK = ['wrong', 'unknown', 'advice', 'ok']; // what is to be done comes first
const PAINT = { ok: 'well', advice: 'pending', unknown: 'pending', wrong: 'wrong' };
const PATIENCE_MS = 600000; // a service that does not answer takes it three seconds
let looking = false, found, error;
onAct('doctor', async () => {
	if (looking) return;
	looking = true;
	error = undefined;
	draw(true);
	try {
		found = await get('api/v1/doctor', PATIENCE_MS);
	} catch (e) {
		error = e.message;
	}
	looking = false;
	draw(true);
});

const row = (line, i) => ({ key: `${i}`, cells: [t(line.topic), element('span', { class: PAINT[line.verdict] }, t(line.verdict)), said(line.said)] });
const sum = (lines) => t('sum', ...RANK.map((verdict) => lines.filter((line) => line.verdict === verdict).length));

export const doctor = {
	id: 'doctor', words: ['Doctor', '体检'],
	draw({ matches }) {
		const lines = (found ?? []).map((line) => [RANK.indexOf(line.verdict), line]).sort(([a], [b]) => a - b).map(([, line]) => line).filter((line) => matches(line.topic, t(line.topic), line.said, said(line.said)));
		return [
			element('p', { class: 'quiet' }, t('about')),
			element('p', {}, button('doctor', '', t(looking ? 'looking' : 'look'), { class: 'main', 'aria-disabled': looking && 'true' })),
			element('p', { class: 'wrong', role: 'alert', hidden: !error }, error),
			element('p', { role: 'status', hidden: !found }, found ? sum(found) : ''),
			element('div', { class: 'sheet', hidden: !lines.length }, table([[t('topic')], [t('verdict')], [t('said')]], lines.map(row), { class: 'findings' })),
		];
	},
};
