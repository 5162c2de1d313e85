// The console with JavaScript off.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, tell } from '../harness/browser.mjs';
import { PAGES, addProvider, chooseTheme, follow, makeKey, openFirstLog, signIn, signOut, trySignIn, view } from '../harness/person.mjs';
import { sendTraffic } from '../harness/traffic.mjs';
import { OWNER, startWorld } from '../harness/world.mjs';

let world;
let browser;

before(async () => {
  world = await startWorld('no-script');
  await sendTraffic(world.base, 24);
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await world?.end();
});

const open = (name, story) => tell(browser, world.url, `no-script-${name}`, { script: false }, story);

test('a wrong password is told on the page', () =>
  open('refused', async (guest) => {
    await trySignIn(guest, { ...OWNER, password: 'not the password' });
    await guest.page.getByRole('alert').first().waitFor();
  }));

test('every page of the rail shows its data', () =>
  open('pages', async (guest) => {
    await signIn(guest, OWNER);
    for (const [name] of PAGES) {
      await follow(guest, name);
      assert.equal(await guest.page.getByText('Loading').count(), 0, name);
    }
    await signOut(guest);
  }));

test('logs are filtered by a form, paged by links and opened', () =>
  open('logs', async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit('/logs?status=4xx');
    const rows = page.getByRole('table').first().getByRole('row');
    assert.ok((await rows.count()) > 1);
    for (const text of (await rows.allTextContents()).slice(1)) {
      assert.match(text, /429/);
    }
    await page.getByLabel('Add a filter').fill('trace:no-such-trace');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByRole('heading', { name: 'No call matches' }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get('status'), '4xx', 'the filter before it is kept');
    await page.getByRole('link', { name: 'Clear filters' }).click();
    // Which call is the newest is chance: several are sent at a time.
    await page.getByRole('complementary', { name: 'Narrow by value' }).getByRole('link', { name: /2xx/ }).click();
    await page.waitForURL((url) => url.searchParams.get('status') === '2xx');
    await openFirstLog(guest);
    await page.getByText('goods yard').first().waitFor();
    await view(guest, 'JSON');
    assert.match(await page.locator('main').textContent(), /"choices"/);
  }));

test('a new key is shown once', () =>
  open('key', async (guest) => {
    await signIn(guest, OWNER);
    const key = await makeKey(guest, 'paper');
    const answer = await fetch(`${world.base}/models`, { headers: { authorization: `Bearer ${key}` } });
    assert.equal(answer.status, 200);
    await guest.visit('/keys');
    const again = await guest.page.content();
    assert.ok(!again.includes(key), 'it is not shown again');
    assert.match(again, /paper/);
  }));

test('a provider is connected, and its key is never shown', () =>
  open('provider', async (guest) => {
    await signIn(guest, OWNER);
    const key = 'sk-typed-by-a-person-0001';
    await addProvider(guest, { vendor: 'openai', slug: 'beta', key, base: world.upstream.base });
    assert.ok(!(await guest.page.content()).includes(key));
  }));

test('the theme is chosen', () =>
  open('theme', async (guest) => {
    await signIn(guest, OWNER);
    await chooseTheme(guest, 'Dark');
    assert.equal(await guest.page.locator('html').getAttribute('data-theme'), 'dark');
    await guest.visit('/keys');
    assert.equal(await guest.page.locator('html').getAttribute('data-theme'), 'dark');
  }));
