// How soon each page is there, how still it stands, how long it keeps the browser busy, and what its code weighs; ends
// with 1 where a page is past a limit. Every page is met by a browser that has seen nothing before. `node vitals.mjs
// /logs /keys` measures those paths alone.

import { execFileSync } from 'node:child_process';
import { get } from 'node:http';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { hydrated, openBrowser, visitor } from './harness/browser.mjs';
import { signIn } from './harness/person.mjs';
import { folder, startServer } from './harness/server.mjs';
import { sendTraffic } from './harness/traffic.mjs';
import { startUpstream } from './harness/upstream.mjs';
import { KEY, OWNER, setupFile } from './harness/world.mjs';

/** Milliseconds, a score, milliseconds; and bytes of scripts and wasm as they travel. */
const LIMITS = { lcp: 500, cls: 0.02, tbt: 100, code: 400_000 };
const RUNS = 3;
const CONFIG = { strategy: { mode: 'fallback' }, targets: [{ provider: '@alpha' }, { provider: '@sandbox', override_params: { model: 'echo' } }] };
const OUTSIDE = ['/sign-in', '/sign-up'];
const INSIDE = ['/logs', '/logs?status=error', '/traces', '/analytics', '/playground', '/configs', '/configs/new', '/providers', '/keys', '/keys?new=1', '/budgets', '/models', '/settings/transfer', '/reference', '/members', '/first-steps'];
const TABS = ['', '?tab=json', '?tab=attempts', '?tab=explain', '?tab=cost', '?tab=headers'];

async function main() {
  const upstream = await startUpstream();
  const home = folder();
  const browser = await openBrowser();
  let server;
  try {
    server = await busy(home.path, upstream);
    const code = await weigh(server.url);
    const state = await signedIn(browser, server.url);
    const rows = [];
    const chosen = process.argv.slice(2);
    for (const path of chosen.length > 0 ? chosen : [...OUTSIDE, '/', ...INSIDE, ...(await details(server))]) {
      rows.push(await measure(browser, server.url, path, OUTSIDE.includes(path) ? undefined : state));
    }
    process.exitCode = report(rows, code);
  } finally {
    await browser.close();
    await server?.stop();
    await upstream.close();
    home.remove();
  }
}

/** A server with a day behind it, and one config. */
async function busy(home, upstream) {
  const setup = `${setupFile(upstream.base)}
[[config]]
id = "pc-vitals"
body = ${JSON.stringify(JSON.stringify(CONFIG))}
`;
  const start = () => startServer({ name: 'vitals', home, setup });
  const first = await start();
  await sendTraffic(first.base, 130);
  await first.stop();
  execFileSync('python3', [join(import.meta.dirname, 'harness/history.py'), join(home, 'data/journal.db')]);
  return start();
}

async function signedIn(browser, url) {
  const guest = await visitor(browser, url);
  await signIn(guest, OWNER);
  const state = await guest.context.storageState();
  await guest.leave();
  return state;
}

/** A call by each tab, its trace, and the config's two pages. */
async function details(server) {
  const answer = await fetch(`${server.base}/logs?page_size=1&status_code=200`, { headers: { authorization: `Bearer ${KEY}` } });
  const [log] = (await answer.json()).data;
  const trace = `/traces/${encodeURIComponent(log.metrics.trace_id)}`;
  return [...TABS.map((tab) => `/logs/${log._id}${tab}`), trace, '/configs/pc-vitals', '/configs/pc-vitals/versions'];
}

/** Bytes of each script and of the wasm; a debug server sends them as they are, so they are packed here. */
async function weigh(url) {
  const html = await (await fetch(`${url}/sign-in`)).text();
  const paths = [...new Set(html.match(/\/pkg\/[^"]+\.(?:js|wasm)/g) ?? [])];
  const weights = await Promise.all(paths.map((path) => transferred(url + path)));
  return paths.map((path, at) => ({ path, bytes: weights[at] }));
}

function transferred(url) {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'accept-encoding': 'br' } }, async (response) => {
      const parts = [];
      for await (const part of response) {
        parts.push(part);
      }
      const body = Buffer.concat(parts);
      resolve(response.headers['content-encoding'] ? body.length : brotliCompressSync(body).length);
    }).once('error', reject);
  });
}

/** The middle of several visits, each value by itself. */
async function measure(browser, url, path, storageState) {
  const visits = [];
  for (let run = 0; run < RUNS; run += 1) {
    visits.push(await look(browser, url, path, storageState));
  }
  const middle = (name) => visits.map((visit) => visit[name]).sort((a, b) => a - b)[Math.floor(RUNS / 2)];
  return { path, lcp: middle('lcp'), cls: middle('cls'), tbt: middle('tbt'), paint: middle('paint'), ready: middle('ready') };
}

async function look(browser, url, path, storageState) {
  const guest = await visitor(browser, url, { storageState });
  await guest.page.addInitScript(watch);
  await guest.page.goto(path);
  await hydrated(guest.page);
  const seen = await guest.page.evaluate(told);
  await guest.leave();
  return seen;
}

/** Runs before the page's own scripts. */
function watch() {
  const seen = { lcp: 0, cls: 0, tasks: [], ready: 0 };
  globalThis.seen = seen;
  const on = (type, each) => new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, buffered: true });
  on('largest-contentful-paint', (entry) => (seen.lcp = entry.startTime));
  on('layout-shift', (entry) => (seen.cls += entry.hadRecentInput ? 0 : entry.value));
  on('longtask', (entry) => seen.tasks.push([entry.startTime, entry.duration]));
  new MutationObserver(() => (seen.ready ||= performance.now())).observe(document, { attributes: true, subtree: true, attributeFilter: ['data-ready'] });
}

/** Once the page has come to rest: a painted frame and an idle moment after scripts have taken it over. */
async function told() {
  const idle = () => new Promise((resolve) => requestAnimationFrame(() => requestIdleCallback(resolve)));
  do {
    await idle();
  } while (globalThis.seen.lcp === 0 || performance.now() - globalThis.seen.ready < 300);
  const { lcp, cls, tasks, ready } = globalThis.seen;
  const paint = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0;
  const blocked = tasks.filter(([start]) => start >= paint).map(([, duration]) => Math.max(0, duration - 50));
  return { lcp, cls, paint, ready, tbt: blocked.reduce((sum, each) => sum + each, 0) };
}

/** Prints all and returns the exit code. */
function report(rows, code) {
  const past = [];
  const over = (name, value, what) => value > LIMITS[name] && past.push(what);
  console.log(`${'page'.padEnd(44)} ${'paint'.padStart(6)} ${'LCP'.padStart(6)} ${'CLS'.padStart(7)} ${'TBT'.padStart(5)} ${'ready'.padStart(6)}`);
  for (const { path, lcp, cls, tbt, paint, ready } of rows) {
    const figure = (value, width) => value.toFixed(0).padStart(width);
    const name = path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, '…').slice(0, 44).padEnd(44);
    console.log(`${name} ${figure(paint, 6)} ${figure(lcp, 6)} ${cls.toFixed(4).padStart(7)} ${figure(tbt, 5)} ${figure(ready, 6)}`);
    over('lcp', lcp, `${path}: LCP of ${lcp.toFixed(0)} ms`);
    over('cls', cls, `${path}: CLS of ${cls.toFixed(4)}`);
    over('tbt', tbt, `${path}: TBT of ${tbt.toFixed(0)} ms`);
  }
  const total = code.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(`\n${code.map(({ path, bytes }) => `${path} ${bytes}`).join('\n')}\ncode in all ${total} bytes`);
  over('code', total, `scripts and wasm: ${total} bytes`);
  console.log(past.length === 0 ? 'every page is within the limits' : `past the limits:\n${past.join('\n')}`);
  return past.length === 0 ? 0 : 1;
}

await main();
