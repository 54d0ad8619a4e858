// A browser for tests of pages: what it says on its console, and what axe finds, are failures.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.NODE_PATH}/`);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
export const WAIT = 60000 * Number(process.env.SLOW ?? 1);

export async function check(name, fn) {
	try {
		await fn();
		console.log(`ok ${name}`);
	} catch (error) {
		console.log(`FAIL ${name}\n${String(error.message).split('\n').slice(0, 12).join('\n')}`);
	}
}
export function same(wanted, got) {
	if (JSON.stringify(wanted) !== JSON.stringify(got)) throw new Error(`wanted: ${JSON.stringify(wanted)}\ngot:    ${JSON.stringify(got)}`);
}

export const launch = () => chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] });
// A page, and the list of what was said on its console.
export async function open(browser, options) {
	const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options }), page = await context.newPage(), said = [];
	page.setDefaultTimeout(WAIT);
	page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
	page.on('pageerror', (error) => said.push(error.message));
	page.on('dialog', (dialog) => { said.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
	return { context, page, said };
}

// What axe finds, as "rule: element".
export async function violations(page) {
	await page.evaluate(axe); // by the debugger, which the page's policy does not concern
	return page.evaluate(async () => (await window.axe.run(document)).violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 120)} ${n.any[0]?.message ?? ''}`)));
}

// Tab until what has the focus is called so.
export async function tabTo(page, name) {
	const met = [];
	for (let i = 0; i < 100; i++) {
		await page.keyboard.press('Tab');
		const now = await page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent);
		if (name.test(now)) return;
		met.push(now.trim().slice(0, 30));
	}
	throw new Error(`Tab does not come to ${name}: ${met.join(' | ')}`);
}
