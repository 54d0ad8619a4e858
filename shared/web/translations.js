// What the page says, in English and Chinese. A module has a vocabulary of its own, and all of them have the common words.

const common = {
	en: {
		cancel: 'Cancel', close: 'Close', copy: 'Copy', copy_of: 'Copy {1}', qr: 'QR', qr_of: 'QR code of {1}', nothing: 'Nothing matches.', loading: 'Loading…', state: 'State',
		attached: 'attached', detached: 'detached', connecting: 'connecting', open: 'open', error: 'error', pending: 'pending', paused: 'paused',
		up: 'service up', down: 'service down', yes: 'reachable', no: 'not reachable',
		valid: 'certificate until {1}', certificate_pending: 'certificate pending', certificate_error: 'no certificate',
	},
	zh: {
		cancel: '取消', close: '关闭', copy: '复制', copy_of: '复制 {1}', qr: '二维码', qr_of: '{1} 的二维码', nothing: '没有匹配的内容。', loading: '正在加载…', state: '状态',
		attached: '在线', detached: '离线', connecting: '正在连接', open: '开放', error: '错误', pending: '等待', paused: '暂停',
		up: '服务正常', down: '服务无响应', yes: '可访问', no: '外网访问不到',
		valid: '证书有效至 {1}', certificate_pending: '证书申请中', certificate_error: '没有证书',
	},
};

const kept = localStorage.getItem('language');
let language = kept === 'en' || kept === 'zh' ? kept : navigator.language.startsWith('zh') ? 'zh' : 'en';
export const spoken = () => language;
export const locale = () => (language === 'zh' ? 'zh-CN' : 'en-GB');
export function speak(other) {
	language = other;
	localStorage.setItem('language', other);
}

// A word may come from a peer: "constructor" is none of a table's own.
const entry = (table, word) => (Object.hasOwn(table, word) ? table[word] : undefined);

// t(word, …) of a module: {1}, {2} … in the text are the other arguments. A word that is not there is said as it is.
export function vocabulary(en = {}, zh = {}) {
	const own = { en, zh };
	return (word, ...values) => String(entry(own[language], word) ?? entry(common[language], word) ?? word).replace(/\{(\d)\}/g, (_, n) => values[n - 1] ?? '');
}
