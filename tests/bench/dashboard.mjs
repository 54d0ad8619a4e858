// The relay's dashboard as one viewer's browser loads it and keeps it up to date: dashboard.mjs LINK LOADS. It loads the page that often, says how
// soon each stood there, then "looking"; on SIGUSR2 it says what the page took of a core since, and ends.
import { check, launch, open, WAIT } from '../e2e/peers/playwright.mjs';

const [link, loads] = process.argv.slice(2);
const browser = await launch();
const { context, page } = await open(browser, { viewport: { width: 1280, height: 900 }, locale: 'en-GB' });
// When homes are in the page, by the clock of its load.
await context.addInitScript(() => new MutationObserver((_, observer) => {
	if (!document.querySelector('article.home')) return;
	observer.disconnect();
	requestAnimationFrame(() => setTimeout(() => { window.homesAt = performance.now(); }));
}).observe(document, { childList: true, subtree: true }));
const shown = async (tab) => {
	await tab.waitForFunction(() => window.homesAt && performance.getEntriesByType('paint').length, null, { timeout: WAIT });
	return tab.evaluate(() => [performance.getEntriesByName('first-contentful-paint')[0].startTime, window.homesAt].map(Math.round));
};
await check('the page comes', async () => {
	await page.goto(link);
	await shown(page);
	for (let i = 0; i < Number(loads); i++) {
		await page.reload();
		const [paint, homes] = await shown(page);
		console.log(`load: painted after ${paint} ms, homes after ${homes} ms`);
	}
});
const debug = await context.newCDPSession(page);
await debug.send('Performance.enable', { timeDomain: 'threadTicks' });
const taken = async () => Object.fromEntries((await debug.send('Performance.getMetrics')).metrics.map((m) => [m.name, m.value])).TaskDuration;
const before = await taken(), begun = performance.now();
console.log('looking');
await new Promise((resolve) => { process.once('SIGUSR2', resolve); });
console.log(`the page itself, in the browser: ${((await taken() - before) / (performance.now() - begun) * 100000).toFixed(1)} % of a core`);
await browser.close();
