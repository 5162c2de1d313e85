// Calls that belong together: found in the list, drawn as a tree, opened as logs; and why a call took its way.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NARROW, openBrowser, overflow, tell, violations } from '../harness/browser.mjs';
import { atLog, signIn, view } from '../harness/person.mjs';
import { KEY, OWNER, logOf, startWorld } from '../harness/world.mjs';

/** Spans of one trace: name, own id, parent. */
const SPANS = [
  ['support.answer', 'span-1', undefined],
  ['plan', 'span-2', 'span-1'],
  ['write', 'span-3', 'span-1'],
  ['look up', 'span-4', 'span-2'],
];
const TREE = 'order/48 2210';
const DETOUR = 'trace-of-a-detour';
const FALLBACK = {
  strategy: { mode: 'fallback' },
  targets: [
    { name: 'first', provider: '@alpha', override_params: { model: 'broken' } },
    { name: 'second', provider: '@sandbox', override_params: { model: 'echo' } },
  ],
};

let world;
let browser;
let detour;

before(async () => {
  world = await startWorld('traces');
  for (const [name, span, parent] of SPANS) {
    await call('@alpha/gpt-4o-mini', { 'x-portkey-trace-id': TREE, 'x-portkey-span-id': span, 'x-portkey-span-name': name, ...(parent && { 'x-portkey-parent-span-id': parent }) });
  }
  await call('@sandbox/echo', { 'x-portkey-trace-id': 'alone', 'x-portkey-metadata': JSON.stringify({ env: 'staging' }) });
  await call('gpt-4o', { 'x-portkey-trace-id': DETOUR, 'x-portkey-config': JSON.stringify(FALLBACK) });
  detour = (await logOf(world.base, DETOUR))._id;
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await world?.end();
});

async function call(model, headers) {
  const answer = await fetch(`${world.base}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}`, ...headers },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Where is parcel 48-2210?' }] }),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
}

const SPAN_TABLE = { name: 'Spans in the order of start' };
const open = (name, options, story) => tell(browser, world.url, `traces-${name}`, options, story);
const list = (page) => page.getByRole('region', { name: 'Traces' }).getByRole('listitem');

for (const script of [true, false]) {
  test(`a trace is drawn as a tree and leads to its logs, ${script ? 'with' : 'without'} scripts`, () =>
    open(`tree-${script}`, { script }, async (guest) => {
      const { page } = guest;
      await signIn(guest, OWNER);
      await guest.visit('/traces');
      const line = list(page).filter({ hasText: 'support.answer' });
      assert.match(await line.textContent(), /4 calls/);
      await line.getByRole('link').click();
      await page.getByRole('heading', { level: 2, name: 'support.answer' }).waitFor();
      const spans = page.getByRole('table', SPAN_TABLE).getByRole('rowheader');
      const names = await spans.getByRole('link').allTextContents();
      assert.deepEqual(names.map((name) => name.trim()), ['support.answer', 'plan', 'look up', 'write']);

      await spans.getByRole('link', { name: 'look up' }).click();
      await atLog(guest);
      const calls = page.getByRole('table', { name: /^Calls/ }).getByRole('row');
      assert.equal(await calls.count(), SPANS.length + 1, 'the list beside it is the trace');
      await view(guest, 'Metadata');
      await page.getByRole('definition').getByRole('link', { name: TREE }).click();
      await page.getByRole('heading', { level: 2, name: 'support.answer' }).waitFor();
    }));

  test(`traces are filtered by id, name, metadata and size, ${script ? 'with' : 'without'} scripts`, () =>
    open(`filter-${script}`, { script }, async (guest) => {
      const { page } = guest;
      await signIn(guest, OWNER);
      for (const [typed, found] of [['alone', 1], ['name:plan', 1], ['meta.env=staging', 1], ['no-such-trace', 0]]) {
        await guest.visit('/traces');
        await page.getByLabel('Add a filter').fill(typed);
        await page.getByRole('button', { name: 'Filter' }).click();
        await page.getByRole('link', { name: 'Remove the filter' }).waitFor();
        if (found === 0) {
          await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
        }
        await page.waitForFunction((count) => document.querySelectorAll('.trace-list li').length === count, found);
      }
      await page.getByRole('link', { name: 'Clear filters' }).click();
      await list(page).nth(2).waitFor();
      await page.getByRole('link', { name: 'Several calls' }).click();
      await page.waitForFunction(() => document.querySelectorAll('.trace-list li').length === 1);
      await page.reload();
      assert.equal(await list(page).count(), 1, 'the address keeps the filter');
    }));
}

test('attempts of a call stand beneath it in the tree and by themselves in its log', () =>
  open('attempts', {}, async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit(`/traces/${DETOUR}`);
    const rows = page.getByRole('table', SPAN_TABLE).getByRole('rowheader');
    assert.equal(await rows.count(), 3);
    await rows.getByRole('link', { name: 'Attempt 1' }).click();
    await atLog(guest);
    const main = page.locator('main');
    await main.getByText('config.targets[0]').first().waitFor();
    const text = await main.textContent();
    assert.match(text, /broken/);
    assert.match(text, /500/);
    assert.match(text, /config\.targets\[1\]/);
  }));

test('an explanation tells the detour in one sentence and stop by stop', () =>
  open('explain', {}, async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit(`/logs/${detour}?tab=explain`);
    await page.getByText('broken at @alpha answered 500, so echo answered.').waitFor();
    const story = page.getByRole('list', { name: 'What happened to this call, in order' });
    const titles = await story.getByRole('heading').allTextContents();
    assert.deepEqual([titles.at(0), titles.at(-1)], ['Asked for gpt-4o', 'Answered 200']);
    const at = (pattern) => titles.findIndex((title) => pattern.test(title));
    assert.ok(at(/Fallback/) > 0 && at(/Fallback/) < at(/^First: broken answered 500/), titles.join(', '));
    assert.ok(at(/^First/) < at(/^Second: echo answered 200/), titles.join(', '));
    await view(guest, 'Cost');
    await view(guest, 'Explain');
  }));

test('a call without a config says so', () =>
  open('plain', {}, async (guest) => {
    await signIn(guest, OWNER);
    const { _id } = await logOf(world.base, 'alone');
    await guest.visit(`/logs/${_id}?tab=explain`);
    await guest.page.getByText('No config', { exact: false }).first().waitFor();
    await guest.page.getByText('echo at @sandbox answered at the first try.').waitFor();
  }));

test('axe finds nothing and nothing scrolls sideways at 390 px', () =>
  open('narrow', { viewport: NARROW }, async (guest) => {
    await signIn(guest, OWNER);
    const found = [];
    const tabs = ['attempts', 'explain'].map((tab) => `/logs/${detour}?tab=${tab}`);
    for (const path of ['/traces', `/traces/${encodeURIComponent(TREE)}`, `/traces/${DETOUR}`, ...tabs]) {
      await guest.visit(path);
      found.push(...(await violations(guest.page)).map((line) => `${path}: ${line}`));
      assert.equal(await overflow(guest.page), 0, path);
    }
    assert.deepEqual(found, []);
    await guest.visit(`/traces/${DETOUR}`);
    await guest.page.getByRole('link', { name: 'All traces' }).click();
    await list(guest.page).first().waitFor();
  }));
