// Inviting, and taking away.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hydrated, openBrowser, tell } from '../harness/browser.mjs';
import { addProvider, makeKey, signIn } from '../harness/person.mjs';
import { OWNER, startWorld } from '../harness/world.mjs';

const GRACE = { email: 'grace@example.com', password: 'a nanosecond is a foot of wire' };
let world;
let browser;
let link;

before(async () => {
  world = await startWorld('people');
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await world?.end();
});

const open = (name, story, options = {}) => tell(browser, world.url, `people-${name}`, options, story);

test('an owner makes an invite link', () =>
  open('invite', async (owner) => {
    const { page } = owner;
    await signIn(owner, OWNER);
    await owner.visit('/members');
    await page.getByRole('button', { name: 'Make invite link' }).click();
    const shown = page.getByText(/\/sign-up\?invite=/).first();
    await shown.waitFor();
    link = (await shown.textContent()).trim();
    assert.ok(link.startsWith(world.url), 'it leads to this server');
  }));

test('a person joins by it, and sees the workspace', () =>
  open('join', async (grace) => {
    const { page } = grace;
    await grace.visit(link);
    await page.getByLabel('Email').fill(GRACE.email);
    await page.getByLabel('Password').fill(GRACE.password);
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.waitForURL('**/first-steps');
    await grace.visit('/members');
    await page.getByRole('rowheader', { name: OWNER.email }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Make invite link' }).count(), 0, 'a member invites nobody');
  }));

test('a link is good for one person', () =>
  open('used', async (late) => {
    const { page } = late;
    await late.visit(link);
    await page.getByLabel('Email').fill('late@example.com');
    await page.getByLabel('Password').fill(GRACE.password);
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByRole('alert').first().waitFor();
    assert.equal(new URL(page.url()).pathname, '/sign-up');
  }, { expected: [/^[45]\d\d \/api\/sign_up/] }));

test('a revoked key is refused at once', () =>
  open('revoke', async (owner) => {
    const { page } = owner;
    await signIn(owner, OWNER);
    const key = await makeKey(owner, 'short-lived');
    assert.equal(await status(key), 200);
    await page.getByRole('link', { name: 'Revoke short-lived' }).click();
    const dialog = page.getByRole('dialog', { name: 'Revoke short-lived' });
    await dialog.getByText('cannot be undone').waitFor();
    await dialog.getByRole('button', { name: 'Revoke for good' }).click();
    await page.getByRole('row', { name: /short-lived.*Revoked/ }).waitFor();
    assert.equal(await status(key), 401);
  }));

test('what the set-up file declares is said to come from it, and cannot be revoked', () =>
  open('locked', async (owner) => {
    const { page } = owner;
    await signIn(owner, OWNER);
    await owner.visit('/keys');
    const row = page.getByRole('row', { name: /^full/ });
    await row.getByText('from file').waitFor();
    assert.equal(await row.getByRole('link', { name: /Revoke/ }).count(), 0);
  }));

test('a slug that is taken is told at its field', () =>
  open('taken', async (owner) => {
    const { page } = owner;
    await signIn(owner, OWNER);
    await addProvider(owner, { vendor: 'openai', slug: 'gamma', key: 'sk-typed-0001', base: world.upstream.base });
    await owner.visit('/providers?connect=openai');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Slug').fill('gamma');
    await dialog.getByLabel('Key', { exact: true }).fill('sk-typed-0002');
    await dialog.getByRole('button', { name: 'Connect' }).click();
    await dialog.getByRole('alert').first().waitFor();
    assert.equal(await dialog.getByLabel('Slug').getAttribute('aria-invalid'), 'true');
    await hydrated(page);
  }, { expected: [/^[45]\d\d \/api\/add_provider/] }));

async function status(key) {
  const answer = await fetch(`${world.base}/models`, { headers: { authorization: `Bearer ${key}` } });
  await answer.text();
  return answer.status;
}
