// The relay's dashboard below a path: dashboard_path.mjs LINK
import { check, launch, open, same } from './playwright.mjs';

const [link] = process.argv.slice(2), below = new URL('./', link).href;
const browser = await launch();
const { page, said } = await open(browser, { locale: 'en-GB' });
const asked = [];
page.on('request', (request) => asked.push(request.url()));

await page.goto(link);
await check('the link leads to the path', () => page.waitForURL(below));
await check('a home is there', () => page.locator('article', { hasText: 'alice/nas' }).getByText('attached', { exact: true }).waitFor());
await check('the page is live', () => page.locator('#connection:not(.lost)', { hasText: 'live' }).waitFor());
await check('an account is added', async () => {
	await page.locator('nav a', { hasText: 'Accounts' }).click();
	await page.getByRole('button', { name: 'Add an account' }).click();
	await page.getByLabel('Name').fill('bob');
	await page.getByRole('button', { name: 'Add', exact: true }).click();
	await page.locator('dialog .line', { hasText: 'groundnut://bob:' }).waitFor();
	await page.getByRole('button', { name: 'Close' }).click();
});
await check('signing out', async () => {
	await page.getByRole('button', { name: 'Sign out' }).click();
	await page.getByText('groundnut-relay admin link').first().waitFor();
});
await check('and in again, by the password', async () => {
	await page.getByLabel('Password').fill('right');
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.locator('article', { hasText: 'alice/nas' }).first().waitFor();
	same(below, page.url().replace(/#.*/, ''));
});
await check('nothing was asked for outside the path', () => same([], asked.filter((url) => !url.startsWith(below) && !url.startsWith('data:'))));
await check('its events came by a stream', () => same(true, asked.some((url) => url.startsWith(`${below}api/v1/events`))));
// The browser itself tells of requests that were refused once nobody was signed in.
await check('nothing on the console', () => same([], said.filter((line) => !/Failed to load resource/.test(line))));
await browser.close();
