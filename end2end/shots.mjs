// Pictures of every page, light and dark, wide and narrow, into shots/ (ignored by git).

import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { NARROW, WIDE, openBrowser, visitor } from './harness/browser.mjs';
import { signIn } from './harness/person.mjs';
import { folder, startServer } from './harness/server.mjs';
import { sendTraffic } from './harness/traffic.mjs';
import { startUpstream } from './harness/upstream.mjs';
import { KEY, OWNER, setupFile } from './harness/world.mjs';

const SHOTS = join(import.meta.dirname, 'shots');
const OUTSIDE = [['sign-in', '/sign-in'], ['sign-up', '/sign-up']];
const INSIDE = [
  ['overview', '/'],
  ['overview-1h', '/?range=1h'],
  ['logs', '/logs'],
  ['logs-errors', '/logs?status=error'],
  ['logs-no-match', '/logs?trace=none'],
  ['traces', '/traces'],
  ...['cost', 'latency', 'tokens', 'errors', 'cache', 'users', 'feedback'].map((tab) => [`analytics-${tab}`, `/analytics?tab=${tab}`]),
  ['configs', '/configs'],
  ['configs-new', '/configs/new'],
  ['config', '/configs/pc-shots'],
  ['config-versions', '/configs/pc-shots/versions'],
  ['providers', '/providers'],
  ['providers-connect', '/providers?connect=openai'],
  ['models', '/models'],
  ['models-add', '/models?add=1'],
  ['models-recompute', '/models/recompute'],
  ['transfer', '/settings/transfer'],
  ['reference', '/reference'],
  ['keys', '/keys'],
  ['keys-new', '/keys?new=1'],
  ['playground', '/playground'],
  ['budgets', '/budgets'],
  ['budgets-new', '/budgets?new=budget'],
  ['members', '/members'],
  ['first-steps', '/first-steps'],
  ['missing', '/nowhere'],
];
const TABS = ['chat', 'json', 'attempts', 'explain', 'cost', 'headers', 'metadata'];
/** Three levels deep, and limits with something to show. */
const CONFIG = {
  strategy: { mode: 'conditional', conditions: [{ query: { 'metadata.plan': 'paid' }, then: 'paid' }], default: 'free' },
  targets: [
    { name: 'paid', strategy: { mode: 'fallback' }, retry: { attempts: 2 }, targets: [
      { name: 'halves', strategy: { mode: 'loadbalance' }, cache: { mode: 'simple', max_age: 86_400 }, targets: [{ provider: '@alpha', weight: 3 }, { provider: '@sandbox', weight: 1 }] },
      { provider: '@sandbox', override_params: { model: 'echo' } },
    ] },
    { name: 'free', provider: '@sandbox', override_params: { model: 'echo' } },
  ],
};
const ROUTED = `
[[config]]
id = "pc-shots"
body = '${JSON.stringify(CONFIG)}'
[[policy]]
name = "all of it"
type = "cost"
credit_limit = 0.02
periodic_reset = "monthly"
[[policy]]
name = "each team"
type = "tokens"
credit_limit = 100000
group_by = ["metadata.team"]
lacking = "pass"
[[policy]]
name = "pace"
type = "requests"
unit = "rpm"
value = 5000
`;
const WIDTHS = [['1440', WIDE], ['390', NARROW]];

/** An installation nobody has called yet, and one with a day behind it. */
async function main() {
  rmSync(SHOTS, { recursive: true, force: true });
  mkdirSync(SHOTS, { recursive: true });
  const browser = await openBrowser();
  const upstream = await startUpstream();
  const setup = setupFile(upstream.base) + ROUTED;
  const homes = [folder(), folder(), folder()];
  const [blank, fresh, busy] = homes.map((home) => home.path);
  try {
    await shoot(browser, { name: 'blank', home: blank }, OUTSIDE, []);
    await shoot(browser, { name: 'fresh', home: fresh, setup }, [], INSIDE);
    await live(busy, setup);
    await shoot(browser, { name: 'busy', home: busy, setup }, OUTSIDE, INSIDE);
  } finally {
    await browser.close();
    await upstream.close();
    homes.forEach((home) => home.remove());
  }
}

/** Sends some calls, then gives them a day's history. */
async function live(home, setup) {
  const server = await startServer({ name: 'shots-traffic', home, setup });
  await sendTraffic(server.base, 130);
  await server.stop();
  execFileSync('python3', [join(import.meta.dirname, 'harness/history.py'), join(home, 'data/journal.db')]);
}

async function shoot(browser, start, outside, inside) {
  const server = await startServer({ ...start, name: `shots-${start.name}` });
  const details = start.name === 'busy' ? await logPages(server) : [];
  try {
    for (const theme of ['light', 'dark']) {
      for (const [width, viewport] of WIDTHS) {
        const guest = await visitor(browser, server.url, { viewport, colorScheme: theme, expected: [/^404 \/nowhere$/] });
        const take = picture(guest, `${start.name}-${width}-${theme}`);
        await guest.context.addCookies([{ name: 'theme', value: theme, url: server.url }]);
        await each(outside, take);
        if (inside.length > 0) {
          await signIn(guest, OWNER);
          await each([...inside, ...details], take);
        }
        await guest.leave();
      }
    }
  } finally {
    await server.stop();
  }
}

/** The newest answered call by each tab, its trace, and the newest that failed. */
async function logPages(server) {
  const ask = async (query) => {
    const answer = await fetch(`${server.base}/logs?page_size=1&${query}`, { headers: { authorization: `Bearer ${KEY}` } });
    return (await answer.json()).data[0];
  };
  const [answered, failed] = [await ask('status_code=200'), await ask('status_code=503')];
  const trace = `/traces/${encodeURIComponent(answered.metrics.trace_id)}`;
  return [...TABS.map((tab) => [`log-${tab}`, `/logs/${answered._id}?tab=${tab}`]), ['log-failed', `/logs/${failed._id}`], ['trace', trace]];
}

function picture(guest, place) {
  return async ([name, path]) => {
    await guest.visit(path);
    await guest.page.screenshot({ path: join(SHOTS, `${place}-${name}.png`) });
  };
}

async function each(pages, take) {
  for (const page of pages) {
    await take(page);
  }
}

await main();
