// The playground: columns that stream, are stopped, fail in words, and are logged; a log opened in it; code to take away.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { NARROW, openBrowser, overflow, tell, violations } from '../harness/browser.mjs';
import { openFirstLog, signIn } from '../harness/person.mjs';
import { KEY, OWNER, startWorld } from '../harness/world.mjs';

let world;
let browser;

before(async () => {
  world = await startWorld('playground', { routed: true });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await world?.end();
});

const REFUSED = { expected: [/^(503|422) \/playground\/run$/, /^404 \/playground\/(runs|traces)\//] };
const open = (name, options, story) => tell(browser, world.url, `playground-${name}`, { ...REFUSED, ...options }, story);

const pane = (page, number) => page.getByRole('region', { name: `Column ${number}`, exact: true });
const answer = (page, number) => page.getByRole('region', { name: `Answer ${number}` });
const ask = (page, text) => page.getByLabel('Message', { exact: true }).first().fill(text);
const choose = (page, number, model) => page.getByLabel(`Model of column ${number}`).fill(model);
const run = (page) => page.getByRole('button', { name: /^Run/ }).click();

async function add(page, number, model) {
  await page.getByRole('button', { name: /^Add column/ }).click();
  await choose(page, number, model);
}

test('four columns answer side by side, each a logged call with its figures', () =>
  open('four', {}, async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit('/playground');
    await ask(page, 'Signals at the junction');
    await choose(page, 1, '@sandbox/echo');
    await add(page, 2, '@sandbox/lorem-40-200');
    await add(page, 3, '@sandbox/fail-503');
    await page.getByRole('button', { name: /^Add column/ }).click();
    await page.getByLabel('Config of column 4').selectOption('pc-second');
    assert.ok(await page.getByRole('button', { name: /^Add column/ }).isDisabled());
    await run(page);
    await answer(page, 1).getByText('Signals at the junction').waitFor();
    for (const number of [1, 2, 3, 4]) {
      await pane(page, number).getByRole('link', { name: 'Log' }).waitFor();
    }
    for (const number of [1, 2, 4]) {
      const figures = await pane(page, number).locator('footer').textContent();
      assert.match(figures, /first token .*whole .*tokens \d+ \/ \d+.*cost /, `column ${number}: ${figures}`);
    }
    assert.match(await pane(page, 2).locator('footer').textContent(), /speed [\d,]+ tok\/s/);
    await answer(page, 3).getByText(/^Status 503\./).waitFor();
    const href = await pane(page, 1).getByRole('link', { name: 'Log' }).getAttribute('href');
    const kept = await fetch(`${world.base}/logs/${href.split('/').pop()}`, { headers: { 'x-portkey-api-key': KEY } });
    assert.equal(kept.status, 200);
    assert.match(JSON.stringify(await kept.json()), /Signals at the junction/);
    assert.deepEqual(await violations(page), []);
  }));

test('a column is stopped, keeps what had come, and is logged', () =>
  open('stop', {}, async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit('/playground');
    await choose(page, 1, '@sandbox/lorem-2000-20');
    await run(page);
    await page.waitForFunction(() => document.querySelector('.pane .out .plain')?.textContent.length > 20);
    await page.getByRole('button', { name: 'Stop column 1' }).click();
    await answer(page, 1).getByText('Stopped. What had come is kept.').waitFor();
    await pane(page, 1).getByRole('link', { name: 'Log' }).click();
    await page.getByText('499').first().waitFor();
  }));

test('a column that is stopped before its answer begins says so, and is logged', () =>
  open('stop-early', {}, async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit('/playground');
    await choose(page, 1, '@sandbox/hang');
    await run(page);
    await pane(page, 1).getByText('running').waitFor();
    await page.getByRole('button', { name: 'Stop column 1' }).click();
    await answer(page, 1).getByText('Stopped. Nothing had come yet.').waitFor();
    await pane(page, 1).getByRole('link', { name: 'Log' }).click();
    await page.getByText('499').first().waitFor();
  }));

test('what cannot be sent is told at its field', () =>
  open('refused', {}, async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit('/playground');
    await page.getByLabel('Temperature').fill('warm');
    await run(page);
    await answer(page, 1).getByText(/number such as 0.7/).waitFor();
    assert.equal(await page.getByLabel('Temperature').getAttribute('aria-invalid'), 'true');
    await page.getByLabel('Temperature').fill('0.5');
    await page.keyboard.press('ControlOrMeta+Enter');
    await pane(page, 1).getByRole('link', { name: 'Log' }).waitFor();
    assert.equal(await page.getByLabel('Temperature').getAttribute('aria-invalid'), null);
  }));

test('a tool is called, its arguments shown, and the answer given as the next message', () =>
  open('tools', {}, async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit('/playground');
    await page.getByText('Tools and other parameters').click();
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    await page.getByLabel('Tools').fill(JSON.stringify([{ type: 'function', function: { name: 'weather', parameters: schema } }]));
    await choose(page, 1, '@sandbox/tools');
    await run(page);
    await answer(page, 1).getByText(/^weather .*city/s).waitFor();
    await page.getByRole('button', { name: 'Add a message' }).click();
    assert.equal(await page.getByLabel('Message', { exact: true }).count(), 2);
    await page.reload();
    assert.equal(await page.getByLabel('Message', { exact: true }).count(), 2, 'what was typed is kept');
  }));

test('any log opens in it, and the code it gives runs', () =>
  open('log', {}, async (guest) => {
    const { page } = guest;
    await fetch(`${world.base}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: '@sandbox/echo', messages: [{ role: 'system', content: 'Be kind.' }, { role: 'user', content: "it's from a log" }], temperature: 0.25 }),
    });
    await signIn(guest, OWNER);
    await guest.visit('/logs');
    await openFirstLog(guest);
    await page.getByRole('link', { name: 'Playground' }).last().click();
    await page.waitForURL('**/playground?log=*');
    assert.equal(await page.getByLabel('System').inputValue(), 'Be kind.');
    assert.equal(await page.getByLabel('Message', { exact: true }).inputValue(), "it's from a log");
    assert.equal(await page.getByLabel('Temperature').inputValue(), '0.25');
    await answer(page, 1).getByText("it's from a log").waitFor();
    await page.getByLabel('Temperature').fill('0.75');
    await page.getByText('Copy as code').click();
    const curl = page.getByRole('group', { name: 'curl snippet' });
    await curl.getByText('0.75').waitFor();
    await page.getByLabel('Temperature').fill('0.85');
    await curl.getByText('0.85').waitFor();
    const said = execFileSync('bash', ['-c', (await curl.textContent()).replace('YOUR_API_KEY', KEY)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    assert.equal(JSON.parse(said).choices[0].message.content, "it's from a log");
  }));

test('without scripts a form asks one column, and the page shows the answer', () =>
  open('paper', { script: false }, async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit('/playground');
    await ask(page, 'On paper');
    await choose(page, 1, '@sandbox/echo');
    await run(page);
    await page.waitForURL('**/playground?log=*');
    await answer(page, 1).getByText('On paper').waitFor();
    assert.match(await pane(page, 1).locator('footer').textContent(), /tokens/);
    await page.getByLabel('Longest answer').fill('many');
    await run(page);
    await page.getByText('Enter a whole number of tokens, or nothing.').waitFor();
    assert.equal(await page.getByLabel('Longest answer').inputValue(), 'many', 'what was typed is kept');
  }));

test('at 390 px it stands in one column and runs', () =>
  open('narrow', { viewport: NARROW }, async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit('/playground');
    await run(page);
    await pane(page, 1).getByRole('link', { name: 'Log' }).waitFor();
    assert.equal(await overflow(page), 0);
    assert.deepEqual(await violations(page), []);
  }));
