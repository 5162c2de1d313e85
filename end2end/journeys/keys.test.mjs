// A key's form, what it is kept to, and its secrets.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { hydrated, openBrowser, tell, violations } from '../harness/browser.mjs';
import { makeKey, secret, signIn } from '../harness/person.mjs';
import { OWNER, startWorld } from '../harness/world.mjs';

const HOUR = 3_600_000;
let world;
let browser;

before(async () => {
  world = await startWorld('keys');
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await world?.end();
});

const open = (name, story, options = {}) => tell(browser, world.url, `keys-${name}`, options, story);

async function call(key, model = '@alpha/gpt-4o-mini') {
  const answer = await fetch(`${world.base}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'good morning' }] }),
  });
  return { status: answer.status, body: await answer.json() };
}

function ask(apiKey) {
  const client = new OpenAI({ apiKey, baseURL: world.base });
  return client.chat.completions.create({ model: '@alpha/gpt-4o-mini', messages: [{ role: 'user', content: 'good morning' }] });
}

for (const script of [true, false]) {
  const how = script ? 'with scripts' : 'without scripts';
  test(`a key is kept to models, edited, and says so, ${how}`, () =>
    open(`kept-${script}`, async (owner) => {
      const { page, visit } = owner;
      const name = script ? 'kept' : 'paper-kept';
      await signIn(owner, OWNER);
      await visit('/keys?new=1');
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name', { exact: true }).fill(name);
      await dialog.getByLabel(/Allowed models/).fill('@alpha');
      await dialog.getByRole('button', { name: 'Create key' }).click();
      await dialog.getByText('Use models such as').waitFor();
      assert.equal(await dialog.getByLabel('Name', { exact: true }).inputValue(), name, 'what was typed stays');
      await dialog.getByLabel(/Allowed models/).fill('@alpha/gpt-4o*');
      await dialog.getByLabel('@alpha', { exact: true }).check();
      await dialog.getByRole('button', { name: 'Create key' }).click();
      const key = await secret(page.getByRole('dialog', { name: `Key ${name} is ready` }));
      await page.getByRole('link', { name: 'Done' }).click();
      assert.equal((await call(key)).status, 200);
      const refused = await call(key, '@alpha/o1');
      assert.equal(refused.status, 403);
      assert.match(refused.body.error.message, /may call the models @alpha\/gpt-4o\* of the providers @alpha/);

      await page.getByRole('link', { name: `Edit ${name}` }).click();
      await dialog.getByRole('heading', { name: `Edit ${name}` }).waitFor();
      await hydrated(page, script);
      assert.equal(await dialog.getByLabel(/Allowed models/).inputValue(), '@alpha/gpt-4o*');
      await dialog.getByLabel(/Allowed models/).fill('');
      await dialog.getByLabel('Description').fill('for the night');
      await dialog.getByRole('button', { name: 'Save key' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      assert.equal((await call(key, '@alpha/o1')).status, 200);
      await visit('/keys?find=night');
      assert.equal(await page.getByRole('table').getByRole('row').count(), script ? 2 : 3);
    }, { script, expected: [/^422 \/api\/mint_key/] }));
}

for (const script of [true, false]) {
  test(`a key is rotated with an overlap, and the old secret is ended by hand, ${script ? 'with' : 'without'} scripts`, () =>
    open(`rotate-${script}`, async (owner) => {
      const { page } = owner;
      const name = script ? 'turning' : 'turning on paper';
      await signIn(owner, OWNER);
      const before = await makeKey(owner, name);
      assert.equal((await call(before)).status, 200);
      await page.getByRole('link', { name: `Rotate ${name}` }).click();
      const dialog = page.getByRole('dialog', { name: `Rotate ${name}` });
      await dialog.getByText('last used').waitFor();
      await dialog.getByLabel(/goes on for/).selectOption({ label: '7 days' });
      await dialog.getByRole('button', { name: 'Make a new secret' }).click();
      const ready = page.getByRole('dialog', { name: `Key ${name} is ready` });
      const now = await secret(ready);
      await ready.getByText('The secret before it opens until').waitFor();
      await page.getByRole('link', { name: 'Done' }).click();
      assert.notEqual(now, before);
      for (const key of [before, now]) {
        assert.equal((await call(key)).status, 200);
      }
      await page.getByRole('row', { name: new RegExp(`${name}.*Rotating`) }).getByRole('link', { name: `Rotate ${name}` }).click();
      const old = dialog.getByRole('listitem').filter({ hasText: `sy-…${before.slice(-4)}` });
      await old.getByText('last used').waitFor();
      await old.getByRole('button', { name: 'End now' }).click();
      await page.getByRole('row', { name: new RegExp(`${name}.*In use`) }).waitFor();
      const refused = await call(before);
      assert.equal(refused.status, 401);
      assert.equal((await call(now)).status, 200);
    }, { script }));
}

for (const theme of ['light', 'dark']) {
  test(`each secret of a rotating key is known by its own last use, until the old one is ended, ${theme}`, () =>
    open(`secrets-${theme}`, async (owner) => {
      const { page, visit } = owner;
      const name = `two-secrets-${theme}`;
      const found = [];
      const look = async (what) => found.push(...(await violations(page)).map((line) => `${what}: ${line}`));
      await owner.context.addCookies([{ name: 'theme', value: theme, url: world.url }]);
      await signIn(owner, OWNER);
      const old = await makeKey(owner, name);
      const path = await page.getByRole('link', { name: `Rotate ${name}` }).getAttribute('href');
      await visit(path);
      const dialog = page.getByRole('dialog', { name: `Rotate ${name}` });
      const line = (key) => dialog.getByRole('listitem').filter({ hasText: `sy-…${key.slice(-4)}` });
      await line(old).getByText('in force, never used').waitFor();
      await dialog.getByLabel(/goes on for/).selectOption({ label: '1 hour' });
      await dialog.getByRole('button', { name: 'Make a new secret' }).click();
      const now = await secret(page.getByRole('dialog', { name: `Key ${name} is ready` }));
      await look('the new secret');
      await page.getByRole('link', { name: 'Done' }).click();
      await page.getByRole('row', { name: new RegExp(`${name}.*Rotating`) }).waitFor();

      await ask(now);
      await visit(path);
      await line(now).getByText('in force, last used').waitFor();
      await line(old).getByText('never used').waitFor();
      const { ends } = await page.evaluate((tail) => {
        const item = [...document.querySelectorAll('dialog li')].find((each) => each.textContent.includes(tail));
        return { ends: Date.parse(item.querySelector('time').dateTime) };
      }, old.slice(-4));
      assert.ok(Math.abs(ends - Date.now() - HOUR) < HOUR / 30, 'the old one ends within the hour');
      await ask(old);
      await visit(path);
      await line(old).getByText('last used').waitFor();
      await look('both secrets');

      await line(old).getByRole('button', { name: 'End now' }).click();
      await page.getByRole('row', { name: new RegExp(`${name}.*In use`) }).waitFor();
      await assert.rejects(ask(old), (error) => error instanceof OpenAI.AuthenticationError && error.status === 401);
      await ask(now);
      await visit(path);
      assert.equal(await dialog.getByRole('listitem').count(), 1, 'one secret is left');
      assert.deepEqual(found, []);
    }));
}

for (const theme of ['light', 'dark']) {
  test(`axe finds nothing in the dialogs of a key, ${theme}`, () =>
    open(`axe-${theme}`, async (owner) => {
      const { page, visit } = owner;
      await owner.context.addCookies([{ name: 'theme', value: theme, url: world.url }]);
      await signIn(owner, OWNER);
      await makeKey(owner, `looked-at-${theme}`);
      const found = [];
      const link = (act) => page.getByRole('link', { name: `${act} looked-at-${theme}` }).getAttribute('href');
      const paths = ['/keys?new=1', await link('Edit'), await link('Rotate'), await link('Revoke')];
      for (const path of paths) {
        await visit(path);
        found.push(...(await violations(page)).map((line) => `${path}: ${line}`));
      }
      assert.deepEqual(found, []);
    }));
}
