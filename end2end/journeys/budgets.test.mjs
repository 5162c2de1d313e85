// Limits that hold, seen from the console, the SDK, a webhook and a mailbox.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Portkey } from 'portkey-ai';
import { openBrowser, tell, violations } from '../harness/browser.mjs';
import { secret, signIn } from '../harness/person.mjs';
import { signed, startMailServer, startWebhook } from '../harness/post.mjs';
import { OWNER, startWorld } from '../harness/world.mjs';

const SIGNS = 'signs what end2end is told';
const messages = [{ role: 'user', content: 'good morning' }];
let world;
let browser;
let hook;
let mail;

before(async () => {
  [hook, mail] = await Promise.all([startWebhook(), startMailServer()]);
  const more = `
[alerts]
webhook = "${hook.url}"
webhook_secret = "${SIGNS}"
smtp = "${mail.url}"
from = "switchyard@example.com"
to = ["ops@example.com", "lead@example.com"]
`;
  world = await startWorld('budgets', { more });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await world?.end();
  await hook?.close();
  await mail?.close();
});

const open = (name, story, options = {}) => tell(browser, world.url, `budgets-${name}`, options, story);

/** Calls until the budget refuses, at most so often; the refusal. */
async function exceed(apiKey, most = 20) {
  const client = new Portkey({ apiKey, baseURL: world.base });
  for (let count = 0; count < most; count += 1) {
    try {
      await client.chat.completions.create({ model: '@alpha/gpt-4o-mini', messages, max_tokens: 20 });
    } catch (error) {
      return error;
    }
  }
  return assert.fail('nothing was refused');
}

test('a key made with a budget is refused with 412 once it is used up, and people are told', () =>
  open('exceed', async (owner) => {
    const { page, visit } = owner;
    await signIn(owner, OWNER);
    await visit('/keys?new=1');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('bounded');
    await dialog.getByLabel('Budget', { exact: true }).selectOption('tokens');
    await dialog.getByLabel('Limit', { exact: true }).fill('200');
    await dialog.getByLabel(/^Alert at/).fill('20');
    await dialog.getByRole('button', { name: 'Create key' }).click();
    const key = await secret(page.getByRole('dialog', { name: 'Key bounded is ready' }));
    await page.getByRole('link', { name: 'Done' }).click();

    const refused = await exceed(key);
    assert.equal(refused.status, 412);
    assert.match(refused.message, /bounded/);

    for (const [count, kind] of [[1, 'budget.threshold'], [2, 'budget.exhausted']]) {
      const told = await hook.next(count);
      assert.ok(signed(told, SIGNS), 'it is signed');
      assert.deepEqual([told.body.type, told.body.budget.name, told.body.budget.credit_limit], [kind, 'bounded', 200]);
      const letter = await mail.next(count);
      assert.deepEqual(letter.to, ['ops@example.com', 'lead@example.com']);
      assert.match(letter.text, /Subject: Switchyard: the budget bounded/);
    }
    await visit('/budgets');
    const row = page.getByRole('row', { name: /bounded/ });
    await row.getByText('Calls are refused').waitFor();
    const alerts = page.getByRole('region', { name: 'Alerts' }).getByRole('listitem');
    assert.equal(await alerts.count(), 2);
    await alerts.first().getByText('sent by webhook').waitFor();
    await alerts.first().getByText('sent by mail').waitFor();
    assert.equal(hook.got.length, 2, 'each amount is told once');

    await row.getByRole('link', { name: 'Calls behind bounded' }).click();
    await page.waitForURL((url) => url.pathname === '/logs');
    await page.getByText('412').first().waitFor();
  }));

for (const script of [true, false]) {
  const how = script ? 'with scripts' : 'without scripts';
  test(`a budget is made, edited, reset and removed, ${how}`, () =>
    open(`life-${script}`, async (owner) => {
      const { page, visit } = owner;
      const name = script ? 'team-a' : 'team-b';
      await signIn(owner, OWNER);
      await visit('/budgets?new=budget');
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Whose calls').selectOption('policy');
      await dialog.getByLabel(/^Name/).fill(name);
      await dialog.getByLabel('Limit').fill('nothing');
      await dialog.getByLabel(/^Conditions/).fill(`metadata.team = ${name}`);
      await dialog.getByRole('button', { name: 'Create budget' }).click();
      await dialog.getByText('Use dollars above 0').waitFor();
      await dialog.getByLabel('Limit').fill('1.5');
      await dialog.getByLabel(/^Alert at/).fill('1');
      await dialog.getByRole('button', { name: 'Create budget' }).click();
      const row = page.getByRole('row', { name: new RegExp(name) });
      await row.getByText('$1.50').first().waitFor();
      await row.getByRole('link', { name: `Edit ${name}` }).click();
      await page.getByRole('dialog', { name: `Edit ${name}` }).waitFor();
      assert.equal(await dialog.getByLabel(/^Conditions/).inputValue(), `metadata.team = ${name}`);
      await dialog.getByLabel('Limit').fill('3');
      await dialog.getByRole('button', { name: 'Save budget' }).click();
      await row.getByText('$3 ').first().waitFor();
      await row.getByRole('link', { name: `Reset ${name}` }).click();
      await page.getByRole('button', { name: 'Reset now' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await row.getByRole('link', { name: `Remove ${name}` }).click();
      await page.getByRole('button', { name: 'Remove for good' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      assert.equal(await row.count(), 0);
    }, { script, expected: [/^422 \/api\/put_limit/] }));
}

for (const theme of ['light', 'dark']) {
  test(`axe finds nothing on the page and in its forms, ${theme}`, () =>
    open(`axe-${theme}`, async (owner) => {
      await owner.context.addCookies([{ name: 'theme', value: theme, url: world.url }]);
      await signIn(owner, OWNER);
      const found = [];
      for (const path of ['/budgets', '/budgets?new=budget', '/budgets?new=rate', '/keys']) {
        await owner.visit(path);
        found.push(...(await violations(owner.page)).map((line) => `${path}: ${line}`));
      }
      assert.deepEqual(found, []);
    }));
}
