// From a figure to the calls behind it: marks, names, tables and files, with scripts and without.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NARROW, WIDE, hydrated, openBrowser, overflow, tell, violations } from '../harness/browser.mjs';
import { signIn } from '../harness/person.mjs';
import { OWNER, allLogs, startWorld } from '../harness/world.mjs';

const HISTORY = { requests: 2_000, days: 2 };
const TABS = ['cost', 'latency', 'tokens', 'errors', 'cache', 'users', 'feedback'];
const MODEL = 'gpt-oss-120b';
/** Counts of calls by status: every call is in it once. */
const REQUESTS = '/analytics?range=7d&tab=users&by=status';
/** What is told apart by, the table's title, a name in it, and what it is of a record. */
const NAMES = [
  ['model', 'By model', MODEL, ({ metrics }) => metrics.ai_model],
  ['meta.team', 'By team', 'search', ({ metrics }) => metrics['metadata.value'][metrics['metadata.key'].indexOf('team')]],
];
let world;
let browser;
/** Every record, and those of one model. */
let records;
let ofModel;

before(async () => {
  world = await startWorld('analytics', { history: HISTORY });
  records = await allLogs(world.base);
  ofModel = records.filter((record) => record.metrics.ai_model === MODEL);
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await world?.end();
});

const open = (name, story, options = {}) => tell(browser, world.url, `analytics-${name}`, options, story);
const chart = (page) => page.locator('.chart').first();
const number = (text) => Number(text.replaceAll(',', ''));
const calls = (page) => page.getByRole('region', { name: 'Calls', exact: true });
const matched = async (page) => number(await calls(page).locator('.sum b').textContent());
const idOf = (href) => new URL(href).pathname.split('/').pop();

/** What the first chart tells: its cells, how many one mark holds, and the total of each. */
async function marks(page) {
  const { cells, mark, readings, pick } = await chart(page).evaluate(({ dataset }) => ({ ...dataset }));
  // Names, then a line a cell: a row is the number of its name and its figure.
  const [names, ...lines] = readings.split('\n').map((line) => line.split('\t'));
  const total = `${names.indexOf('|Total')}:`;
  const totals = lines.map((fields) => number(fields.find((field) => field.startsWith(total))?.slice(total.length) ?? '0'));
  return { count: Number(cells), mark: Number(mark), totals, edges: JSON.parse(pick).edges };
}

/** Where a cell is on the screen. */
async function place(page, cell, count) {
  const hit = chart(page).locator('.hit').first();
  await hit.scrollIntoViewIfNeeded();
  const box = await hit.boundingBox();
  return [box.x + (box.width * (cell + 0.5)) / count, box.y + box.height / 2];
}

/** The ids of all rows of the list, page by page. */
async function listed(page) {
  const seen = new Set();
  for (;;) {
    const links = await calls(page).getByRole('table').locator('tbody th a').evaluateAll((all) => all.map((link) => link.href));
    links.forEach((link) => seen.add(idOf(link)));
    const older = page.getByRole('navigation', { name: 'Pages' }).locator('a', { hasText: 'Older' });
    if ((await older.count()) === 0) {
      return seen;
    }
    const before = page.url();
    await older.click();
    await page.waitForURL((url) => url.href !== before);
    await page.waitForFunction((first) => document.querySelector('.list tbody th a')?.href !== first, links[0]);
  }
}

for (const [what, narrow, list, theme] of [['', '', () => records, 'light'], [', narrowed to a model', `&model=${MODEL}`, () => ofModel, 'dark']]) {
  test(`a click on a mark opens the calls of that mark and no others${what}`, () =>
    open(`click${narrow && '-narrowed'}`, async (guest) => {
      const { page } = guest;
      await guest.context.addCookies([{ name: 'theme', value: theme, url: world.url }]);
      await signIn(guest, OWNER);
      await guest.visit(REQUESTS + narrow);
      const { count, mark, totals, edges } = await marks(page);
      const cell = totals.indexOf(Math.max(...totals));
      const [from, to] = [edges[cell - (cell % mark)], edges[Math.min(cell - (cell % mark) + mark, count)]];
      const behind = list().filter(({ created_at: at }) => Date.parse(at) >= from && Date.parse(at) < to);
      assert.equal(totals[cell], behind.length, 'the mark has as many calls as there are rows');
      assert.ok(behind.length > 10 && behind.length < list().length, `${behind.length} calls`);

      await page.mouse.move(...(await place(page, cell, count)));
      const tip = page.locator('.tip').first();
      assert.equal(number(await tip.locator('.total b').textContent()), totals[cell], 'the crosshair tells it');
      await page.mouse.down();
      await page.mouse.up();
      await page.waitForURL((url) => url.pathname === '/logs');
      await hydrated(page);
      const asked = new URL(page.url()).searchParams;
      assert.deepEqual([asked.get('from'), asked.get('to'), asked.get('model')], [`${from}`, `${to}`, narrow ? MODEL : null]);
      assert.equal(await matched(page), behind.length);
      assert.deepEqual(await violations(page), []);
      assert.deepEqual(await listed(page), new Set(behind.map((record) => record._id)), 'the rows are those calls');
    }));
}

test('the way back from the calls of a mark leads to the chart as it was', () =>
  open('back', async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit(`${REQUESTS}&model=${MODEL}`);
    const { count, totals } = await marks(page);
    await page.mouse.click(...(await place(page, totals.indexOf(Math.max(...totals)), count)));
    await page.waitForURL((url) => url.pathname === '/logs');
    await calls(page).waitFor();
    await page.goBack();
    await page.waitForURL(`**${REQUESTS}&model=${MODEL}`);
    await hydrated(page);
    assert.deepEqual((await marks(page)).totals, totals);
  }));

test('a drag over marks narrows the time of the page, and Back widens it again', () =>
  open('drag', async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit(REQUESTS);
    const { count, mark, totals, edges } = await marks(page);
    const first = totals.findIndex((total) => total > 0);
    const start = first - (first % mark);
    await page.mouse.move(...(await place(page, start, count)));
    await page.mouse.down();
    await page.mouse.move(...(await place(page, start + 2 * mark - 1, count)), { steps: 4 });
    await page.mouse.up();
    await page.waitForURL((url) => url.searchParams.get('range') === 'custom');
    await hydrated(page);
    const asked = new URL(page.url()).searchParams;
    assert.deepEqual([asked.get('from'), asked.get('to')], [`${edges[start]}`, `${edges[Math.min(start + 2 * mark, count)]}`]);
    assert.deepEqual([asked.get('tab'), asked.get('by')], ['users', 'status'], 'the rest of the page is kept');
    const narrowed = await marks(page);
    assert.ok(narrowed.edges.at(0) >= edges[start] && narrowed.edges.at(-1) <= edges[Math.min(start + 2 * mark, count)]);
    await page.goBack();
    await page.waitForURL(`**${REQUESTS}`);
  }));

test('the arrow keys walk a chart and tell each mark, and all charts of the page are about the same', () =>
  open('keys', async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit('/analytics?range=7d&tab=latency');
    const charts = page.locator('.chart');
    assert.equal(await charts.count(), 2);
    await charts.first().locator('.plots').focus();
    await page.keyboard.press('End');
    const told = charts.first().getByRole('status');
    await told.filter({ hasText: 'UTC:' }).waitFor();
    const last = await told.textContent();
    await page.keyboard.press('ArrowLeft');
    await told.filter({ hasNotText: last }).waitFor();
    const moments = await page.locator('.tip p span:first-child').allTextContents();
    assert.equal(moments.length, 2, 'both charts show it');
    assert.equal(new Set(moments).size, 1, moments.join(', '));
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.tip').count(), 0);
  }));

for (const script of [true, false]) {
  const how = script ? 'with scripts' : 'without scripts';

  test(`a name in the table leads to its calls, ${how}`, () =>
    open(`name-${script}`, async (guest) => {
      const { page } = guest;
      await signIn(guest, OWNER);
      for (const [by, title, name, of] of NAMES) {
        await guest.visit(`/analytics?range=7d&tab=users&by=${by}`);
        const table = page.getByRole('table', { name: new RegExp(title) }).last();
        const row = table.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
        const heads = await table.getByRole('columnheader').allTextContents();
        const requests = number(await row.getByRole('cell').nth(heads.findIndex((head) => head.trim() === 'Requests') - 1).textContent());
        const expected = records.filter((record) => of(record) === name).length;
        assert.equal(requests, expected, `${by}: the table's figure`);
        await row.getByRole('link').click();
        await page.waitForURL((url) => url.pathname === '/logs');
        await hydrated(page, script);
        assert.equal(await matched(page), expected, `${by}: the calls behind it`);
      }
    }, { script }));

  test(`the page is narrowed and told apart by its form, ${how}`, () =>
    open(`form-${script}`, async (guest) => {
      const { page } = guest;
      await signIn(guest, OWNER);
      await guest.visit('/analytics?range=7d&tab=users&by=status');
      await page.getByLabel('Narrow', { exact: true }).fill(`model:${MODEL} meta.env=prod`);
      await page.getByLabel('Group by').last().selectOption('key');
      await page.getByRole('button', { name: 'Show' }).click();
      await page.waitForURL((url) => url.searchParams.get('by') === 'key');
      await page.getByRole('heading', { name: 'Requests by key' }).waitFor();
      await hydrated(page, script);
      const prod = (record) => record.metrics['metadata.value'].includes('prod');
      const { totals, mark } = await marks(page);
      const counted = totals.filter((_, cell) => cell % mark === 0).reduce((sum, total) => sum + total, 0);
      assert.equal(counted, ofModel.filter(prod).length);
      await page.getByRole('link', { name: /Remove the filter meta\.env/ }).click();
      await page.waitForURL((url) => !url.searchParams.has('meta'));
      assert.equal(new URL(page.url()).searchParams.get('model'), MODEL, 'the other filter is kept');
    }, { script }));
}

test('with JavaScript off every tab is there: figures, drawing, table and file', () =>
  open('paper', async (guest) => {
    const { page, context } = guest;
    await signIn(guest, OWNER);
    for (const tab of TABS) {
      await guest.visit('/analytics?range=7d');
      await page.getByRole('navigation', { name: 'Analytics' }).getByRole('link', { name: new RegExp(tab, 'i') }).click();
      await page.waitForURL((url) => url.searchParams.get('tab') === tab);
      assert.equal(await page.getByText('Loading').count(), 0, tab);
      assert.ok((await page.locator('.chart .ink svg').count()) > 0, `${tab} is drawn`);
      assert.ok((await page.locator('.stats .stat').count()) > 2, `${tab} has totals`);
      await chart(page).getByText('Show as table').click();
      assert.ok(await chart(page).getByRole('table').isVisible(), `${tab} has a table`);
      assert.ok((await chart(page).getByRole('table').getByRole('row').count()) > 2, `${tab} has rows`);
      const files = await page.getByRole('link', { name: /CSV/ }).evaluateAll((links) => links.map((link) => link.href));
      assert.ok(files.length >= 2, `${tab} is to be had as files`);
      for (const file of files) {
        const answer = await context.request.get(file);
        assert.match(answer.headers()['content-type'], /^text\/csv/, file);
        assert.ok((await answer.text()).trim().split('\n').length > 1, file);
      }
    }
  }, { script: false }));

test('the table of a chart and its file have every call once', () =>
  open('sums', async (guest) => {
    const { page, context } = guest;
    await signIn(guest, OWNER);
    await guest.visit(`${REQUESTS}&compare=no`);
    await chart(page).getByText('Show as table').click();
    const cells = await chart(page).getByRole('table').getByRole('cell').allTextContents();
    const sum = (texts) => texts.map(number).filter(Number.isFinite).reduce((total, each) => total + each, 0);
    assert.equal(sum(cells), records.length);
    const file = await chart(page).getByRole('link', { name: /CSV/ }).getAttribute('href');
    const [head, ...lines] = (await (await context.request.get(file)).text()).trim().split(/\r?\n/);
    const statuses = new Set(records.map((record) => `${record.metrics.response_status_code}`));
    assert.ok([...statuses].every((status) => head.includes(status)), head);
    assert.equal(sum(lines.flatMap((line) => line.split(',').slice(1))), records.length);
  }, { script: false }));

for (const theme of ['light', 'dark']) {
  test(`axe finds nothing on any tab, and nothing scrolls sideways at 390 px, ${theme}`, () =>
    open(`axe-${theme}`, async (guest) => {
      const { page } = guest;
      await guest.context.addCookies([{ name: 'theme', value: theme, url: world.url }]);
      await signIn(guest, OWNER);
      const found = [];
      const look = async (what) => found.push(...(await violations(page)).map((line) => `${what}: ${line}`));
      for (const tab of TABS) {
        await guest.visit(`/analytics?range=7d&tab=${tab}&model=${MODEL}`);
        await chart(page).getByText('Show as table').click();
        await look(tab);
        await page.setViewportSize(NARROW);
        await look(`${tab}, narrow`);
        assert.equal(await overflow(page), 0, tab);
        await page.setViewportSize({ width: 1440, height: 900 });
      }
      assert.deepEqual(found, []);
    }));
}

test('without the period before, the figures of the overview stand where they did', () =>
  open('unpaired', async (guest) => {
    await signIn(guest, OWNER);
    const place = async (path) => {
      await guest.visit(path);
      const figures = await guest.page.locator('.overview-figures').boundingBox();
      const { x, width } = await chart(guest.page).boundingBox();
      return [figures.x, figures.y, figures.width, x, width];
    };
    assert.deepEqual(await place('/?range=7d&compare=no'), await place('/?range=7d'));
  }));

for (const script of [true, false]) {
  test(`the period before is switched off and on, and one sees which, ${script ? 'with scripts' : 'without'}`, () =>
    open(`compare-${script}`, async (guest) => {
      const { page } = guest;
      await signIn(guest, OWNER);
      for (const path of ['/?range=7d', '/analytics?range=7d&tab=tokens']) {
        await guest.visit(path);
        const compare = page.getByRole('main').getByRole('link', { name: 'Compare', exact: true });
        const looks = async (on) => {
          await compare.and(page.locator(on ? '[aria-current="true"]' : ':not([aria-current])')).waitFor();
          return compare.locator('.tick').evaluate((box) => getComputedStyle(box).backgroundColor);
        };
        const on = await looks(true);
        await compare.click();
        await page.waitForURL(/compare=no/);
        await hydrated(page, script);
        assert.notEqual(await looks(false), on, path);
        await compare.click();
        await page.waitForURL((url) => !url.search.includes('compare'));
        await hydrated(page, script);
        assert.equal(await looks(true), on, path);
      }
    }, { script }));
}

test('every tab is in sight at 390 px, and graphs have their file beside their title however long a legend is', () =>
  open('heads', async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    for (const tab of TABS) {
      for (const width of [1440, 1100, 430, NARROW.width]) {
        await page.setViewportSize({ width, height: 900 });
        await guest.visit(`/analytics?range=7d&tab=${tab}&by=model`);
        await page.evaluate(() => document.fonts.ready);
        const heads = await page.locator('.chart > .head').all();
        assert.ok(heads.length > 0, tab);
        for (const head of heads) {
          const [title, file] = [await head.getByRole('heading').boundingBox(), await head.getByRole('link', { name: /CSV/ }).boundingBox()];
          assert.ok(file.y >= title.y && file.y + file.height <= title.y + title.height, `${tab} at ${width}: the file is on another line`);
        }
      }
      const ends = await page.getByRole('navigation', { name: 'Analytics' }).getByRole('link').evaluateAll((all) => all.map((link) => link.getBoundingClientRect().right));
      assert.equal(ends.length, TABS.length);
      assert.ok(Math.max(...ends) <= NARROW.width, `${tab}: ${ends}`);
    }
  }));

test('only what is out of sight waits for the first paint, and nothing in sight moves when it comes', () =>
  open('unpainted', async (guest) => {
    const { page } = guest;
    await page.addInitScript(watchMarks);
    await signIn(guest, OWNER);
    let marked = 0;
    // As high as the style sheet lets something wait, and as the tests usually are.
    for (const [name, highest, ...paths] of [
      ['Overview', 909, '/?range=30d', '/?range=24h&compare=no'],
      ['Analytics', 909, ...TABS.map((tab) => `/analytics?range=7d&tab=${tab}&by=meta._user`)],
      ['Logs', 999, '/logs?range=7d'],
    ]) {
      let waiting = 0;
      for (const path of paths) {
        for (const size of [WIDE, { ...WIDE, height: highest }, { width: 1920, height: highest }, { width: 1280, height: highest }, NARROW]) {
          await page.setViewportSize(size);
          await guest.visit(path);
          marked += await page.evaluate(() => globalThis.marked);
          const found = await page.evaluate(unpainted);
          assert.deepEqual(found.amiss, [], `${path} at ${size.width} by ${size.height}`);
          waiting += found.waiting;
        }
      }
      assert.ok(waiting > 0, `nothing of ${name} waits`);
    }
    assert.ok(marked > 0, 'no page was marked before its first paint');
    await guest.visit('/logs?range=30d#main');
    assert.equal(await page.evaluate(() => globalThis.marked), 0, 'a link leads to what waits');
  }));

/** Runs before a page: counts how often it is marked as one that nobody has seen. */
function watchMarks() {
  globalThis.marked = 0;
  const count = () => (globalThis.marked += 'unpainted' in document.documentElement.dataset ? 1 : 0);
  new MutationObserver(count).observe(document, { attributeFilter: ['data-unpainted'], subtree: true });
}

/** Runs in a page that has come to rest: how many elements would wait, and what of them, or beside them, would be seen. */
function unpainted() {
  const root = document.documentElement;
  const laidOut = (element) => element.getClientRects().length > 0;
  const inSight = ({ top, bottom }) => top < innerHeight && bottom > 0;
  const all = [...document.querySelectorAll('main *')].filter(laidOut).map((element) => ({ element, box: element.getBoundingClientRect() }));
  root.dataset.unpainted = '';
  const waiting = all.filter(({ element }) => !laidOut(element));
  const moved = all.filter(({ element, box }) => {
    const now = element.getBoundingClientRect();
    const same = now.left === box.left && now.top === box.top && now.width === box.width;
    return laidOut(element) && (inSight(box) || inSight(now)) && !same;
  });
  delete root.dataset.unpainted;
  const name = ({ element, box }) => `${element.localName}.${element.className} at ${Math.round(box.top)}`;
  return { waiting: waiting.length, amiss: [...waiting.filter(({ box }) => inSight(box)), ...moved].map(name) };
}
