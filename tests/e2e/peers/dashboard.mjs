// The relay's dashboard, used: dashboard.mjs LINK DIRECTORY RELAY-PID AGENT-PID. A join line for account bob is put into DIRECTORY/line, and
// somebody is to bring a home by it. Pictures go to DIRECTORY.
import { writeFileSync } from 'node:fs';
import { check, launch, open, same, tabTo, violations, WAIT } from './playwright.mjs';

const [link, directory, relay, agent] = process.argv.slice(2);
const PAGES = ['homes', 'names', 'accounts', 'traffic', 'listeners', 'events', 'changes'];
const browser = await launch();
const { context, page, said } = await open(browser, { viewport: { width: 1280, height: 900 }, locale: 'en-GB', permissions: ['clipboard-read', 'clipboard-write'] });
const home = (name) => page.locator('article', { has: page.locator('h3', { hasText: name }) });
const shows = (text) => page.getByText(text).first().waitFor();
const go = async (id) => {
	await page.evaluate((hash) => { location.hash = hash; }, `#${id}`);
	await page.waitForFunction((hash) => document.querySelector(`nav a[href="${hash}"]`)?.getAttribute('aria-current') === 'page', `#${id}`);
	await page.locator('main .quiet', { hasText: 'Loading' }).waitFor({ state: 'detached' });
};

// ---- looking

await page.goto(link);
await check('the link leads to the page', () => page.waitForURL((url) => url.pathname === '/' && !url.search));
await check('a home is there', () => home('alice/nas').getByText('attached', { exact: true }).waitFor());
await check('a mapping, as a visitor types it', () => shows('http://blog.alice.home.example.com/'));
await check('one that the relay refused, with the cure', () => shows(/account set alice --ports \+444/));
await check('what is wrong is counted at the tab', () => page.locator('nav .badge').waitFor());
const row = (name) => home('alice/nas').locator('tr', { has: page.getByText(name, { exact: true }) });
const out = async () => row('web').locator('td').nth(6).textContent();
await check('a transfer moves its rate', () => page.waitForFunction(() => [...document.querySelectorAll('article tr')]
	.some((r) => r.querySelector('strong')?.textContent === 'web' && !/^0 B/.test(r.cells[6].textContent)), null, { timeout: WAIT }));
await check('which is a number a second', async () => same(true, /^[\d.]+ [KMG]?B\/s$/.test(await out())));
await check('what a visitor types is copied', async () => {
	await row('web').getByRole('button', { name: /^Copy/ }).click();
	await shows('Copied');
	same('203.0.113.10:8080', await page.evaluate(() => navigator.clipboard.readText()));
});
await check('and drawn', async () => {
	await row('blog').getByRole('button', { name: /^QR/ }).click();
	await page.locator('dialog .qr').screenshot({ path: `${directory}/qr.png` });
	await page.getByRole('button', { name: 'Close' }).click();
	await page.locator('dialog').waitFor({ state: 'detached' });
});
await check('the focus is back where it was', async () => same(true, await row('blog').getByRole('button', { name: /^QR/ }).evaluate((e) => e === document.activeElement)));
await check('who is inside a mapping', async () => {
	await row('talk').getByRole('button', { name: 'Visitors of alice/nas/talk: 1' }).click();
	await page.locator('dialog td', { hasText: '198.51.100.20' }).waitFor();
	await page.screenshot({ path: `${directory}/visitors.png` });
	same([], await violations(page));
});
await check('one is cut off, asked first', async () => {
	await page.locator('dialog').getByRole('button', { name: 'Cut off… 198.51.100.20' }).click();
	await page.getByRole('button', { name: 'Cut off', exact: true }).click();
	await page.locator('dialog').getByText('Nobody is inside now.').waitFor();
	await page.getByRole('button', { name: 'Close' }).click();
	await page.locator('dialog').waitFor({ state: 'detached' });
});
const dialog = page.locator('dialog'), closed = async () => {
	await page.getByRole('button', { name: 'Close' }).click();
	await dialog.waitFor({ state: 'detached' });
};
await check('what a mapping carries: over seconds, minutes, a day', async () => {
	await row('web').getByRole('button', { name: 'Traffic of alice/nas/web' }).click();
	await dialog.getByRole('img', { name: /^Last 24 hours, up to [\d.]+ [KMG]?B\/s in and [\d.]+ [KMG]B\/s out; in all / }).waitFor();
	const cells = (key) => dialog.locator(`tr[data-key=${key}] td`).allTextContents();
	for (const key of ['seconds', 'minutes']) same(true, /^[\d.]+ [KMG]B\/s$/.test((await cells(key))[2]));
	same(true, /^[\d.]+ [MG]B$/.test((await cells('day'))[2]));
	await dialog.locator('svg.bars rect.bar-out').first().waitFor();
	same([], await violations(page));
	await closed();
});
await check('and a home', async () => {
	await home('alice/nas').getByRole('button', { name: 'Traffic of alice/nas', exact: true }).click();
	await dialog.getByRole('img', { name: /^Last 24 hours/ }).waitFor();
	same(0, await dialog.locator('svg.bars').count());
	await closed();
});
await check('one that nobody has used says so', async () => {
	await row('blog').getByRole('button', { name: 'Traffic of alice/nas/blog' }).click();
	await dialog.getByText('Nothing was carried in the last 24 hours.').waitFor();
	await closed();
});
await check('mappings are put away', async () => {
	await home('alice/nas').getByRole('button', { name: /^Hide/ }).click();
	await row('web').waitFor({ state: 'detached' });
	await home('alice/nas').getByRole('button', { name: /^Show/ }).click();
	await row('web').waitFor();
});
await check('the search finds', async () => {
	await page.getByLabel('Search').fill('8080');
	await home('alice/nas').waitFor();
	await page.getByLabel('Search').fill('no such thing');
	await shows('Nothing matches.');
	await page.getByLabel('Search').fill('');
	await home('alice/nas').waitFor();
});
await check('names, and what a router is called is text', async () => {
	await go('names');
	await shows('alice.home.example.com');
	await shows('<img src=x onerror=alert(1)>');
	same(0, await page.locator('img[src="x"]').count());
});
await check('publishers', () => page.locator('main').getByText('serve').first().waitFor());
await check('listeners', async () => {
	await go('listeners');
	await shows('[::]:7000');
});

// ---- by keyboard alone

await check('an account is added by keyboard', async () => {
	await go('homes');
	await page.reload();
	await home('alice/nas').waitFor();
	await tabTo(page, /^Accounts$/);
	await page.keyboard.press('Enter');
	await page.getByRole('button', { name: 'Add an account' }).waitFor();
	await tabTo(page, /^Add an account$/);
	await page.keyboard.press('Enter');
	await page.keyboard.type('bob');
	await page.keyboard.press('Enter');
	await page.locator('dialog .line').waitFor();
	same(true, /^groundnut:\/\/bob:/.test(await page.locator('dialog .line').textContent()));
	await page.keyboard.press('Escape');
	await page.locator('dialog').waitFor({ state: 'detached' });
});
await check('and a machine is invited', async () => {
	await home(/^bob$/).waitFor();
	await tabTo(page, /^Invite… bob$/);
	await page.keyboard.press('Enter');
	await page.keyboard.type('office');
	await page.keyboard.press('Enter');
	await page.locator('dialog .line').waitFor();
	const line = await page.locator('dialog .line').textContent();
	same(true, /^groundnut:\/\/bob:.*&agent=office&invite$/.test(line));
	await page.locator('dialog .qr').screenshot({ path: `${directory}/line.png` });
	writeFileSync(`${directory}/line.new`, line);
	same([], await violations(page));
	await page.keyboard.press('Escape');
});
await check('its line brings a home', async () => {
	await go('homes');
	await home('bob/office').getByText('attached', { exact: true }).waitFor();
});

// ---- by pointer

await check('what is wrong in a form is said in it', async () => {
	await go('accounts');
	await home(/^alice$/).getByRole('button', { name: /^Edit/ }).click();
	await page.getByLabel('Ports').fill('8000-8999, what');
	same([], await violations(page));
	await page.getByRole('button', { name: 'Save' }).click();
	await page.locator('dialog [role=alert]', { hasText: '"what" is not a port' }).waitFor();
});
await check('and mended there', async () => {
	await page.getByLabel('Ports').fill('444, 8000-8999');
	await page.getByLabel('Visitors at once').fill('500');
	await page.getByLabel('Bandwidth').fill('100M');
	await page.getByLabel('Quota a month').fill('500G');
	await page.getByLabel('It begins anew on day').fill('15');
	await page.getByLabel('When it is used').selectOption('slow');
	await page.getByRole('button', { name: 'Save' }).click();
	await page.locator('dialog').getByText('these ports are tcp only').waitFor();
	same([], await violations(page));
	await closed();
	await home(/^alice$/).getByText('up to 500 visitors').waitFor();
	await home(/^alice$/).getByText('100 Mbit/s').waitFor();
	await home(/^alice$/).getByText('quota 500 GB a month').waitFor();
});
await check('in force at once', async () => {
	await go('homes');
	await page.getByText(/account set alice --ports \+444/).first().waitFor({ state: 'detached' });
	await row('low').getByText('open').first().waitFor();
});
await check('a home is cut off, asked twice', async () => {
	process.kill(Number(agent), 'SIGSTOP');
	await home('alice/nas').getByRole('button', { name: /^Cut off/ }).click();
	await page.getByRole('button', { name: 'Cancel' }).click();
	await page.locator('dialog').waitFor({ state: 'detached' });
	await home('alice/nas').getByText('attached', { exact: true }).waitFor();
	await home('alice/nas').getByRole('button', { name: /^Cut off/ }).click();
	same([], await violations(page));
	await page.locator('dialog').getByRole('button', { name: 'Cut off', exact: true }).click();
	await home('alice/nas').getByText('detached', { exact: true }).waitFor();
});
await check('and comes back', async () => {
	process.kill(Number(agent), 'SIGCONT');
	await home('alice/nas').getByText('attached', { exact: true }).waitFor();
	await home('alice/nas').getByText(/resumed/).first().waitFor();
	await home('alice/nas').getByText(/^Last break .+?: the relay's operator cut this agent off; it went on after /).waitFor();
});
await check('an agent is revoked', async () => {
	await go('accounts');
	await home(/^bob$/).getByRole('button', { name: 'Revoke… bob/office' }).click();
	await page.getByRole('button', { name: 'Revoke', exact: true }).click();
	await home(/^bob$/).getByRole('button', { name: 'Revoke… bob/office' }).waitFor({ state: 'detached' });
});
await check('an account is renewed', async () => {
	await home(/^bob$/).getByRole('button', { name: /^Renew/ }).click();
	await page.getByRole('button', { name: 'Renew', exact: true }).click();
	await page.locator('dialog .line', { hasText: 'groundnut://bob:' }).waitFor();
	await page.getByRole('button', { name: 'Close' }).click();
});
await check('and removed', async () => {
	await home(/^bob$/).getByRole('button', { name: /^Remove/ }).click();
	await page.getByRole('button', { name: 'Remove', exact: true }).click();
	await home(/^bob$/).waitFor({ state: 'detached' });
});

await check('what has happened is told as it happens', async () => {
	await go('events');
	const told = (what, about) => page.locator('main tr', { hasText: what }).filter({ hasText: about }).first().waitFor();
	await told('home connected', 'alice/nas');
	await told('mapping open', 'alice/nas · web');
	await told('home removed', 'bob/office');
	await told('home cut off', 'alice/nas, by session');
});
await check('and found', async () => {
	await page.getByLabel('Search').fill('mapping not open');
	await page.locator('main tr', { hasText: 'home connected' }).first().waitFor({ state: 'detached' });
	await page.locator('main tr', { hasText: 'alice/nas · low' }).first().waitFor();
	await page.getByLabel('Search').fill('');
});
await check('what was changed here, with who did', async () => {
	await go('changes');
	await page.locator('main tr', { hasText: 'account changed' }).filter({ hasText: /ports: .* → 444, 8000-8999/ }).filter({ hasText: 'signed in' }).first().waitFor();
	await page.locator('main tr', { hasText: 'account changed' }).filter({ hasText: /quota: .* → 500 GB 15 slow/ }).first().waitFor();
	await page.locator('main tr', { hasText: 'visitor cut off' }).filter({ hasText: '198.51.100.20 of alice/nas/talk' }).first().waitFor();
	await page.locator('main tr', { hasText: 'account removed' }).filter({ hasText: 'bob' }).first().waitFor();
});
await check('a page that is hidden closes its stream', async () => same([true, false], await page.evaluate(async () => {
	const { EventSource: Real } = window, made = [];
	window.EventSource = class extends Real {
		constructor(...given) {
			super(...given);
			made.push(this);
		}
	};
	const hide = (hidden) => {
		Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
		document.dispatchEvent(new Event('visibilitychange'));
	};
	hide(false);
	const before = made.at(-1);
	hide(true);
	const closed = before.readyState === Real.CLOSED;
	hide(false);
	window.EventSource = Real;
	return [closed, made.at(-1).readyState === Real.CLOSED];
})));

await check('what was never checked says so, and why', async () => same(['reach not checked yet', 'the home tries it soon after it connects', 'not used yet'], await page.evaluate(async () => {
	const { reach, target } = await import('./state_words.js'), [words, why] = reach({ state: 'unknown' }).children;
	return [words.textContent, why.textContent, target(undefined).textContent];
})));
await check('a time inside a sentence is that of who looks', async () => same(true, await page.evaluate(async () => {
	const { said } = await import('./sentences.js'), at = new Date().toISOString().replace(/\.\d+/, '');
	return /^too many \(it goes on at [^TZ]*\d\d:\d\d:\d\d\)$/.test(said(`too many (it goes on at ${at})`));
})));

// ---- the page stands still

await check('a list that somebody works in keeps its places', async () => same(['b c', '2', 'a b c'], await page.evaluate(async () => {
	const { element, lay } = await import('./dom.js'), box = element('div');
	document.body.append(box);
	const list = (...keys) => [element('ul', { 'data-list': true }, ...keys.map((k) => element('li', { 'data-key': k }, element('button', {}, k), element('i', {}, `${keys.length}`))))];
	const now = () => [...box.querySelectorAll('button')].map((b) => b.textContent).join(' ');
	lay(box, list('b', 'c'));
	box.querySelector('button').focus();
	document.dispatchEvent(new KeyboardEvent('keydown'));
	lay(box, list('a', 'b'));
	const held = [now(), box.querySelector('i').textContent];
	lay(box, list('a', 'b', 'c'), true);
	const all = [...held, now()];
	box.remove();
	return all;
})));
await check('what is the same stays the same element', async () => same(true, await page.evaluate(async () => {
	const { element, lay } = await import('./dom.js'), box = element('div');
	lay(box, [element('p', {}, 'one'), element('p', {}, 'two')]);
	const [first] = box.children;
	lay(box, [element('p', {}, 'one!'), element('p', { hidden: true }, 'two')]);
	return first === box.firstChild && first.textContent === 'one!' && box.lastChild.hidden;
})));
await check('a lost connection is shown', async () => {
	process.kill(Number(relay), 'SIGSTOP');
	await page.locator('#connection.lost').waitFor();
});
await check('and heals', async () => {
	process.kill(Number(relay), 'SIGCONT');
	await page.locator('#connection:not(.lost)', { hasText: 'live' }).waitFor();
});
// The browser itself tells of requests that were refused, or failed while the relay stood still.
const quietly = () => said.filter((line) => !/Failed to load resource/.test(line));
await check('nothing on the console', () => same([], quietly()));

// ---- as others see it

const state = await context.storageState();
for (const [width, colorScheme, locale] of [[1280, 'light', 'en-GB'], [1280, 'dark', 'zh-CN'], [360, 'light', 'zh-CN'], [360, 'dark', 'en-GB']]) {
	const name = `${width} ${colorScheme} ${locale}`, other = await open(browser, { viewport: { width, height: 800 }, colorScheme, locale, storageState: state });
	await other.page.goto(new URL('/', link).href);
	for (const id of PAGES) await check(`${id}, ${name}`, async () => {
		await other.page.evaluate((hash) => { location.hash = hash; }, `#${id}`);
		await other.page.locator(`nav a[href="#${id}"][aria-current]`).waitFor();
		await other.page.locator(id === 'homes' || id === 'accounts' ? 'main article' : 'main table').first().waitFor();
		await other.page.screenshot({ path: `${directory}/${id}-${width}-${colorScheme}.png`, fullPage: true });
		same([], await violations(other.page));
		same([], await other.page.evaluate(() => (document.documentElement.scrollWidth > innerWidth ? [`${document.documentElement.scrollWidth} wide`] : [])));
	});
	await check(`what a mapping carries, ${name}`, async () => {
		await other.page.evaluate(() => { location.hash = '#homes'; });
		await other.page.locator('button.named', { hasText: /^web$/ }).click();
		await other.page.locator('dialog svg.lines').waitFor();
		await other.page.screenshot({ path: `${directory}/details-${width}-${colorScheme}.png` });
		same([], await violations(other.page));
		same([], await other.page.evaluate(() => (document.documentElement.scrollWidth > innerWidth ? [`${document.documentElement.scrollWidth} wide`] : [])));
		await other.page.keyboard.press('Escape');
	});
	await check(`the language, ${name}`, async () => {
		const zh = locale === 'zh-CN', broke = zh ? /^上次断线 .+?：中继的管理员断开了此代理；[\d.]+ (秒|分)后恢复$/ : /^Last break .+?: the relay's operator cut this agent off; it went on after /;
		await other.page.locator('article p', { hasText: broke }).waitFor();
		await other.page.locator('nav a', { hasText: zh ? '家庭' : 'Homes' }).waitFor();
		await other.page.getByRole('button', { name: zh ? 'English' : '中文' }).click();
		await other.page.locator('nav a', { hasText: zh ? 'Homes' : '家庭' }).waitFor();
	});
	await check(`nothing on the console, ${name}`, () => same([], other.said));
	await other.context.close();
}
await check('signing out', async () => {
	await page.getByRole('button', { name: 'Sign out' }).click();
	await shows('groundnut-relay admin link');
	same([], await violations(page));
});
await check('and nothing on the console', () => same([], quietly()));
await browser.close();
