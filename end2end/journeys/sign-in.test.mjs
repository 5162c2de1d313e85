// Coming in and going out.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, tell } from '../harness/browser.mjs';
import { PAGES, signIn, signOut, trySignIn } from '../harness/person.mjs';
import { OWNER, startWorld } from '../harness/world.mjs';

let world;
let browser;

before(async () => {
  world = await startWorld('sign-in');
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await world?.end();
});

const open = (name, story, options = {}) => tell(browser, world.url, name, options, story);
// A form that is refused is a failed call of its server function.
const REFUSED = { expected: [/^[45]\d\d \/api\/sign_in/] };

test('an unknown e-mail and a wrong password get the same answer', () =>
  open('sign-in-refused', async (guest) => {
    const said = [];
    for (const account of [{ ...OWNER, email: 'nobody@example.com' }, { ...OWNER, password: 'not the password' }]) {
      await trySignIn(guest, account);
      const alert = guest.page.getByRole('alert').first();
      await alert.waitFor();
      said.push(await alert.textContent());
      assert.equal(new URL(guest.page.url()).pathname, '/sign-in');
    }
    assert.equal(said[0], said[1]);
    assert.ok(said[0].length > 10);
  }, REFUSED));

test('a person signs in, stays signed in over a reload, and signs out', () =>
  open('sign-in', async (guest) => {
    await signIn(guest, OWNER);
    await guest.page.reload();
    assert.equal(new URL(guest.page.url()).pathname, '/');
    await guest.visit('/sign-in');
    assert.equal(new URL(guest.page.url()).pathname, '/', 'who is signed in has no business at the door');
    await signOut(guest);
    await guest.visit('/keys');
    assert.equal(new URL(guest.page.url()).pathname, '/sign-in');
  }));

test('every page but the door asks a visitor to sign in', () =>
  open('visitor', async (guest) => {
    for (const [, path] of [...PAGES, ['First steps', '/first-steps'], ['A log', '/logs/0190-none']]) {
      await guest.visit(path);
      assert.equal(new URL(guest.page.url()).pathname, '/sign-in', path);
    }
  }));

test('the session cookie is out of reach of scripts and of other sites', () =>
  open('cookie', async (guest) => {
    await signIn(guest, OWNER);
    const cookies = await guest.context.cookies();
    const session = cookies.find((cookie) => cookie.name === 'sy_session');
    assert.ok(session, 'there is a session');
    assert.ok(session.httpOnly);
    assert.match(session.sameSite, /Lax|Strict/);
  }));

test('a form that another site sends is refused', async () => {
  const page = await (await fetch(`${world.url}/sign-in`)).text();
  const [, action] = page.match(/<form[^>]*action="([^"]*sign_in[^"]*)"/);
  const body = new URLSearchParams({ 'form[email]': OWNER.email, 'form[password]': OWNER.password });
  const send = (headers) => fetch(world.url + action, { method: 'POST', redirect: 'manual', headers, body });
  const foreign = await send({ origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' });
  assert.equal(foreign.status, 403);
  assert.equal(foreign.headers.get('set-cookie'), null);
  const own = await send({ origin: world.url, 'sec-fetch-site': 'same-origin', accept: 'text/html' });
  assert.match(own.headers.get('set-cookie') ?? '', /HttpOnly/);
});

test('later accounts need an invite', () =>
  open('no-invite', async (guest) => {
    await guest.visit('/sign-up');
    await guest.page.getByText(/invite/i).first().waitFor();
    assert.equal(await guest.page.getByRole('button', { name: 'Create account' }).count(), 0);
  }));
