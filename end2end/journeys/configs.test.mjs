// The config console: build by mouse, build by keyboard, try, publish, edit, compare, roll back, call.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { NARROW, hydrated, openBrowser, overflow, tell, violations } from '../harness/browser.mjs';
import { signIn } from '../harness/person.mjs';
import { KEY, OWNER, startWorld } from '../harness/world.mjs';

/** Conditional, a fallback within it, load balanced within that; with retries and a cache. */
const WANTED = {
  strategy: {
    mode: 'conditional',
    conditions: [{ query: { 'metadata.plan': { $eq: 'paid' } }, then: 'premium' }],
    default: 'standard',
  },
  targets: [
    { provider: '@alpha', override_params: { model: 'gpt-4o-mini' }, name: 'standard' },
    {
      strategy: { mode: 'fallback', on_status_codes: [429, 500, 503] },
      targets: [
        { provider: '@alpha', override_params: { model: 'gpt-4o-mini' } },
        {
          strategy: { mode: 'loadbalance' },
          targets: [
            { provider: '@alpha', weight: 0.7 },
            { provider: '@alpha', weight: 0.3 },
          ],
        },
      ],
      name: 'premium',
    },
  ],
  cache: { mode: 'simple', max_age: 3600 },
  retry: { attempts: 2 },
};
const SETTLED = 30_000;

let world;
let browser;
let slug;

before(async () => {
  world = await startWorld('configs');
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await world?.end();
});

const open = (name, story, options = {}) => tell(browser, world.url, `configs-${name}`, options, story);

/** Makes a config that begins blank and opens its editor. */
async function begin(guest, name) {
  const { page, visit } = guest;
  await visit('/configs/new');
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByRole('radio', { name: /^Blank/ }).check();
  await page.getByRole('button', { name: 'Create draft' }).click();
  await page.waitForURL(/\/configs\/pc-/);
  await page.getByLabel('The config as JSON').waitFor();
  await hydrated(page, guest.script);
  return new URL(page.url()).pathname.split('/').at(-1);
}

const text = (page) => page.getByLabel('The config as JSON').inputValue();

/** Without regard to the order of keys. */
async function says(page, wanted) {
  assert.deepEqual(JSON.parse(await text(page)), wanted);
}

async function saved(page) {
  await page.getByText('Draft saved').first().waitFor();
}

/** How an act is done: by pointer, or by keys alone. */
const MOUSE = {
  press: (locator) => locator.click(),
  type: (locator, value) => locator.fill(value),
  choose: (locator, value) => locator.selectOption(value),
  pick: (group, value) => group.locator(`label:has([value="${value}"])`).click(),
};
const KEYS = {
  async press(locator) {
    await locator.focus();
    await locator.press('Enter');
  },
  async type(locator, value) {
    await locator.focus();
    await locator.press('ControlOrMeta+a');
    await locator.page().keyboard.type(value);
  },
  async choose(locator, value) {
    await locator.focus();
    // A closed list takes arrow keys; each step is a choice.
    await locator.press('Home');
    for (let step = 0; step < 80 && (await locator.inputValue()) !== value; step += 1) {
      await locator.press('ArrowDown');
    }
    assert.equal(await locator.inputValue(), value);
  },
  async pick(group, value) {
    const chosen = group.locator('input:checked');
    await chosen.focus();
    for (let step = 0; step < 10 && (await chosen.inputValue()) !== value; step += 1) {
      await chosen.press('ArrowRight');
    }
    assert.equal(await chosen.inputValue(), value);
  },
};

const field = (page, path) => page.locator(`[id="f-${path}"]`);
const adder = (page, path, object) => page.locator(`[id="a-${path}-${object}"]`);
const line = (page, path) => page.locator(`[id="t-${path}"]`);

/** Adds a setting of the list that the node offers. */
async function add(page, hand, path, object, key) {
  const list = adder(page, path, object);
  await hand.choose(list, key);
  await hand.press(list.locator('xpath=..').getByRole('button', { name: 'Add', exact: true }));
}

async function build(page, hand) {
  const { press, type, choose, pick } = hand;
  await press(page.getByRole('button', { name: 'Route over several targets' }));
  await pick(field(page, 'strategy.mode'), 'conditional');
  await press(line(page, 'targets[0]'));
  await type(field(page, 'targets[0].override_params.model'), 'gpt-4o-mini');
  await type(field(page, 'targets[0].name'), 'standard');
  await press(page.getByRole('button', { name: 'Group', exact: true }).last());
  await type(field(page, 'targets[1].name'), 'premium');
  await add(page, hand, 'targets[1].strategy', 'strategy', 'on_status_codes');
  await type(field(page, 'targets[1].strategy.on_status_codes'), '429, 500, 503');
  await press(line(page, 'targets[1].targets[0]'));
  await type(field(page, 'targets[1].targets[0].provider'), '@alpha');
  await type(field(page, 'targets[1].targets[0].override_params.model'), 'gpt-4o-mini');
  const inner = page.getByRole('list', { name: 'Targets of targets[1]', exact: true }).locator('xpath=..');
  await press(inner.getByRole('button', { name: 'Group', exact: true }).last());
  await pick(field(page, 'targets[1].targets[1].strategy.mode'), 'loadbalance');
  const deep = page.getByRole('list', { name: 'Targets of targets[1].targets[1]', exact: true }).locator('xpath=..');
  await press(deep.getByRole('button', { name: 'Target', exact: true }));
  await press(line(page, 'targets[1].targets[1].targets[0]'));
  for (const [at, weight] of [[0, '0.7'], [1, '0.3']]) {
    await type(field(page, `targets[1].targets[1].targets[${at}].provider`), '@alpha');
    await type(field(page, `targets[1].targets[1].targets[${at}].weight`), weight);
  }
  await press(page.getByRole('button', { name: 'Condition', exact: true }));
  await type(page.getByLabel('Value of condition 1'), 'paid');
  await choose(field(page, 'strategy.conditions[0].then'), 'premium');
  await choose(field(page, 'strategy.default'), 'standard');
  await add(page, hand, '', 'node', 'retry');
  await type(field(page, 'retry.attempts'), '2');
  await add(page, hand, '', 'node', 'cache');
  await type(field(page, 'cache.max_age'), '3600');
}

for (const [name, hand] of [['mouse', MOUSE], ['keyboard', KEYS]]) {
  test(`a config of three levels is built with the ${name}`, { timeout: 180_000 }, () =>
    open(name, async (guest) => {
      const { page } = guest;
      await signIn(guest, OWNER);
      slug = await begin(guest, `built by ${name}`);
      await build(page, hand);
      await says(page, WANTED);
      assert.equal(await page.getByText(/^\d+ errors?$/).count(), 0);
      await saved(page);
      await page.reload();
      await hydrated(page);
      await says(page, WANTED);
    }));
}

test('a try with the first target made to fail shows that the fallback holds', () =>
  open('try', async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit(`/configs/${slug}`);
    await page.locator('#metadata').fill('{"plan": "paid"}');
    await page.locator('[id="chaos-targets[1].targets[0]"]').selectOption('503');
    await page.getByRole('button', { name: 'Dry run' }).click();
    await page.getByText('Nothing was sent.').waitFor();
    await page.getByText('Condition 1 is true').waitFor();
    assert.equal(await page.locator('.tracks.broad .pf.lit').count(), 1);
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('The call was answered.').waitFor();
    await page.getByText(/answered 503/).first().waitFor();
  }));

test('it is published, edited, compared, rolled back, and called by its id', { timeout: 120_000 }, () =>
  open('publish', async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit(`/configs/${slug}`);
    await publish(page, 1, 'Three levels');
    const area = page.getByLabel('The config as JSON');
    await guest.visit(`/configs/${slug}`);
    await area.fill((await text(page)).replace('"attempts": 2', '"attempts": 1'));
    await saved(page);
    await publish(page, 2, 'One retry');
    await guest.visit(`/configs/${slug}/versions?old=1&new=2`);
    const diff = page.getByRole('region', { name: /line by line/ });
    assert.match(await diff.locator('.del').textContent(), /"attempts": 2/);
    assert.match(await diff.locator('.ins').textContent(), /"attempts": 1/);
    await guest.visit(`/configs/${slug}/versions?new=1`);
    await page.getByRole('button', { name: 'Roll back to v1' }).click();
    await page.locator('.vlist .live', { hasText: 'v3' }).waitFor({ timeout: SETTLED });
    const client = new OpenAI({ apiKey: KEY, baseURL: world.base, defaultHeaders: { 'x-portkey-config': slug, 'x-portkey-metadata': '{"plan":"paid"}' } });
    const answer = await client.chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hello yard' }] });
    assert.match(answer.choices[0].message.content, /hello yard/);
  }));

async function publish(page, number, note) {
  await page.getByRole('link', { name: `Publish v${number}` }).click();
  const dialog = page.getByRole('dialog', { name: `Publish v${number}` });
  await dialog.getByLabel('Note').fill(note);
  await dialog.getByRole('button', { name: 'Publish' }).click();
  await page.waitForURL(/\/versions/);
  await page.getByText(note).first().waitFor();
}

test('an edit after a try puts its route out, and what is no metadata is told', () =>
  open('stale', async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await begin(guest, 'tried');
    const area = page.getByLabel('The config as JSON');
    await area.fill('{"strategy": {"mode": "fallback"}, "targets": [{"name": "one", "provider": "@alpha"}, {"name": "two", "provider": "@alpha"}]}');
    await page.locator('#metadata').fill('{bad');
    await page.getByText('Use a JSON object such as').waitFor();
    assert.equal(await page.locator('#metadata').getAttribute('aria-invalid'), 'true');
    await page.locator('#metadata').fill('');
    await page.getByRole('button', { name: 'Dry run' }).click();
    await page.getByText('Nothing was sent.').waitFor();
    assert.equal(await page.locator('.tracks.broad .pf.lit').count(), 1);
    await line(page, 'targets[0]').press('Alt+ArrowDown');
    await page.getByText('This was before the last change.').waitFor();
    assert.equal(await page.locator('.tracks.broad .pf.lit').count(), 0);
    await saved(page);
  }));

test('by keys and by pointer targets go where they are put', () =>
  open('moves', async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await begin(guest, 'moved');
    const group = { strategy: { mode: 'fallback' }, targets: [{ provider: '@beta' }] };
    const targets = [group, { provider: '@alpha' }, { provider: '@gamma' }];
    const area = page.getByLabel('The config as JSON');
    const order = async () => JSON.parse(await text(page)).targets.map((target) => target.provider ?? target.targets.map((inner) => inner.provider));
    await area.fill(JSON.stringify({ strategy: { mode: 'fallback' }, targets }));
    await line(page, 'targets[1]').press('Alt+ArrowRight');
    await page.locator('[id="t-targets[0].targets[1]"]:focus').waitFor();
    await page.keyboard.press('Alt+ArrowUp');
    assert.deepEqual(await order(), [['@alpha', '@beta'], '@gamma']);
    const last = line(page, 'targets[1]');
    const { height } = await last.boundingBox();
    await page.locator('li.target .grip').first().dragTo(last, { targetPosition: { x: 40, y: height - 2 } });
    assert.deepEqual(await order(), ['@gamma', ['@alpha', '@beta']]);
    await saved(page);
  }));

test('of a value asked in two ways one is changed, and a name is typed past its neighbour', () =>
  open('asked', async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await begin(guest, 'asked');
    const query = { 'params.n': { $gt: 3, $lt: 9 }, 'metadata.a': 'x', 'metadata.b': 'y' };
    const strategy = { mode: 'conditional', conditions: [{ query, then: 'one' }], default: 'one' };
    const area = page.getByLabel('The config as JSON');
    await area.fill(JSON.stringify({ strategy, targets: [{ name: 'one', provider: '@alpha' }] }));
    await page.getByLabel('Test of condition 1', { exact: true }).first().selectOption('$gte');
    const subject = page.getByLabel('Field of condition 1', { exact: true }).last();
    await subject.press('End');
    await page.keyboard.press('Backspace');
    await page.keyboard.type('a');
    await page.getByText('asks for metadata.a already').waitFor();
    await page.keyboard.type('b');
    const asked = JSON.parse(await text(page)).strategy.conditions[0].query;
    assert.deepEqual(asked, { 'params.n': { $gte: 3, $lt: 9 }, 'metadata.a': 'x', 'metadata.ab': 'y' });
    await saved(page);
  }));

test('a name that cannot be is told at its field and kept, and what was typed is not left without asking', () =>
  open('named', async (guest) => {
    const { page, visit } = guest;
    await signIn(guest, OWNER);
    await visit('/configs/new');
    const name = page.getByLabel('Name', { exact: true });
    await name.fill('n'.repeat(70));
    await page.getByRole('radio', { name: /^Blank/ }).check();
    await page.getByRole('button', { name: 'Create draft' }).click();
    await page.locator('#name[aria-invalid="true"]').waitFor();
    assert.equal(await name.inputValue(), 'n'.repeat(70));
    assert.ok(await page.getByRole('radio', { name: /^Blank/ }).isChecked());
    await visit('/keys?new');
    await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('half typed');
    const question = page.waitForEvent('dialog');
    page.once('dialog', (dialog) => dialog.dismiss());
    await page.keyboard.press('Escape');
    assert.equal((await question).type(), 'beforeunload');
    assert.equal(await page.getByRole('dialog').getByLabel('Name', { exact: true }).inputValue(), 'half typed');
  }));

test('text and form stay in step, and a broken text keeps the last form', () =>
  open('step', async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await begin(guest, 'in step');
    const area = page.getByLabel('The config as JSON');
    await area.fill('{\n  "provider": "@beta"\n}');
    assert.equal(await field(page, 'provider').inputValue(), '@beta');
    await area.fill('{\n  "provider": \n}');
    await page.getByText('Not JSON at line 3, column 1').waitFor();
    assert.equal(await field(page, 'provider').inputValue(), '@beta');
    assert.equal(await field(page, 'provider').isDisabled(), true);
    await page.getByRole('button', { name: 'Undo' }).click();
    assert.match(await text(page), /"@beta"/);
    await page.getByRole('button', { name: 'Redo' }).click();
    await page.getByText('Not JSON at line 3, column 1').waitFor();
    await page.getByRole('button', { name: 'Go back to it' }).click();
    await add(page, MOUSE, '', 'node', 'request_timeout');
    await field(page, 'request_timeout').fill('soon');
    await page.locator('[id="e-request_timeout"]').getByText(/whole number/).waitFor();
    await page.getByRole('button', { name: /request_timeout/ }).first().waitFor();
    await field(page, 'request_timeout').fill('1500');
    assert.equal(JSON.parse(await text(page)).request_timeout, 1500);
    await saved(page);
  }));

test('the second of two who save sees both texts and loses neither', () =>
  open('clash', async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    const here = await begin(guest, 'shared');
    const other = await guest.context.newPage();
    await other.goto(`/configs/${here}`);
    await hydrated(other);
    await other.getByLabel('The config as JSON').fill('{"provider": "@alpha", "retry": {"attempts": 1}}');
    await saved(other);
    await page.getByLabel('The config as JSON').fill('{"provider": "@alpha", "retry": {"attempts": 3}}');
    await page.getByText('Nothing of yours is lost').waitFor();
    await page.getByRole('button', { name: 'Keep mine' }).click();
    await saved(page);
    await other.reload();
    assert.match(await text(other), /"attempts": 3/);
  }));

test('without scripts a config is created, corrected at its paths, saved and published', () =>
  open('paper', async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    await guest.visit('/configs/new');
    await page.getByLabel('Name', { exact: true }).fill('   ');
    await page.getByRole('button', { name: 'Create draft' }).click();
    await page.locator('#name-error').waitFor();
    await begin(guest, 'on paper');
    const area = page.getByLabel('The config as JSON');
    await area.fill('{"provider": "@alpha", "retry": {"attempts": "x"}}');
    await page.getByRole('button', { name: 'Save draft' }).click();
    await page.getByText(/retry\.attempts/).first().waitFor();
    await area.fill('{"provider": "@alpha", "retry": {"attempts": 2}}');
    await page.getByRole('button', { name: 'Save draft' }).click();
    await page.getByRole('link', { name: 'Publish v1' }).click();
    await page.getByLabel('Note').fill('by hand');
    await page.getByRole('button', { name: 'Publish', exact: true }).click();
    await page.getByText('v1 live').first().waitFor();
  }, { script: false }));

test('axe finds nothing in either theme, and nothing scrolls sideways', { timeout: 120_000 }, () =>
  open('axe', async (guest) => {
    const { page } = guest;
    await signIn(guest, OWNER);
    const found = [];
    for (const theme of ['light', 'dark']) {
      await guest.context.addCookies([{ name: 'theme', value: theme, url: world.url }]);
      for (const path of ['/configs', '/configs/new', `/configs/${slug}`, `/configs/${slug}/versions`, `/configs/${slug}?ask=rename`]) {
        await guest.visit(path);
        found.push(...(await violations(page)).map((what) => `${theme} ${path}: ${what}`));
      }
    }
    await page.setViewportSize(NARROW);
    for (const path of ['/configs', '/configs/new', `/configs/${slug}`, `/configs/${slug}/versions`]) {
      await guest.visit(path);
      if ((await overflow(page)) !== 0) found.push(`${path} scrolls sideways`);
    }
    assert.deepEqual(found, []);
  }));
