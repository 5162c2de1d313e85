// Limits that hold, seen from the console, the SDK, a webhook and a mailbox.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { Portkey } from 'portkey-ai';
import { hydrated, openBrowser, tell, violations } from '../harness/browser.mjs';
import { atLog, openFirstLog, secret, signIn, view } from '../harness/person.mjs';
import { signed, startMailServer, startWebhook } from '../harness/post.mjs';
import { KEY, OWNER, startWorld } from '../harness/world.mjs';

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

/** Calls until the budget refuses, at most so often; the refusal, and how many calls were answered before it. */
async function exceed(apiKey, most = 20) {
  const client = new OpenAI({ apiKey, baseURL: world.base });
  for (let answered = 0; answered < most; answered += 1) {
    try {
      await client.chat.completions.create({ model: '@alpha/gpt-4o-mini', messages, max_tokens: 20 });
    } catch (refused) {
      return { refused, answered };
    }
  }
  return assert.fail('nothing was refused');
}

/** Deliveries after the first `before`, one of each kind in either order. */
async function alerted(name, before) {
  await hook.next(before + 2);
  await mail.next(before + 2);
  const told = hook.got.slice(before);
  assert.ok(told.every((each) => signed(each, SIGNS)), 'each is signed');
  assert.ok(!told.some((each) => signed(each, 'another secret')), 'by this secret alone');
  assert.deepEqual(told.map(({ body }) => body.type).sort(), ['budget.exhausted', 'budget.threshold']);
  for (const { body } of told) {
    assert.deepEqual([body.budget.name, body.budget.type, body.budget.credit_limit], [name, 'tokens', 200]);
  }
  for (const letter of mail.mails.slice(before)) {
    assert.deepEqual(letter.to, ['ops@example.com', 'lead@example.com']);
    assert.match(letter.text, new RegExp(`Subject: Switchyard: the budget ${name}`));
  }
}

for (const theme of ['light', 'dark']) {
  test(`a key made with a budget is refused with 412 once it is used up, and people are told, ${theme}`, () =>
    open(`exceed-${theme}`, async (owner) => {
      const { page, visit } = owner;
      const name = `bounded-${theme}`;
      const before = hook.got.length;
      const found = [];
      const look = async (what) => found.push(...(await violations(page)).map((line) => `${what}: ${line}`));
      await owner.context.addCookies([{ name: 'theme', value: theme, url: world.url }]);
      await signIn(owner, OWNER);
      await visit('/keys?new=1');
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name', { exact: true }).fill(name);
      await dialog.getByLabel('Budget', { exact: true }).selectOption('tokens');
      await dialog.getByLabel('Limit', { exact: true }).fill('200');
      await dialog.getByLabel(/^Alert at/).fill('20');
      await look('the form');
      await dialog.getByRole('button', { name: 'Create key' }).click();
      const key = await secret(page.getByRole('dialog', { name: `Key ${name} is ready` }));
      await look('the secret');
      await page.getByRole('link', { name: 'Done' }).click();
      await page.getByRole('rowheader', { name }).waitFor();

      world.upstream.clear();
      const { refused, answered } = await exceed(key);
      assert.ok(answered > 0, 'what the budget covers is answered');
      assert.equal(world.upstream.calls.length, answered, 'what is refused is not sent, and the SDK does not try again');
      assert.ok(refused instanceof OpenAI.APIError, `${refused}`);
      assert.deepEqual([refused.status, refused.code, refused.type], [412, 'budget_exceeded', 'budget_exceeded']);
      assert.match(refused.message, new RegExp(`The budget of API key ${name} is used up: \\d+ tokens of 200 tokens are left`));
      const again = await new Portkey({ apiKey: key, baseURL: world.base })
        .chat.completions.create({ model: '@alpha/gpt-4o-mini', messages, max_tokens: 200 })
        .catch((error) => error);
      assert.equal(again.status, 412);
      const { budget } = again.error;
      assert.deepEqual([budget.name, budget.type, budget.credit_limit, budget.resets_at], [name, 'tokens', 200, null]);
      assert.equal(budget.spent + budget.left, 200);
      await alerted(name, before);

      await visit('/budgets');
      const row = page.getByRole('row', { name: new RegExp(name) });
      await row.getByText('Calls are refused').waitFor();
      const alerts = page.getByRole('region', { name: 'Alerts' }).getByRole('listitem').filter({ hasText: name });
      assert.equal(await alerts.count(), 2);
      await alerts.first().getByText('sent by webhook').waitFor();
      await alerts.first().getByText('sent by mail').waitFor();
      assert.equal(hook.got.length, before + 2, 'each amount is told once');
      await look('the budgets');

      await row.getByRole('link', { name: `Calls behind ${name}` }).click();
      await page.waitForURL((url) => url.pathname === '/logs');
      await hydrated(page);
      const list = page.getByRole('table', { name: /^Calls/ }).getByRole('row');
      assert.equal(await list.count(), 1 + answered + 2, 'the calls of this key and no others');
      await look('the calls behind it');
      await openFirstLog(owner);
      await page.getByText('412').first().waitFor();
      await page.getByText(`The budget of API key ${name} is used up`, { exact: false }).first().waitFor();
      await view(owner, 'Explain');
      await look('the refused call');
      assert.deepEqual(found, []);
    }));
}

test('with JavaScript off the page says what is spent and left, who was told, and leads to the calls', () =>
  open('paper', async (owner) => {
    const { page, visit } = owner;
    const before = hook.got.length;
    const { apiKeys } = new Portkey({ apiKey: KEY, baseURL: world.base });
    const limit = { type: 'tokens', credit_limit: 200, alert_threshold: 20 };
    const made = await apiKeys.create({ type: 'workspace', 'sub-type': 'service', name: 'on-paper', scopes: ['completions.write'], usage_limits: limit });
    const { answered } = await exceed(made.key);
    await alerted('on-paper', before);
    await signIn(owner, OWNER);
    await visit('/budgets');
    const row = page.getByRole('row', { name: /on-paper/ });
    const [, spent, , left] = (await row.getByRole('cell').allTextContents()).map((text) => Number.parseInt(text, 10));
    assert.ok(spent > 100 && left < 100, `${spent} spent, ${left} left`);
    assert.equal(spent + left, 200);
    assert.match(await row.textContent(), /200 tokens once/);
    await row.getByText('Calls are refused').waitFor();
    const alerts = page.getByRole('region', { name: 'Alerts' }).getByRole('listitem').filter({ hasText: 'on-paper' });
    assert.deepEqual((await alerts.allTextContents()).map((text) => /Used up|Past its alert/.exec(text)[0]).sort(), ['Past its alert', 'Used up']);
    await row.getByRole('link', { name: 'Calls behind on-paper' }).click();
    const statuses = await page.getByRole('table', { name: /^Calls/ }).locator('tbody .status').allTextContents();
    assert.deepEqual(statuses.map((text) => text.trim()), ['412', ...Array(answered).fill('200')]);
    await page.getByRole('table', { name: /^Calls/ }).locator('tbody').getByRole('link').first().click();
    await atLog(owner);
    await page.getByText('is used up', { exact: false }).first().waitFor();
  }, { script: false }));

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
