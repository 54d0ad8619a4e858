// The frame of the dashboard: pages as tabs, the search, the language, and whether the program answers.
//
// A page is {id, words: [English, Chinese], draw(view), load?()}. draw makes its elements of what is known; load, if it has one, asks
// for more than the status when the page is shown and at each look, and the page keeps it. view: {status, wanted, matches(...texts)}.
import { byId, element, lay } from './dom.js';
import { duration } from './format.js';
import { look, watch } from './status_stream.js';
import { ask } from './api_client.js';
import { speak, spoken, vocabulary } from './translations.js';

const t = vocabulary({
	search: 'Search', signout: 'Sign out', skip: 'Skip to the content', live: 'live', lost: 'The program does not answer; trying again…', pages: 'Pages',
	version: '{1} · up {2}', troubled: '{1} needs attention', troubled_many: '{1} need attention',
}, {
	search: '搜索', signout: '退出', skip: '跳到内容', live: '实时', lost: '程序没有响应，正在重试…', pages: '页面',
	version: '{1} · 已运行 {2}', troubled: '{1} 项需要处理', troubled_many: '{1} 项需要处理',
});

const LOAD_MS = 4000; // what only one page asks for is asked for so often
let pages, troubles, status = null, drawnOf, loaded = -LOAD_MS;
const titleOf = (page) => page.words[spoken() === 'zh' ? 1 : 0];
const current = () => pages.find((p) => `#${p.id}` === location.hash) ?? pages[0];

function drawTabs(page) {
	const count = status ? troubles(status).length : 0, first = pages[0];
	const badge = count > 0 && element('span', { class: 'badge', title: t(count === 1 ? 'troubled' : 'troubled_many', count) }, `${count}`);
	lay(byId('pages'), pages.map((p) => element('a', { href: `#${p.id}`, 'aria-current': p === page && 'page' }, titleOf(p), p === first && badge && [' ', badge])));
	byId('pages').setAttribute('aria-label', t('pages'));
}

// asked: somebody did something, so that lists may change under the pointer.
export function draw(asked = false) {
	const page = current(), wanted = byId('search').value.trim().toLowerCase();
	const matches = (...texts) => !wanted || texts.some((x) => String(x ?? '').toLowerCase().includes(wanted));
	drawTabs(page);
	const elements = status ? page.draw({ status, wanted, matches }) : [element('p', { class: 'quiet' }, t('loading'))];
	if (drawnOf !== page) byId('main').replaceChildren();
	drawnOf = page;
	lay(byId('main'), [element('h2', { class: 'away' }, titleOf(page)), ...elements], asked);
	document.title = `${titleOf(page)} · Groundnut`;
	if (status) byId('version').textContent = t('version', status.version, duration(status.uptime_s));
}

async function load(asked = false) {
	const page = current();
	if (!page.load) return;
	loaded = performance.now();
	try {
		await page.load();
	} catch { /* the status says whether the program answers */ }
	if (page === current()) draw(asked);
}

// After something was changed: what is shown is asked for again.
export async function refresh() {
	await Promise.all([look(), load(true)]);
}

function said(language) {
	document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
	for (const e of document.querySelectorAll('[data-text]')) e.textContent = t(e.dataset.text);
	byId('language').textContent = language === 'zh' ? 'English' : '中文';
	byId('language').lang = language === 'zh' ? 'en' : 'zh';
	draw(true);
}

function show(fresh) {
	const connection = byId('connection'), text = t(fresh ? 'live' : 'lost');
	status = fresh ?? status;
	if (connection.textContent !== text) connection.textContent = text;
	connection.classList.toggle('lost', !fresh);
	document.body.classList.toggle('stale', !fresh);
	if (!fresh) return;
	draw();
	if (performance.now() - loaded > LOAD_MS) load();
}

export function start(given) {
	({ pages, troubles } = given);
	byId('language').addEventListener('click', () => {
		speak(spoken() === 'zh' ? 'en' : 'zh');
		said(spoken());
	});
	byId('signout').addEventListener('click', async () => {
		await ask('POST', 'signout').catch(() => {});
		location.reload();
	});
	byId('search').addEventListener('input', () => draw(true));
	addEventListener('hashchange', () => {
		draw(true);
		load(true);
		byId('main').focus({ preventScroll: true });
	});
	said(spoken());
	watch(show);
}
