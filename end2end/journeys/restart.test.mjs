// The binary alone, and what outlives it.

import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openBrowser, tell } from '../harness/browser.mjs';
import { addProvider, makeKey, openFirstLog, signUp } from '../harness/person.mjs';
import { BINARY, folder, freePort, startServer } from '../harness/server.mjs';
import { startUpstream } from '../harness/upstream.mjs';

const ADA = { email: 'ada@example.com', password: 'correct horse battery staple' };

test('alone in an empty folder it serves everything, and a restart keeps it', async () => {
  const home = folder();
  const upstream = await startUpstream();
  const browser = await openBrowser();
  const binary = join(home.path, 'switchyard');
  copyFileSync(BINARY, binary);
  const start = async (port) => startServer({ name: 'restart', home: home.path, binary, port });
  const port = await freePort();
  let server = await start(port);
  try {
    await tell(browser, server.url, 'restart', {}, async (ada) => {
      await signUp(ada, ADA);
      await addProvider(ada, { vendor: 'openai', slug: 'beta', key: 'sk-kept-over-a-restart', base: upstream.base });
      const key = await makeKey(ada, 'kept');
      await call(server.base, key, 'before the restart');

      assert.equal(await server.stop(), 0);
      server = await start(port);

      await ada.visit('/keys');
      await ada.page.getByText('kept').first().waitFor();
      await ada.visit('/providers');
      await ada.page.getByText('@beta').first().waitFor();
      await ada.visit('/logs');
      await openFirstLog(ada);
      await ada.page.getByText('before the restart').first().waitFor();
      await call(server.base, key, 'after the restart');
      assert.equal(upstream.calls.at(-1).headers.authorization, 'Bearer sk-kept-over-a-restart');
    });
  } finally {
    await browser.close();
    await server.stop();
    await upstream.close();
    home.remove();
  }
});

test('what has a content hash in its name is kept by the browser and comes compressed', async () => {
  const home = folder();
  const server = await startServer({ name: 'assets', home: home.path });
  try {
    const page = await (await fetch(`${server.url}/sign-in`)).text();
    const assets = new Set([...page.matchAll(/(?:href|src|data-js|data-wasm)="?(\/pkg\/[^"\s>]+)/g)].map((match) => match[1]));
    assert.ok([...assets].some((path) => path.endsWith('.wasm')));
    for (const path of assets) {
      const answer = await fetch(server.url + path, { headers: { 'accept-encoding': 'br' } });
      assert.equal(answer.status, 200, path);
      if (/\.(js|wasm|css)$/.test(path)) {
        assert.match(answer.headers.get('cache-control'), /immutable/, path);
        assert.equal(answer.headers.get('content-encoding'), 'br', path);
      }
      await answer.arrayBuffer();
    }
  } finally {
    await server.stop();
    home.remove();
  }
});

async function call(base, key, content) {
  const answer = await fetch(`${base}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: '@beta/gpt-4o-mini', messages: [{ role: 'user', content }] }),
  });
  assert.equal(answer.status, 200, await answer.text());
}
