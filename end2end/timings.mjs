// How long pages and charts take with a full journal. Each line of the table stands for many addresses: all are asked
// a few times, and the slowest is measured. Ends with 1 where a line is past its limit. "Long" are analytics by a thousand
// users or under a filter.
//
// --requests N and --days D say how much is written first; --data FOLDER takes the journal of a folder that was seeded
// before; --runs N is how often the slowest is measured, --only lists, charts or pages what is.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CHROMIUM, hydrated, openBrowser, visitor } from './harness/browser.mjs';
import { signIn } from './harness/person.mjs';
import { BINARY, folder, startServer } from './harness/server.mjs';
import { KEY, OWNER, setupFile } from './harness/world.mjs';

const { values: asked } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    days: { type: 'string', default: '30' },
    data: { type: 'string' },
    runs: { type: 'string', default: '50' },
    only: { type: 'string' },
  },
});
const RUNS = Number(asked.runs);
/** How often each address is asked to find the slowest. */
const TRIES = 2;
const DAY = 86_400_000;

/** Milliseconds that the 95th of a hundred may take. */
const LIMITS = { page: 300, filtered: 200, chart: 150 };
const RANGES = ['24h', '7d', '30d'];
const TABS = ['cost', 'latency', 'tokens', 'errors', 'cache', 'users', 'feedback'];
const GROUPS = ['model', 'provider', 'key', 'config', 'status', 'cache', 'meta.env'];
/** A group of a thousand. */
const MANY = ['meta._user'];
/** What narrows analytics beside the group. */
const NARROWED = ['&model=gpt-5', '&meta=env%3Dprod', '&key=sample-agents&status=2xx'];

/** Of each filter a value that most calls have, one that few have, and one that none has. */
const FILTERS = {
  model: ['model=gpt-5', 'model=house-tuned-7b', 'model=nowhere-7'],
  status: ['status=2xx', 'status=5xx', 'status=418'],
  key: ['key=sample-support-prod', 'key=sample-intern', 'key=nobody'],
  metadata: ['meta=env%3Dprod', 'meta=_user%3Dacct_1399', 'meta=team%3Dnobody'],
  text: ['text=prod', 'text=acct_139', 'text=nowhere'],
};

const GRAPHS = ['requests', 'requests/rescued', 'cost', 'latency', 'tokens', 'users', 'users/requests', 'errors', 'errors/rate', 'errors/stacks', 'errors/status-codes', 'cache/hit-rate', 'cache/latency', 'feedbacks', 'feedbacks/weighted', 'feedbacks/scores', 'feedbacks/ai-models'];
const BY = ['users', 'ai-models', 'metadata/env', 'metadata/_user', 'workspaces', 'provider', 'api-keys', 'configs', 'status-codes', 'cache-status'];
/** What narrows charts: sums answer the first ones, the calls the others. */
const CHARTED = ['', '&ai_model=gpt-5', '&api_key_ids=sample-agents', '&metadata={"env":"prod"}', '&ai_model=gpt-5&metadata={"env":"prod"}', '&api_key_ids=sample-agents&status_code=200', '&metadata={"_user":"acct_1399"}'];

async function main() {
  const home = folder();
  const browser = await openBrowser();
  console.log(`first paints in ${CHROMIUM}, ${browser.version()}`);
  let server;
  try {
    server = await full(home.path);
    const state = await signedIn(browser, server.url);
    const past = [];
    for (const [name, lines] of Object.entries({ lists, charts, pages })) {
      if (asked.only && asked.only !== name) {
        continue;
      }
      const took = await timed(server, state, lines());
      past.push(...report(took));
      if (name === 'pages') {
        past.push(...report(await painted(browser, server, state, took)));
      }
    }
    console.log(past.length === 0 ? 'every line is within its limit' : `${past.length} past their limit: ${past.join('; ')}`);
    process.exitCode = past.length === 0 ? 0 : 1;
  } finally {
    await browser.close();
    await server?.stop();
    home.remove();
  }
}

/** A server with a month behind it. */
async function full(home) {
  const setup = setupFile('http://127.0.0.1:9/v1');
  if (asked.data) {
    mkdirSync(join(home, 'data'));
    cpSync(join(asked.data, 'journal.db'), join(home, 'data/journal.db'));
  }
  const server = await startServer({ name: 'timings', home, setup });
  if (asked.data) {
    return server;
  }
  await server.stop();
  const start = performance.now();
  const order = ['seed', '--setup', join(home, 'switchyard.toml'), '--requests', asked.requests, '--days', asked.days];
  execFileSync(BINARY, order, { cwd: home, env: { PATH: process.env.PATH, HOME: home } });
  console.log(`${asked.requests} calls over ${asked.days} days written in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  return startServer({ name: 'timings', home, setup });
}

async function signedIn(browser, url) {
  const guest = await visitor(browser, url);
  await signIn(guest, OWNER);
  const state = await guest.context.storageState();
  await guest.leave();
  return state;
}

function pages() {
  const across = (paths) => RANGES.flatMap((range) => paths.map((path) => path.replace('RANGE', range)));
  const tab = (name, groups, narrowed) => across(groups.flatMap((by) => narrowed.map((narrow) => `/analytics?range=RANGE&tab=${name}&by=${by}${narrow}`)));
  const long = (name) => [...tab(name, MANY, ['']), ...tab(name, [...GROUPS, ...MANY], NARROWED)];
  return [
    { name: 'Overview', paths: across(['/?range=RANGE']), limit: LIMITS.page },
    ...TABS.map((name) => ({ name: `Analytics, ${name}`, paths: tab(name, GROUPS, ['']), limit: LIMITS.page })),
    ...TABS.map((name) => ({ name: `Analytics, ${name}, long`, paths: long(name), limit: LIMITS.page })),
    { name: 'Logs', paths: across(['/logs?range=RANGE']), limit: LIMITS.page },
  ];
}

/** The first page of Logs under every filter, and under every two. */
function lists() {
  const names = Object.keys(FILTERS);
  const list = (name, filters) => ({ name: `Logs, ${name}`, paths: RANGES.flatMap((range) => filters.map((filter) => `/logs?range=${range}&${filter}`)), limit: LIMITS.filtered });
  const both = (one, other) => FILTERS[one].flatMap((first) => FILTERS[other].map((second) => `${first}&${second}`));
  const pairs = names.flatMap((one, at) => names.slice(at + 1).map((other) => list(`${one} and ${other}`, both(one, other))));
  const twice = list('metadata twice', ['meta=env%3Dprod&meta=team%3Dsupport', 'meta=env%3Ddev&meta=_user%3Dacct_0001']);
  return [...names.map((name) => list(name, FILTERS[name])), ...pairs, twice];
}

/** What is behind the charts, without a page around it. */
function charts() {
  const now = Date.now();
  const span = (days) => `time_of_generation_min=${new Date(now - days * DAY).toISOString()}&time_of_generation_max=${new Date(now).toISOString()}`;
  const chart = (name) => ({
    name: `Chart, ${name}`,
    paths: [1, 7, 30].flatMap((days) => CHARTED.map((narrow) => `/v1/analytics/${name}?${span(days)}${encodeURI(narrow)}`)),
    limit: LIMITS.chart,
  });
  return [...GRAPHS.map((name) => chart(`graphs/${name}`)), ...BY.map((name) => chart(`groups/${name}`)), chart('summary/cache')];
}

/** Lines with the slowest address of each, and how long the server took for it. */
async function timed(server, state, lines) {
  const cookie = state.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  const ask = async (path) => {
    const headers = path.startsWith('/v1/') ? { authorization: `Bearer ${KEY}` } : { cookie };
    const start = performance.now();
    const answer = await fetch(server.url + path, { headers, redirect: 'manual' });
    const body = await answer.text();
    if (answer.status !== 200) {
      throw new Error(`${path} gave ${answer.status}: ${body.slice(0, 300)}`);
    }
    return performance.now() - start;
  };
  const done = [];
  for (const line of lines) {
    const tried = [];
    for (const path of line.paths) {
      tried.push({ path, took: Math.min(...(await times(TRIES, () => ask(path)))) });
    }
    const [{ path }] = tried.sort((one, other) => other.took - one.took);
    done.push({ ...line, path, took: await times(RUNS, () => ask(path)) });
    process.stderr.write('.');
  }
  process.stderr.write('\n');
  return done;
}

/** A browser's first paint of the slowest address of each line. */
async function painted(browser, server, storageState, lines) {
  const guest = await visitor(browser, server.url, { storageState });
  const paint = async (path) => {
    await guest.page.goto(path);
    await hydrated(guest.page);
    return guest.page.evaluate(firstPaint);
  };
  const done = [];
  for (const line of lines) {
    await paint(line.path);
    done.push({ ...line, name: `${line.name}: first paint`, took: await times(RUNS, () => paint(line.path)) });
  }
  await guest.leave();
  return done;
}

/** Runs in the page: milliseconds from the click to the first text. */
function firstPaint() {
  return new Promise((resolve) => {
    const found = (list) => list.getEntriesByName('first-contentful-paint').forEach((entry) => resolve(entry.startTime));
    new PerformanceObserver(found).observe({ type: 'paint', buffered: true });
  });
}

async function times(count, run) {
  const took = [];
  for (let at = 0; at < count; at += 1) {
    took.push(await run());
  }
  return took;
}

/** Prints all and returns the names of those that are past their limit. */
function report(lines) {
  console.log(`${'milliseconds'.padEnd(38)}${'p50'.padStart(6)}${'p95'.padStart(6)}${'limit'.padStart(7)}  slowest of`);
  const past = lines.filter(({ name, path, paths, took, limit }) => {
    const sorted = took.toSorted((one, other) => one - other);
    const at = (share) => sorted[Math.ceil(sorted.length * share) - 1];
    const figure = (value, width) => value.toFixed(0).padStart(width);
    const short = decodeURIComponent(path).replace(/time_of_generation_m..=[^&]*&?/g, '');
    const over = at(0.95) > limit;
    console.log(`${name.padEnd(38)}${figure(at(0.5), 6)}${figure(at(0.95), 6)}${figure(limit, 7)}  ${String(paths.length).padStart(3)}  ${short}${over ? '  PAST IT' : ''}`);
    return over;
  });
  return past.map(({ name }) => name);
}

await main();
