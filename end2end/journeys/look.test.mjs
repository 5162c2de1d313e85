// Both themes, both widths, and what axe says of every page.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NARROW, openBrowser, overflow, tell, violations } from '../harness/browser.mjs';
import { PAGES, chooseTheme, signIn } from '../harness/person.mjs';
import { sendTraffic } from '../harness/traffic.mjs';
import { KEY, OWNER, startWorld } from '../harness/world.mjs';

let world;
let browser;
let inside;

before(async () => {
  world = await startWorld('look');
  await sendTraffic(world.base, 60);
  const list = await fetch(`${world.base}/logs?page_size=1`, { headers: { authorization: `Bearer ${KEY}` } });
  const [log] = (await list.json()).data;
  const trace = `/traces/${encodeURIComponent(log.metrics.trace_id)}`;
  const asides = [trace, '/traces?name=none', '/first-steps', '/keys?new=1', '/providers?connect=openai', '/models?add=1', '/models?price=@alpha/gpt-4o&find=gpt-4o', '/settings/transfer', '/reference', '/logs?trace=none', '/analytics?tab=feedback', '/nowhere'];
  const details = ['chat', 'json', 'attempts', 'explain', 'cost', 'headers', 'metadata'].map((tab) => `/logs/${log._id}?tab=${tab}`);
  asides.push(`/playground?log=${log._id}`);
  inside = [...PAGES.map(([, path]) => path), ...asides, ...details];
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await world?.end();
});

const MISSING = { expected: [/^404 \/nowhere$/] };
const open = (name, options, story) => tell(browser, world.url, `look-${name}`, { ...MISSING, ...options }, story);

test('dark is chosen by a switch, kept, and rendered by the server', () =>
  open('dark', {}, async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await chooseTheme(guest, 'Dark');
    assert.notEqual(await ground(), light);
    const html = await (await guest.visit('/keys')).text();
    assert.match(html, /<html[^>]*data-theme="dark"/);
    await chooseTheme(guest, 'Light');
    assert.match(await (await guest.visit('/keys')).text(), /<html[^>]*data-theme="light"/);
  }));

for (const theme of ['light', 'dark']) {
  for (const [width, viewport] of [['wide', undefined], ['narrow', NARROW]]) {
    test(`axe finds nothing on any page, ${theme} and ${width}`, () =>
      open(`axe-${theme}-${width}`, viewport ? { viewport } : {}, async (guest) => {
        await guest.context.addCookies([{ name: 'theme', value: theme, url: world.url }]);
        const found = [];
        const look = async (path) => {
          await guest.visit(path);
          found.push(...(await violations(guest.page)).map((line) => `${path}: ${line}`));
        };
        await look('/sign-in');
        await look('/sign-up');
        await signIn(guest, OWNER);
        for (const path of inside) {
          await look(path);
        }
        assert.deepEqual(found, []);
      }));
  }
}

test('at 390 px no page scrolls sideways, and the bar is at the foot', () =>
  open('narrow', { viewport: NARROW }, async (guest) => {
    await guest.visit('/sign-in');
    assert.equal(await overflow(guest.page), 0, '/sign-in');
    await signIn(guest, OWNER);
    for (const path of inside) {
      await guest.visit(path);
      assert.equal(await overflow(guest.page), 0, path);
    }
    await guest.visit('/');
    const bar = guest.page.getByRole('navigation', { name: 'Main, short' });
    const box = await bar.boundingBox();
    assert.equal(Math.round(box.y + box.height), NARROW.height);
    await bar.getByRole('link', { name: 'Logs' }).click();
    await guest.page.waitForURL('**/logs');
  }));

test('the keyboard reaches the contents and shows where it is', () =>
  open('keyboard', {}, async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit('/keys');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'Skip to content');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  }));

test('every page carries the policy, and no script without a nonce', () =>
  open('policy', {}, async (guest) => {
    await signIn(guest, OWNER);
    for (const path of ['/sign-in', ...inside]) {
      const response = await guest.context.request.get(path);
      const policy = response.headers()['content-security-policy'] ?? '';
      assert.match(policy, /default-src 'none'/, path);
      assert.doesNotMatch(policy.match(/script-src [^;]*/)[0], /unsafe-inline|unsafe-eval'(?<!wasm-unsafe-eval')/, path);
      const bare = (await response.text()).match(/<script(?![^>]*\snonce=)[^>]*>/g) ?? [];
      assert.deepEqual(bare.filter((tag) => !/type="application\/json"/.test(tag)), [], path);
    }
  }));
