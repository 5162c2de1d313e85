// The keyboard's reach: the palette, jumps, the page's search, the sheet of keys.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hydrated, openBrowser, tell, violations } from '../harness/browser.mjs';
import { signIn } from '../harness/person.mjs';
import { sendTraffic } from '../harness/traffic.mjs';
import { KEY, OWNER, startWorld } from '../harness/world.mjs';

let world;
let browser;

before(async () => {
  world = await startWorld('palette', { routed: true });
  await sendTraffic(world.base, 10);
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await world?.end();
});

const open = (name, story) =>
  tell(browser, world.url, `palette-${name}`, {}, async (guest) => {
    await signIn(guest, OWNER);
    await story(guest);
  });

const palette = (page) => page.getByRole('dialog', { name: 'Search', exact: true });
const focused = (page) => page.evaluate(() => document.activeElement.getAttribute('href') ?? document.activeElement.tagName);

async function go(page, words) {
  await page.keyboard.press('ControlOrMeta+k');
  await palette(page).waitFor();
  await page.keyboard.type(words);
}

test('a page, an act and a config are reached by the keyboard alone', () =>
  open('reach', async ({ page }) => {
    await go(page, 'provid');
    await palette(page).getByRole('option', { name: /^Providers/ }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Providers' }).waitFor();
    await go(page, 'new api');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'New key' }).waitFor();
    await hydrated(page);
    await page.keyboard.press('Escape');
    await page.waitForURL((url) => url.pathname === '/keys' && url.search === '');
    await hydrated(page);
    await go(page, 'pc-second');
    await palette(page).getByRole('option', { name: /pc-second/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/configs/pc-second');
  }));

test('a log is found by the beginning of its id', () =>
  open('log', async ({ page }) => {
    const list = await fetch(`${world.base}/logs?page_size=1`, { headers: { authorization: `Bearer ${KEY}` } });
    const [log] = (await list.json()).data;
    await go(page, log._id.slice(0, 30));
    const found = palette(page).getByRole('option', { name: log._id });
    await found.first().waitFor();
    assert.equal(await found.first().getAttribute('aria-selected'), 'true');
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/logs/${log._id}`);
    await go(page, 'nothing is called so');
    await palette(page).getByText(/^Nothing is called/).waitFor();
    await page.keyboard.press('Escape');
    await palette(page).waitFor({ state: 'hidden' });
    assert.ok(page.url().includes(log._id), 'Esc closed the palette, not the log');
  }));

test('the focus goes back to where it was', () =>
  open('focus', async (guest) => {
    const { page } = guest;
    await guest.visit('/keys');
    const opener = page.getByRole('main').getByRole('link', { name: 'New key' }).first();
    await opener.focus();
    await page.keyboard.press('ControlOrMeta+k');
    await page.keyboard.press('Escape');
    assert.equal(await focused(page), '/keys?new=1');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'New key' }).waitFor();
    await hydrated(page);
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.activeElement.getAttribute('href') === '/keys?new=1');
  }));

test('g and a letter goes to a page, / to its search, ? shows the keys', () =>
  open('keys', async (guest) => {
    const { page } = guest;
    await page.keyboard.press('g');
    await page.keyboard.press('l');
    await page.waitForURL('**/logs');
    await hydrated(page);
    await page.keyboard.press('/');
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Add a filter');
    await page.keyboard.type('g k');
    assert.ok(page.url().endsWith('/logs'), 'what is typed into a field is no jump');
    await page.getByRole('heading', { level: 1 }).click();
    await page.keyboard.press('?');
    const sheet = page.getByRole('dialog', { name: 'Keyboard' });
    await sheet.getByText('Search pages, acts and ids').waitFor();
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: /^Search/ }).first().click();
    await palette(page).waitFor();
  }));
