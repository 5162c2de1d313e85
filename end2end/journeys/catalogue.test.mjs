// Providers, models, prices, and the setup out of one installation and into another; with scripts and without.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { openBrowser, hydrated, tell } from '../harness/browser.mjs';
import { addProvider, follow, secret, signIn, signUp } from '../harness/person.mjs';
import { folder, startServer } from '../harness/server.mjs';
import { KEY, OWNER, logOf, startWorld } from '../harness/world.mjs';

let world;
let browser;

before(async () => {
  world = await startWorld('catalogue', { routed: true });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await world?.end();
});

function call(model, trace, key = KEY, base = world.base) {
  return fetch(`${base}/chat/completions`, {
    method: 'POST',
    headers: { 'x-portkey-api-key': key, 'x-portkey-trace-id': trace, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'how are you' }] }),
  });
}

for (const script of [true, false]) {
  const way = script ? 'with scripts' : 'without scripts';
  const open = (name, story) => tell(browser, world.url, `catalogue-${name}-${script}`, { script }, story);
  const slug = `own-${script}`;

  test(`a provider is connected, tested, and one of its models called, ${way}`, () =>
    open('provider', async (ada) => {
      const { page } = ada;
      await signIn(ada, OWNER);
      const key = 'sk-typed-in-the-journey';
      await addProvider(ada, { vendor: 'openai', slug, key, base: world.upstream.base });
      await ada.visit('/providers');
      const row = page.getByRole('row', { name: new RegExp(`@${slug}`) });
      await row.getByRole('button', { name: 'Test' }).click();
      const result = page.getByRole('status').filter({ hasText: `@${slug}: passed with 200` });
      await result.waitFor();
      assert.match(await result.textContent(), /It lists \d+ models/);
      await hydrated(page, script);
      assert.equal((await call(`@${slug}/gpt-4o-mini`, `own-${script}`)).status, 200);
      assert.equal(world.upstream.calls.at(-1).headers.authorization, `Bearer ${key}`);

      await ada.visit('/providers');
      await row.getByRole('link', { name: 'Edit' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Base URL').fill(`${world.upstream.url}/elsewhere/v1`);
      await dialog.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Enter the key again').first().waitFor();
      assert.ok(!(await page.content()).includes(key), 'a stored key is never shown');
      await hydrated(page, script);
    }));

  test(`a price of one's own holds for the next call, ${way}`, () =>
    open('price', async (ada) => {
      const { page } = ada;
      await signIn(ada, OWNER);
      const model = script ? 'rank-7b' : 'rank-8b';
      const before = `before-${script}`;
      await call(`@alpha/${model}`, before);
      await follow(ada, 'Models');
      await page.getByRole('link', { name: 'Add model' }).click();
      const dialog = page.getByRole('dialog', { name: 'Add model' });
      await dialog.getByLabel('Provider').selectOption('alpha');
      await dialog.getByLabel('Model', { exact: true }).fill(model);
      await dialog.getByLabel('Context').fill('32k');
      await dialog.getByRole('button', { name: 'Add model' }).click();
      // The upstream serves it under a dated name, which has a row of its own.
      const row = page.getByRole('row', { name: new RegExp(`${model}(?![-\\w])`) });
      await row.getByText('unpriced').first().waitFor();
      await hydrated(page, script);

      await row.getByRole('link', { name: 'Set price' }).click();
      const price = page.getByRole('dialog', { name: /Price of/ });
      await price.getByLabel('Input').fill('0.5');
      await price.getByLabel('Output').fill('1');
      await price.getByRole('button', { name: 'Set price' }).click();
      await row.getByText('$0.50').waitFor();
      const trace = `priced-${script}`;
      await call(`@alpha/${model}`, trace);
      const [was, now] = [await logOf(world.base, before), await logOf(world.base, trace)];
      assert.ok(now.metrics.cost > 0, 'the next call has a price');
      assert.ok(!was.metrics.cost, 'what was called before has none');

      await row.getByRole('switch').click();
      await page.locator('[role="switch"][aria-checked="false"]').first().waitFor();
      const refused = await call(`@alpha/${model}`, `off-${script}`);
      assert.equal(refused.status, 400);
      assert.equal((await refused.json()).error.code, 'model_not_allowed');
      await hydrated(page, script);
    }));

  test(`the setup goes into a fresh installation after a plan, ${way}`, async () => {
    const home = folder();
    const fresh = await startServer({ name: `catalogue-fresh-${script}`, home: home.path });
    try {
      let file;
      await open('export', async (ada) => {
        const { page } = ada;
        await signIn(ada, OWNER);
        await ada.visit('/settings/transfer');
        const [download] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('link', { name: 'Download' }).click(),
        ]);
        file = await download.path();
        const text = readFileSync(file, 'utf8');
        assert.match(text, /\[\[provider\]\][^]*\[\[config\]\]/);
        assert.ok(!text.includes(KEY) && !text.includes('sk-end2end'), 'secrets are left out');
        // Reading the file is the browser's business, so keep the text.
        file = { name: 'switchyard.toml', mimeType: 'application/toml', buffer: Buffer.from(text) };
      });
      await tell(browser, fresh.url, `catalogue-import-${script}`, { script }, async (bob) => {
        const { page } = bob;
        await signUp(bob, { email: 'bob@example.com', password: 'correct horse battery' });
        await bob.visit('/settings/transfer');
        await page.getByLabel('Or its text').fill('[[provider]]\nslug = "x y"\n');
        await page.getByRole('button', { name: 'Show the plan' }).click();
        await page.getByText('line 2').first().waitFor();
        assert.equal(await page.getByRole('button', { name: 'Apply' }).count(), 0);
        await hydrated(page, script);

        await page.getByLabel('Set-up file').setInputFiles(file);
        await page.getByRole('button', { name: 'Show the plan' }).click();
        const plan = page.getByRole('table', { name: 'What the import does' });
        await plan.getByRole('row', { name: /@beta/ }).getByText('added').waitFor();
        await hydrated(page, script);
        await page.getByRole('button', { name: 'Apply' }).click();
        await page.getByText(/Imported: \d+ added/).waitFor();
        const key = await secret(page.getByRole('row', { name: /^full/ }));
        await hydrated(page, script);
        const answer = await call('@sandbox/echo', 'imported', key, fresh.base);
        assert.equal(answer.status, 200);
        await bob.visit('/providers');
        await page.getByText('@beta').first().waitFor();
        await bob.visit('/configs');
        await page.getByText('pc-fallback').first().waitFor();
      });
    } finally {
      await fresh.stop();
      home.remove();
    }
  });
}

test('the reference tells of every route, with a command to copy', () =>
  tell(browser, world.url, 'catalogue-reference', { script: false }, async (ada) => {
    const { page } = ada;
    await signIn(ada, OWNER);
    await ada.visit('/reference');
    await page.getByText('/v1/virtual-keys').first().waitFor();
    const one = page.locator('details', { hasText: 'Make an API key' }).first();
    await one.locator('summary').click();
    assert.match(await one.locator('pre').textContent(), /curl -X POST 'http:\/\/127\.0\.0\.1:\d+\/v1\/api-keys/);
    const document = await (await fetch(`${world.url}/openapi.json`)).json();
    const paths = Object.entries(document.paths).map(([path, { get }]) => (get?.servers ? path : `/v1${path}`));
    const text = await page.locator('main').textContent();
    assert.deepEqual(paths.filter((path) => !text.includes(path)), []);
  }));

test('who is in a field of a dialog before it is modal stays there', () =>
  tell(browser, world.url, 'catalogue-early', {}, async (ada) => {
    const { page } = ada;
    await signIn(ada, OWNER);
    let open;
    const gate = new Promise((resolve) => (open = resolve));
    await page.route('**/*.wasm', async (route) => {
      await gate;
      await route.continue();
    });
    await page.goto('/providers?connect=openai', { waitUntil: 'commit' });
    const field = page.getByRole('dialog').getByLabel('Base URL');
    await field.fill('http://127.0.0.1:9/v1');
    assert.equal(await page.locator('dialog:modal').count(), 0, 'it is only laid over the page yet');
    open();
    await hydrated(page, true);
    await page.locator('dialog:modal').waitFor();
    assert.ok(await field.evaluate((input) => input === document.activeElement), 'the focus has moved');
    assert.equal(await field.inputValue(), 'http://127.0.0.1:9/v1');
  }));
