// The page that lets in: by the password, and by a code where there is a second factor. Without a password only a link does.
import { byId } from './dom.js';
import { speak, spoken, vocabulary } from './translations.js';

const t = vocabulary({
	password: 'Password', code: 'Code of the second factor', signin: 'Sign in', wrong: 'Not the right password or code. A code works once, and after ten wrong ones only one a minute is looked at.',
	later: 'Too many wrong passwords came from your network, or too many are waiting. Try again in a minute, or use a link.', lost: 'No answer. Try again.',
	link: 'To sign in without a password, run this on the machine of', opens: ', and open the link that it prints. It works once, within ten minutes.',
	passwd: 'A password to sign in with is set by',
}, {
	password: '密码', code: '两步验证码', signin: '登录', wrong: '密码或验证码不正确。每个验证码只能用一次；错误十次后每分钟只验证一次。',
	later: '来自您所在网络的错误密码太多，或等待验证的人太多。请一分钟后再试，或使用链接登录。', lost: '没有响应，请重试。',
	link: '不用密码登录：在运行', opens: ' 的机器上执行下面的命令，然后打开它打印的链接。链接十分钟内有效，只能用一次。',
	passwd: '设置登录密码的命令：',
});

let trouble = '';
const tell = (word) => {
	trouble = word;
	byId('trouble').textContent = word && t(word);
};
// Puts in the words of the language.
function say() {
	document.documentElement.lang = spoken() === 'zh' ? 'zh-CN' : 'en';
	for (const e of document.querySelectorAll('[data-text]')) e.textContent = t(e.dataset.text);
	byId('language').textContent = spoken() === 'zh' ? 'English' : '中文';
	byId('language').lang = spoken() === 'zh' ? 'en' : 'zh';
	tell(trouble);
}
byId('language').addEventListener('click', () => {
	speak(spoken() === 'zh' ? 'en' : 'zh');
	say();
});
say();

byId('signin').addEventListener('submit', async (event) => {
	event.preventDefault();
	const button = event.submitter ?? byId('signin').querySelector('button');
	button.disabled = true;
	tell('');
	try {
		const answer = await fetch('signin', {
			method: 'POST', headers: { 'Content-Type': 'application/json' }, redirect: 'manual',
			body: JSON.stringify({ password: byId('password').value, code: byId('code').value.replace(/\s/g, '') }),
		});
		if (answer.type === 'opaqueredirect') {
			location.replace('./');
			return;
		}
		tell(answer.status === 401 ? 'wrong' : answer.status === 429 ? 'later' : '');
		if (!trouble) byId('trouble').textContent = (await answer.json()).error;
	} catch {
		tell('lost');
	}
	button.disabled = false;
	byId('code').value = '';
	byId('password').select();
});
