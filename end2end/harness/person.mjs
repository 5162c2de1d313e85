// What a person does at the console, by the words that they see. One place for the words.

import { hydrated } from './browser.mjs';

/** Every page of the rail, by its name there and its path. */
export const PAGES = [
  ['Overview', '/'],
  ['Logs', '/logs'],
  ['Traces', '/traces'],
  ['Analytics', '/analytics'],
  ['Configs', '/configs'],
  ['Providers', '/providers'],
  ['Models', '/models'],
  ['API keys', '/keys'],
  ['Playground', '/playground'],
  ['Budgets & limits', '/budgets'],
  ['Members', '/members'],
];

async function fillAccount(page, { email, password }) {
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
}

export async function signUp({ page, visit, script }, account) {
  await visit('/sign-up');
  await fillAccount(page, account);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.waitForURL('**/first-steps');
  await hydrated(page, script);
}

/** Sends the form; whether it was accepted is the caller's to see. */
export async function trySignIn({ page, visit }, account) {
  await visit('/sign-in');
  await fillAccount(page, account);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

export async function signIn(guest, account) {
  await trySignIn(guest, account);
  await guest.page.waitForURL((url) => url.pathname === '/');
  await hydrated(guest.page, guest.script);
}

export async function signOut({ page }) {
  await openAccount(page);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/sign-in');
}

/** Opens the menu of the person at the foot of the rail. */
export async function openAccount(page) {
  await page.locator('summary', { hasText: 'Account of' }).click();
}

/** Chooses Light, Dark or System; without scripts the server answers with the page anew. */
export async function chooseTheme({ page, script }, name) {
  await openAccount(page);
  // The server keeps the choice: a page that is asked for before it has would have the old one.
  const kept = page.waitForResponse((response) => new URL(response.url()).pathname === '/theme');
  await page.getByRole('group', { name: 'Theme' }).getByRole('button', { name }).click();
  await kept;
  await hydrated(page, script);
}

/** Goes to a page by the rail. */
export async function follow({ page, script }, name) {
  await page.getByRole('navigation', { name: 'Main', exact: true }).getByRole('link', { name }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await hydrated(page, script);
}

/** Makes a key on the keys page and returns its secret, which is shown once. */
export async function makeKey({ page, visit, script }, name) {
  await visit('/keys');
  await page.getByRole('link', { name: 'New key' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'New key' });
  await dialog.getByLabel('Name', { exact: true }).fill(name);
  await dialog.getByRole('button', { name: 'Create key' }).click();
  const value = await secret(page.getByRole('dialog', { name: `Key ${name} is ready` }));
  await page.getByRole('link', { name: 'Done' }).click();
  await page.getByRole('rowheader', { name }).waitFor();
  await hydrated(page, script);
  return value;
}

/** The secret shown within `place`. */
export async function secret(place) {
  const text = place.getByText(/sy-[0-9A-Za-z]{20,}/).first();
  await text.waitFor();
  return (await text.textContent()).match(/sy-[0-9A-Za-z]{20,}/)[0];
}

/** Connects a provider of `vendor` (its slug in the catalogue) by its form. */
export async function addProvider({ page, visit }, { vendor, slug, key, base }) {
  await visit('/providers');
  await page.locator(`a[href="/providers?connect=${vendor}"]`).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Slug').fill(slug);
  await dialog.getByLabel('Key', { exact: true }).fill(key);
  await dialog.getByLabel('Base URL').fill(base);
  await dialog.getByRole('button', { name: 'Connect' }).click();
  await page.getByText(`@${slug}`).first().waitFor();
}

/** Opens the newest call of the list that the page shows. */
export async function openFirstLog({ page, script }) {
  await page.getByRole('table', { name: /^Calls/ }).getByRole('row').nth(1).getByRole('link').first().click();
  await atLog({ page, script });
}

/** Waits until one call is open. */
export async function atLog({ page, script }) {
  await page.waitForURL((url) => /^\/logs\/.+/.test(url.pathname));
  await page.getByRole('navigation', { name: 'Views of the call' }).waitFor();
  await hydrated(page, script);
}

/** Changes to another view of the open call. */
export async function view({ page, script }, name) {
  const link = page.getByRole('navigation', { name: 'Views of the call' }).getByRole('link', { name });
  await link.click();
  await page.locator('[aria-current="page"]', { hasText: name }).waitFor();
  await hydrated(page, script);
}
