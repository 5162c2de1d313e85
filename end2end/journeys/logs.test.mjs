// The list of calls: new ones that wait, counts that hold, a walk through what is filtered, values that lead further.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, hydrated, tell, violations } from '../harness/browser.mjs';
import { atLog, signIn, view } from '../harness/person.mjs';
import { KEY, OWNER, allLogs, startWorld } from '../harness/world.mjs';

const HISTORY = { requests: 600, days: 2 };
/** How often the list looks for new calls, milliseconds. */
const LOOK = 2_000;
/** What narrows by a value, how the value is shown, and which records it leaves. */
const VALUES = [
  ['model', 'gpt-oss-120b', ({ metrics }) => metrics.ai_model === 'gpt-oss-120b'],
  ['status', '2xx', ({ metrics }) => metrics.response_status_code < 300],
  ['provider', 'groq', ({ metrics }) => metrics.virtual_key === 'groq'],
  ['config', 'pc-search', ({ metrics }) => metrics.config === 'pc-search'],
  ['key', 'search-prod · sample', ({ metrics }) => metrics.api_key_id === 'sample-search-prod'],
];
let world;
let browser;

before(async () => {
  world = await startWorld('logs', { history: HISTORY });
  await call('the first real one');
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await world?.end();
});

const open = (name, story, options = {}) => tell(browser, world.url, `logs-${name}`, options, story);
const list = (page) => page.getByRole('region', { name: 'Calls', exact: true });
const links = (page) => list(page).getByRole('table').locator('tbody th a');
const ids = async (page) => (await links(page).evaluateAll((all) => all.map((link) => link.href))).map(idOf);
const idOf = (href) => new URL(href).pathname.split('/').pop();
const number = (text) => Number(text.replaceAll(',', ''));
const matched = async (page) => number(await list(page).locator('.sum b').textContent());
const metadata = ({ metrics }, key) => metrics['metadata.value'][metrics['metadata.key'].indexOf(key)];

async function call(content, carried = { env: 'real' }) {
  const answer = await fetch(`${world.base}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'x-portkey-metadata': JSON.stringify(carried) },
    body: JSON.stringify({ model: '@sandbox/echo', messages: [{ role: 'user', content }] }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

/** Why each part of the page that is drawn by itself is, by the browser's account. */
async function layered({ context, page }) {
  await page.evaluate(() => Promise.all(document.getAnimations().map(({ ready }) => ready)));
  await page.evaluate(() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go))));
  const protocol = await context.newCDPSession(page);
  await protocol.send('DOM.enable');
  const layers = new Promise((resolve) => protocol.on('LayerTree.layerTreeDidChange', ({ layers }) => layers && resolve(layers)));
  await protocol.send('LayerTree.enable');
  // A page at rest is told with the next frame that differs.
  await page.locator('h1').evaluate((title) => title.append('.'));
  const drawn = (await layers).filter(({ drawsContent }) => drawsContent);
  const reasons = drawn.map(({ layerId }) => protocol.send('LayerTree.compositingReasons', { layerId }));
  const told = (await Promise.all(reasons)).flatMap(({ compositingReasonIds }) => compositingReasonIds);
  await protocol.detach();
  return told;
}

/** Counts the questions for newer calls. */
function questions(page) {
  const asked = [];
  page.on('request', (request) => new URL(request.url()).pathname.startsWith('/api/newer_logs') && asked.push(request));
  return asked;
}

test('new calls wait behind a button, no row moves, and while it is paused nothing is asked', () =>
  open('live', async (guest) => {
    const { page } = guest;
    await page.clock.install();
    const asked = questions(page);
    await signIn(guest, OWNER);
    await guest.visit('/logs?range=7d');
    const before = await ids(page);
    for (const content of ['one', 'two', 'three']) {
      await call(content);
    }
    const answered = page.waitForResponse((response) => response.url().includes('/api/newer_logs'));
    await page.clock.runFor(LOOK);
    await answered;
    const waiting = list(page).getByRole('button', { name: '3 new' });
    await waiting.waitFor();
    assert.deepEqual(await ids(page), before, 'the rows stay where they are');
    assert.deepEqual(await violations(page), []);

    const live = page.getByRole('button', { name: 'Live' });
    await live.click();
    assert.equal(await live.getAttribute('aria-pressed'), 'false');
    const count = asked.length;
    await call('four');
    await page.clock.runFor(10 * LOOK);
    assert.equal(asked.length, count, 'nothing is asked');
    assert.ok(await waiting.isVisible(), 'what waits goes on waiting');
    await live.click();
    await page.clock.runFor(LOOK);
    await list(page).getByRole('button', { name: '4 new' }).click();
    await page.waitForFunction((first) => !document.querySelector('.list tbody th a')?.href.includes(first), before[0]);
    await hydrated(page);
    const after = await ids(page);
    assert.deepEqual(after.slice(4), before.slice(0, -4), 'the new ones stand above the old ones');
  }));

test('a bar leads to its calls, wherever in its column it is met', () =>
  open('bars', async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit('/logs?range=7d');
    const bars = page.locator('.strip .bars a');
    const titles = await bars.evaluateAll((all) => all.map(({ title }) => title));
    const counts = titles.map((title) => number(title.match(/([\d,]+) calls/)[1]));
    assert.equal(counts.reduce((sum, count) => sum + count), await matched(page));
    const low = counts.indexOf(Math.min(...counts.filter((count) => count > 0)));
    await bars.nth(low).click({ position: { x: 2, y: 1 } });
    await page.waitForURL((url) => url.searchParams.get('range') === 'custom');
    await hydrated(page);
    assert.equal(await matched(page), counts[low]);
  }));

test('what moves by itself on the list needs no paint', () =>
  open('still', async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit('/logs?range=7d');
    const moved = await page.evaluate(() => {
      const loops = document.getAnimations().filter((one) => one instanceof CSSAnimation);
      return loops.flatMap(({ effect }) => effect.getKeyframes().flatMap(Object.keys));
    });
    const about = ['offset', 'computedOffset', 'easing', 'composite'];
    assert.deepEqual([...new Set(moved)].filter((name) => !about.includes(name)).sort(), ['opacity', 'transform']);
    const moving = await layered(guest);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const still = await layered(guest);
    assert.deepEqual(moving.filter((reason) => !still.includes(reason)).sort(), ['ActiveOpacityAnimation', 'ActiveTransformAnimation']);
    assert.equal(moving.length, still.length + 2, `the list is painted in layers of its own: ${moving}`);
  }));

test('only new calls that pass the filter are told', () =>
  open('live-filtered', async (guest) => {
    const { page } = guest;
    await page.clock.install();
    await signIn(guest, OWNER);
    await guest.visit('/logs?range=7d&meta=env=prod');
    await call('not in prod');
    const answered = page.waitForResponse((response) => response.url().includes('/api/newer_logs'));
    await page.clock.runFor(LOOK);
    assert.equal(await (await answered).text(), '0');
    assert.equal(await list(page).getByRole('button', { name: /new$/ }).count(), 0);
  }));

test('j and k walk what is filtered from end to end, the view stays, and Esc leads back to the filter', () =>
  open('walk', async (guest) => {
    const { page } = guest;
    for (const place of ['here', 'there', 'here', 'there', 'here', 'here', 'there']) {
      await call('on the way', { place });
    }
    const expected = (await allLogs(world.base, { metadata: '{"place":"here"}' })).map((record) => record._id);
    assert.equal(expected.length, 4);
    await signIn(guest, OWNER);
    await guest.visit('/logs?range=7d&meta=place=here');
    assert.deepEqual(await ids(page), expected);
    await links(page).first().click();
    await atLog(guest);
    await view(guest, 'Cost');
    const walked = [idOf(page.url())];
    const step = async (key, to) => {
      await page.keyboard.press(key);
      await page.waitForURL((url) => url.pathname === `/logs/${to}`);
      await page.locator(`aside h2[title="${to}"]`).waitFor();
      await hydrated(page);
    };
    for (const id of expected.slice(1)) {
      await step('j', id);
      walked.push(idOf(page.url()));
    }
    assert.deepEqual(walked, expected);
    assert.equal(await page.locator('a[data-key="j"]').count(), 0, 'the oldest has nothing older');
    await step('k', expected.at(-2));
    assert.equal(new URL(page.url()).searchParams.get('tab'), 'cost', 'the view is kept');
    await page.keyboard.press('Escape');
    await page.waitForURL((url) => url.pathname === '/logs' && url.searchParams.get('meta') === 'place=here');
    assert.equal(await matched(page), expected.length);
  }));

test('the list stays where it was scrolled while its calls open one by one, and another list begins at its top', () =>
  open('scrolled', async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit('/logs?range=7d');
    const region = page.getByRole('region', { name: 'Calls, newest first' });
    const top = () => region.evaluate(({ scrollTop }) => scrollTop);
    const low = links(page).nth(40);
    await low.scrollIntoViewIfNeeded();
    const scrolled = await top();
    assert.ok(scrolled > 0, 'the call was below the fold');
    for (const next of [low, links(page).nth(38)]) {
      await next.click();
      await atLog(guest);
      assert.equal(await top(), scrolled);
      await page.getByRole('link', { name: 'Close (Esc)' }).click();
      await page.waitForURL((url) => url.pathname === '/logs');
      await hydrated(page);
      assert.equal(await top(), scrolled);
    }
    await guest.visit('/logs?range=24h');
    assert.equal(await top(), 0);
  }));

for (const script of [true, false]) {
  const how = script ? 'with scripts' : 'without scripts';

  test(`a value's count is how many calls it leaves, and a second click drops it, ${how}`, () =>
    open(`facets-${script}`, async (guest) => {
      const { page } = guest;
      const records = await allLogs(world.base);
      await signIn(guest, OWNER);
      await guest.visit('/logs?range=7d');
      const facets = page.getByRole('complementary', { name: 'Narrow by value' });
      const choice = (text) => facets.getByRole('link').filter({ has: page.getByText(text, { exact: true }) });
      for (const [param, text, kept] of VALUES) {
        const expected = records.filter(kept).length;
        assert.equal(number(await choice(text).locator('.count').textContent()), expected, `${text}: the count`);
        await choice(text).click();
        await page.waitForURL((url) => url.searchParams.has(param));
        await choice(text).and(page.locator('[aria-current="true"]')).waitFor();
        await hydrated(page, script);
        assert.equal(await matched(page), expected, `${text}: the calls`);
        await choice(text).click();
        await page.waitForURL((url) => !url.searchParams.has(param));
        await choice(text).and(page.locator(':not([aria-current])')).waitFor();
        await hydrated(page, script);
      }
      assert.equal(await matched(page), records.length);
    }, { script }));

  test(`what is typed narrows, and what means nothing is told and left in its field, ${how}`, () =>
    open(`typed-${script}`, async (guest) => {
      const { page } = guest;
      const records = await allLogs(world.base);
      await signIn(guest, OWNER);
      await guest.visit('/logs?range=7d');
      const field = page.getByLabel('Add a filter');
      await field.fill('meta.env=prod text:search cost>1');
      await page.getByRole('button', { name: 'Filter' }).click();
      await page.getByRole('alert').filter({ hasText: '“cost>1” is not a filter' }).waitFor();
      await hydrated(page, script);
      assert.equal(await field.inputValue(), 'cost>1', 'what was not understood stays to be mended');
      const passes = (record) => metadata(record, 'env') === 'prod' && record.metrics['metadata.value'].some((value) => value.includes('search'));
      const expected = records.filter(passes).length;
      assert.ok(expected > 0 && expected < records.length);
      assert.equal(await matched(page), expected);
    }, { script }));

  test(`values of a call lead to the calls that share them, ${how}`, () =>
    open(`values-${script}`, async (guest) => {
      const { page } = guest;
      const records = await allLogs(world.base);
      const one = records.find((record) => metadata(record, 'team') === 'web');
      await signIn(guest, OWNER);
      for (const key of ['team', 'env', '_user']) {
        const value = metadata(one, key);
        await guest.visit(`/logs/${one._id}?range=7d`);
        await view(guest, 'Metadata');
        await page.getByRole('definition').getByRole('link', { name: value, exact: true }).click();
        await page.waitForURL((url) => url.pathname === '/logs' && url.searchParams.get('meta') === `${key}=${value}`);
        await page.getByRole('link', { name: 'Remove the filter' }).waitFor();
        await hydrated(page, script);
        assert.equal(await matched(page), records.filter((record) => metadata(record, key) === value).length, key);
      }
    }, { script }));
}

test('the id of a call, and its bodies, are copied as they are', () =>
  open('copy', async (guest) => {
    const { page, context } = guest;
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: world.url });
    await signIn(guest, OWNER);
    const [{ _id }] = (await allLogs(world.base, { metadata: '{"env":"real"}' })).slice(-1);
    await guest.visit(`/logs/${_id}?range=7d&tab=json`);
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    await page.getByRole('button', { name: 'Copy the id' }).click();
    await page.waitForFunction((id) => navigator.clipboard.readText().then((text) => text === id), _id);
    await page.getByRole('button', { name: 'Copy the request' }).click();
    await page.waitForFunction((id) => navigator.clipboard.readText().then((text) => text !== id), _id);
    assert.equal(JSON.parse(await copied()).messages[0].content, 'the first real one');
  }));
