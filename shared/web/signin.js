// The page that lets in: by the password, and by a code where there is a second factor. Without a password only a link does.
import { $, addWords, speak, t } from './parts.js';

addWords({
	en: {
		password: 'Password', code: 'Code of the second factor', signin: 'Sign in', wrong: 'Not the right password or code. A code works once.',
		later: 'Too many wrong passwords came from your network, or too many are waiting. Try again in a minute, or use a link.', lost: 'No answer. Try again.',
		link: 'To sign in without a password, run this on the machine of', opens: ', and open the link that it prints. It works once, within ten minutes.',
		passwd: 'A password to sign in with is set by',
	},
	zh: {
		password: '密码', code: '两步验证码', signin: '登录', wrong: '密码或验证码不正确。每个验证码只能用一次。',
		later: '来自您所在网络的错误密码太多，或等待验证的人太多。请一分钟后再试，或使用链接登录。', lost: '没有响应，请重试。',
		link: '不用密码登录：在这台机器上运行下面的命令：', opens: '，然后打开它打印的链接。链接十分钟内有效，只能用一次。',
		passwd: '设置登录密码的命令：',
	},
});
speak();

let trouble = '';
const tell = (word) => {
	trouble = word;
	$('trouble').textContent = word && t(word);
};
$('language').addEventListener('click', () => tell(trouble));

$('signin').addEventListener('submit', async (event) => {
	event.preventDefault();
	const button = event.submitter ?? $('signin').querySelector('button');
	button.disabled = true;
	tell('');
	try {
		const answer = await fetch('signin', {
			method: 'POST', headers: { 'Content-Type': 'application/json' }, redirect: 'manual',
			body: JSON.stringify({ password: $('password').value, code: $('code').value.replace(/\s/g, '') }),
		});
		if (answer.type === 'opaqueredirect') {
			location.replace('./');
			return;
		}
		tell(answer.status === 401 ? 'wrong' : answer.status === 429 ? 'later' : '');
		if (!trouble) $('trouble').textContent = (await answer.json()).error;
	} catch {
		tell('lost');
	}
	button.disabled = false;
	$('code').value = '';
	$('password').select();
});
