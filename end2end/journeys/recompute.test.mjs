// What past calls cost is looked at by other prices, and changed when somebody says so; with scripts and without.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { NARROW, hydrated, openBrowser, overflow, tell, violations } from '../harness/browser.mjs';
import { signIn } from '../harness/person.mjs';
import { BINARY, folder, startServer } from '../harness/server.mjs';
import { OWNER, setupFile } from '../harness/world.mjs';

const DAY = 86_400_000;
/** In the made-up history nobody knows its price; the set-up file does, from the server's start on. */
const MODEL = '@openai/house-tuned-7b';
const PRICED = `
[[provider]]
slug = "openai"
vendor = "openai"
key = "sk-never-called"
[[price]]
provider = "openai"
model = "house-tuned-7b"
input = 1
output = 2
`;

let home;
let server;
let browser;

before(async () => {
  home = folder();
  const env = { PATH: process.env.PATH, SWITCHYARD_DATA: join(home.path, 'data') };
  execFileSync(BINARY, ['seed', '--requests', '12000', '--days', '8'], { cwd: home.path, env });
  server = await startServer({ name: 'recompute', home: home.path, setup: setupFile('http://127.0.0.1:9/v1') + PRICED });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  home?.remove();
});

const dayBefore = (days) => new Date(Date.now() - days * DAY).toISOString().slice(0, 10);

for (const [script, days] of [[true, 5], [false, 3]]) {
  const way = script ? 'with scripts' : 'without scripts';

  test(`the costs of a day are looked at, and changed, ${way}`, () =>
    tell(browser, server.url, `recompute-${script}`, { script }, async (ada) => {
      const { page } = ada;
      await signIn(ada, OWNER);
      await ada.visit('/models');
      await page.getByRole('link', { name: 'Recompute costs' }).click();
      await page.getByRole('heading', { level: 1, name: 'Recompute costs' }).waitFor();
      await page.getByLabel('First day, UTC').fill(dayBefore(days));
      await page.getByLabel('Last day, UTC').fill(dayBefore(days));
      await page.getByRole('button', { name: 'Show what would change' }).click();
      const row = page.getByRole('row', { name: new RegExp(MODEL) });
      await row.waitFor();
      await hydrated(page, script);
      const [calls, changed, priced] = await row.getByRole('cell').allTextContents();
      assert.ok(Number(calls) > 0 && changed === calls && priced === calls, `${calls} ${changed} ${priced}`);
      // Without scripts no timer runs, and axe waits for one; the page is the same.
      if (script) {
        assert.deepEqual(await violations(page), []);
      }

      await page.getByRole('button', { name: 'Change these costs' }).click();
      await page.getByRole('status').filter({ hasText: /The costs of [\d,]+ calls are changed/ }).waitFor();
      await page.getByText('cost what they did').waitFor();
      assert.equal(await page.getByRole('button', { name: 'Change these costs' }).count(), 0, 'it is done');
      await ada.visit('/');
      await page.getByRole('link', { name: /Costs of [\d,]+ calls recomputed/ }).first().waitFor();
    }));
}

test('a day that is not over is refused in words, and nothing scrolls sideways at 390 px', () =>
  tell(browser, server.url, 'recompute-narrow', { viewport: NARROW }, async (ada) => {
    const { page } = ada;
    await signIn(ada, OWNER);
    await ada.visit(`/models/recompute?from=${dayBefore(2)}&to=${dayBefore(0)}`);
    await page.getByText('Calls of that day are still being counted').waitFor();
    await ada.visit(`/models/recompute?from=${dayBefore(4)}&to=${dayBefore(2)}`);
    await page.getByRole('row', { name: new RegExp(MODEL) }).waitFor();
    assert.equal(await overflow(page), 0);
    assert.deepEqual(await violations(page), []);
  }));
