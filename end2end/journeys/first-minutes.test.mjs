// From an empty folder to a first call that is answered, logged and charted.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { openBrowser, tell } from '../harness/browser.mjs';
import { atLog, openFirstLog, secret, signIn, signUp, view } from '../harness/person.mjs';
import { folder, startServer } from '../harness/server.mjs';

const ADA = { email: 'ada@example.com', password: 'correct horse battery staple' };
const run = promisify(execFile);
let home;
let server;
let browser;
/** Made by the first test, used by the others. */
let key;

before(async () => {
  home = folder();
  server = await startServer({ name: 'first-minutes', home: home.path });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  home?.remove();
});

const open = (name, story, options = {}) => tell(browser, server.url, name, options, story);

test('a new person signs up, makes a key, runs the shown curl and sees it land', () =>
  open('first-minutes', async (ada) => {
    const { page } = ada;
    await ada.visit('/');
    assert.match(page.url(), /\/sign-(in|up)$/);

    await signUp(ada, ADA);
    await page.getByRole('button', { name: 'Create key' }).click();
    key = await secret(page);

    await page.getByText('Waiting for the first request').waitFor();
    const command = await page.getByLabel('curl snippet').textContent();
    assert.ok(command.includes(key), 'the key is filled in');
    assert.ok(command.includes(`${server.base}/chat/completions`), 'the address is filled in');
    const { stdout } = await run('sh', ['-c', command]);
    const answer = JSON.parse(stdout);
    assert.match(answer.choices[0].message.content, /hello/i);

    await page.getByText('The first request landed').waitFor();
    await page.getByRole('link', { name: 'Open its log' }).click();
    await atLog(ada);
    await page.getByText('Say hello from the yard').first().waitFor();
    await view(ada, 'JSON');
    const bodies = await page.locator('main').textContent();
    assert.match(bodies, /"messages"/);
    assert.match(bodies, /"choices"/);
    assert.ok(!bodies.includes(key), 'the key is not in its log');
  }));

test('the overview shows the call, and moves with the next ones', () =>
  open('overview-moves', async (ada) => {
    const { page } = ada;
    await signIn(ada, ADA);
    const drawn = async () => {
      await ada.visit('/?range=1h');
      return page.locator('main .ink svg').evaluateAll((charts) => charts.map((chart) => chart.innerHTML));
    };
    const before = await drawn();
    await Promise.all(Array.from({ length: 5 }, () => say('once more')));
    const after = await drawn();
    assert.ok(before.length > 0, 'there are charts');
    assert.notDeepEqual(after, before);
  }));

test('the sandbox rehearses an outage, and its row says what failed', () =>
  open('outage', async (ada) => {
    const { page } = ada;
    const answer = await say('are you there', '@sandbox/fail-503');
    assert.equal(answer.status, 503);
    await signIn(ada, ADA);
    await ada.visit('/logs?status=5xx');
    await openFirstLog(ada);
    await page.getByText('503').first().waitFor();
  }));

function say(content, model = '@sandbox/echo') {
  return fetch(`${server.base}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content }] }),
  });
}
