// The agent's dashboard, used: agent_dashboard.mjs LINK DIRECTORY. At each step a file of its name is put into DIRECTORY, and it
// goes on when somebody has taken the file away. Pictures go there, too.
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { check, launch, open, same, tabTo, violations } from './playwright.mjs';

const [link, directory] = process.argv.slice(2);
const PAGES = ['home', 'certificates', 'doctor', 'changes'];
const browser = await launch();
const { context, page, said } = await open(browser, { viewport: { width: 1280, height: 900 }, locale: 'en-GB' });
const shows = (text) => page.getByText(text).first().waitFor();
const row = (name) => page.locator('.mappings tr', { has: page.locator('strong', { hasText: new RegExp(`^${name}$`) }) });
const closed = () => page.locator('dialog').waitFor({ state: 'detached' });
const go = async (id) => {
	await page.evaluate((hash) => { location.hash = hash; }, `#${id}`);
	await page.waitForFunction((hash) => document.querySelector(`nav a[href="${hash}"]`)?.getAttribute('aria-current') === 'page', `#${id}`);
	await page.locator('main .quiet', { hasText: 'Loading' }).waitFor({ state: 'detached' });
};
// The browser tells of each answer that is a refusal, and of nothing else.
function refusedOnce() {
	same(['400'], said.splice(0).map((text) => /status of (\d+)/.exec(text)?.[1] ?? text));
}
async function step(name) {
	writeFileSync(`${directory}/${name}`, '');
	while (existsSync(`${directory}/${name}`)) await sleep(50);
}

await page.goto(link);
await check('the link leads to the page', () => page.waitForURL((url) => url.pathname === '/' && !url.search));
await check('the relay is there', () => page.locator('article').getByText('attached', { exact: true }).waitFor());
await check('and a mapping, as a visitor types it', () => row('web').getByText('203.0.113.10:8080').waitFor());

await check('who is inside is shown, with the service', async () => {
	await row('web').getByRole('button', { name: 'Visitors of web: 1' }).waitFor();
	await page.getByRole('button', { name: 'Who is inside' }).click();
	await page.locator('dialog tbody tr', { hasText: 'web' }).getByText('127.0.0.1:80').waitFor();
	same([], await violations(page));
	await page.screenshot({ path: `${directory}/visitors.png` });
});
await check('and cut off, when that is confirmed', async () => {
	await page.locator('dialog').getByRole('button', { name: /^Cut off/ }).click();
	await page.getByText('Its connection is reset').waitFor();
	await page.getByRole('button', { name: 'Cut off', exact: true }).click();
	await page.locator('dialog').getByText('Nobody is inside now.').waitFor();
	await page.getByRole('button', { name: 'Close' }).click();
	await closed();
});
await step('cut');
await check('a mapping is added by keyboard alone', async () => {
	await tabTo(page, /^Add a mapping/);
	await page.keyboard.press('Enter');
	await page.locator('dialog').waitFor();
	await page.keyboard.type('more');
	await page.keyboard.press('Tab');
	await page.keyboard.type('80/tcp');
	await page.keyboard.press('Tab');
	await page.keyboard.type('80');
	await page.keyboard.press('Enter');
	await page.locator('dialog [role=alert]').getByText('say `80`').waitFor();
});
await check('when it is said as `map` wants it', async () => {
	await page.locator('dialog input[name=public]').fill('8081');
	await page.keyboard.press('Enter');
	await closed();
	await row('more').getByText('203.0.113.10:8081').waitFor();
	await row('more').getByText('open', { exact: true }).waitFor();
	refusedOnce();
});
await step('added');
await check('it is changed', async () => {
	await row('more').getByRole('button', { name: 'Change more' }).click();
	await page.locator('dialog summary').click();
	same(['8081', '127.0.0.1:80', 'tcp'], await Promise.all(['[name=public]', '[name=target]', '[name=protocol]'].map((s) => page.locator(`dialog ${s}`).inputValue())));
	await page.locator('dialog [name=bandwidth]').fill('100M');
	await page.locator('dialog [name=allow]').fill('nonsense');
	await page.getByRole('button', { name: 'Save' }).click();
	await page.locator('dialog [role=alert]').getByText('Who may come in: "nonsense" is not a network').waitFor();
	same('true', await page.locator('dialog [name=allow]').getAttribute('aria-invalid'));
	await page.locator('dialog [name=allow]').fill('');
	await page.getByRole('button', { name: 'Save' }).click();
	await closed();
	refusedOnce();
});
await check('and paused', async () => {
	await row('more').getByRole('button', { name: 'Pause more' }).click();
	await page.locator('dialog').getByRole('button', { name: 'Pause' }).click();
	await closed();
	await row('more').getByText('paused', { exact: true }).waitFor();
});
await step('paused');
await check('and goes on', async () => {
	await row('more').getByRole('button', { name: 'Resume more' }).click();
	await row('more').getByText('open', { exact: true }).waitFor();
});
await step('resumed');
await check('and is removed, but not by Escape', async () => {
	await row('more').getByRole('button', { name: 'Remove more' }).click();
	await page.keyboard.press('Escape');
	await closed();
	await row('more').waitFor();
	await row('more').getByRole('button', { name: 'Remove more' }).click();
	await page.locator('dialog').getByRole('button', { name: 'Remove' }).click();
	await closed();
	await page.mouse.move(0, 0);
	await row('more').waitFor({ state: 'detached' });
});
await check('the doctor looks', async () => {
	await go('doctor');
	await page.getByRole('button', { name: 'Look' }).click();
	await page.locator('.findings').getByText('web: open at 203.0.113.10:8080').waitFor();
});
await check('changes are told', async () => {
	await go('changes');
	await shows('mapping removed');
	await shows('signed in');
});
for (const [name, options] of Object.entries({ wide: { width: 1280, height: 900, scheme: 'light' }, phone: { width: 360, height: 740, scheme: 'dark' } })) {
	await page.setViewportSize(options);
	await page.emulateMedia({ colorScheme: options.scheme });
	for (const language of ['en', 'zh-CN']) {
		for (const id of PAGES) {
			await check(`${id}, ${name}, ${language}: axe finds nothing, and nothing is cut off`, async () => {
				await go(id);
				same(language, await page.evaluate(() => document.documentElement.lang));
				same([], await violations(page));
				same(true, await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
			});
			await page.screenshot({ path: `${directory}/${id}-${name}-${language}.png`, fullPage: true });
		}
		await page.locator('#language').click();
	}
}

// Every text of every answer.
const marked = (value) => (typeof value === 'string' ? `${value}<img src=x onerror=alert(1)>` : Array.isArray(value) ? value.map(marked)
	: value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([key, v]) => [key, key === 'state' || key === 'protocol' || key === 'verdict' ? v : marked(v)])) : value);
await context.route(/api\/v1\/(certificates|doctor|audit)$/, async (route) => {
	const answer = await route.fetch();
	await route.fulfill({ response: answer, json: marked(await answer.json()) });
});
await context.route(/api\/v1\/events/, async (route) => {
	const status = await (await context.request.get(new URL('api/v1/status', page.url()).href)).json();
	await route.fulfill({ contentType: 'text/event-stream', body: `event: status\ndata: ${JSON.stringify(marked(status))}\n\n` });
});
await page.reload();
for (const id of PAGES) {
	await check(`${id}: what others chose is text`, async () => {
		await go(id);
		if (id === 'doctor') await page.locator('[data-act=doctor]').click();
		if (id !== 'certificates') await page.locator('main').getByText('<img src=x').first().waitFor();
		same(0, await page.locator('main img').count());
	});
}
await context.unrouteAll({ behavior: 'ignoreErrors' });
await check('the console is silent', async () => same([], said));
await check('signing out leads to the door', async () => {
	await page.locator('#signout').click();
	await shows('groundnut-agent admin link');
});
await browser.close();
