// Figures as the Portkey SDK for Node reads them, beside the same computed from the raw rows of the log.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Portkey } from 'portkey-ai';
import { KEY, allLogs, startWorld } from '../harness/world.mjs';

const HOUR = 3_600_000;
const HISTORY = { requests: 1_200, days: 2 };
/** Value and weight of what is said of the newest calls. */
const SAID = [[5, 1], [-10, 0.5], [5, 0.25], [1, 1]];
/** What rescues a call: another target, or another try. */
const FALLBACK = {
  strategy: { mode: 'fallback' },
  targets: [
    { provider: '@alpha', override_params: { model: 'broken' } },
    { provider: '@sandbox', override_params: { model: 'echo' } },
  ],
};
const RETRY = { retry: { attempts: 3 }, provider: '@alpha' };
/** A 429 and a 500. */
const FAILING = ['@alpha/busy', '@alpha/broken'];
const messages = [{ role: 'user', content: 'good morning' }];
let world;
let span;
/** When the first of `SAID` was. */
let began;
/** All calls, as they are read without a filter. */
let rows;

before(async () => {
  world = await startWorld('sdk-analytics-node', { history: HISTORY });
  const metadata = { _user: 'ada', env: 'figures' };
  await client({ metadata, config: FALLBACK }).chat.completions.create({ messages });
  await client({ metadata, config: RETRY }).chat.completions.create({ model: 'flaky-2', messages });
  for (const model of FAILING) {
    await assert.rejects(client().chat.completions.create({ model, messages }));
  }
  began = Date.now();
  for (const [at, [value, weight]] of SAID.entries()) {
    const traceID = `said-${at % 3}`;
    await client({ traceID, metadata }).chat.completions.create({ model: '@alpha/gpt-4o-mini', messages });
    await client().feedback.create({ traceID, value, weight });
  }
  const form = (at) => new Date(at).toISOString();
  span = { time_of_generation_min: form(Date.now() - 3 * 24 * HOUR), time_of_generation_max: form(Date.now() + HOUR) };
  rows = (await allLogs(world.base, span)).map(figures);
  assert.equal(rows.length, HISTORY.requests + 2 + FAILING.length + SAID.length);
});
after(() => world?.end());

// A new client each time: per-call options stick to a client of this SDK.
const client = (options = {}) => new Portkey({ apiKey: KEY, baseURL: world.base, ...options });
const analytics = () => client().analytics;
/** A graph by its path in the contract, where this SDK spells it another way. */
const graph = (path) => (query) => client().get(`/analytics/graphs/${path}?${new URLSearchParams(query)}`);

/** What is counted of one record. */
function figures({ created_at, metrics, feedback, response }) {
  const metadata = Object.fromEntries(metrics['metadata.key'].map((key, at) => [key, metrics['metadata.value'][at]]));
  const hit = metrics.cache_status.endsWith('HIT');
  return {
    at: Date.parse(created_at),
    status: metrics.response_status_code,
    failed: metrics.response_status_code >= 400,
    cost: metrics.cost ?? 0,
    tokens: metrics.total_units,
    time: metrics.response_time,
    timed: !hit && metrics.virtual_key !== '',
    hit,
    asked: metrics.cache_status !== 'DISABLED',
    retries: metrics.retry_success_count,
    fell: metrics.mode === 'fallback' && /\[[1-9]/.test(response.lastUsedOptionJsonPath),
    model: metrics.ai_model,
    vendor: metrics.ai_org,
    provider: metrics.virtual_key,
    key: metrics.api_key_id,
    config: metrics.config ?? '',
    cache: metrics.cache_status,
    user: metadata._user,
    metadata,
    feedback: feedback.map(({ id, value, weight, created_at }) => ({ id, value, weight, at: Date.parse(created_at) })),
  };
}

const sum = (list, of) => list.reduce((total, each) => total + of(each), 0);
const each = (total, count) => (count > 0 ? total / count : null);
const share = (part, whole) => each(100 * part, whole);
const distinct = (list, of) => new Set(list.map(of)).size;

/** How often each value of `of` is there. */
function counts(list, of) {
  const found = new Map();
  list.forEach((one) => found.set(of(one), (found.get(of(one)) ?? 0) + 1));
  return found;
}

/** Fails unless `told` has the expected figures; sums of cents are binary fractions. */
function same(told, expected, what) {
  for (const [name, figure] of Object.entries(expected)) {
    const close = typeof figure === 'number' && Math.abs(told[name] - figure) <= 1e-9 * Math.max(1, Math.abs(figure));
    assert.ok(told[name] === figure || (told[name] !== null && close), `${what}: ${name} is ${told[name]}, by the rows ${figure}`);
  }
}

/** What is said of the calls, each once: a trace of several calls shows it with each. */
const said = (list) => [...new Map(list.flatMap((row) => row.feedback.map((each) => [each.id, { ...each, model: row.model }]))).values()];
const weighted = (list) => each(sum(list, ({ value, weight }) => value * weight), list.length);

const named = (list) => list.filter(({ user }) => user !== undefined);
const rescues = (list) => list.filter(({ failed, retries, fell }) => !failed && (retries > 0 || fell));

const failures = (list) => list.filter(({ failed }) => failed);
const hits = (list) => list.filter(({ hit }) => hit);
const hitRate = (list) => share(hits(list).length, list.filter(({ asked }) => asked).length);
const callsEach = (list) => each(named(list).length, distinct(named(list), ({ user }) => user));
const whole = (list, of) => ({ total: sum(list, of), avg: each(sum(list, of), list.length) });
const retried = (list) => rescues(list).filter(({ retries }) => retries > 0);
const fallen = (list) => rescues(list).filter(({ fell }) => fell);

/** Graphs over time: the way to them, and what their summary and their points are by the rows. */
const OVER_TIME = [
  ['requests', (query) => analytics().graphs.requests(query), (list) => ({ total: list.length })],
  ['cost', (query) => analytics().graphs.cost(query), (list) => whole(list, ({ cost }) => cost)],
  ['tokens', (query) => analytics().graphs.tokens(query), (list) => whole(list, ({ tokens }) => tokens)],
  ['errors', (query) => analytics().graphs.errors(query), (list) => ({ total: failures(list).length })],
  ['errors/rate', graph('errors/rate'), (list) => ({ rate: share(failures(list).length, list.length) })],
  ['users', (query) => analytics().graphs.users(query), (list) => ({ total: distinct(named(list), ({ user }) => user) })],
  [
    'users/requests',
    graph('users/requests'),
    (list) => ({ total: named(list).length, unique: distinct(named(list), ({ user }) => user), avg: callsEach(list) }),
    (list) => ({ avg: callsEach(list), total: undefined }),
  ],
  [
    'errors/stacks',
    graph('errors/stacks'),
    (list) => ({ total: failures(list).length }),
    (list, { stats }) => {
      const told = stats.map(({ response_status_code, count }) => [response_status_code, count]);
      assert.deepEqual(new Map(told), counts(failures(list), ({ status }) => status));
      return {};
    },
  ],
  [
    'requests/rescued',
    graph('requests/rescued'),
    (list) => ({ retry: retried(list).length, fallback: fallen(list).length }),
    (list, { retry }) => {
      const told = retry.map(({ retry_success_count, count }) => [retry_success_count, count]);
      assert.deepEqual(new Map(told), counts(retried(list), ({ retries }) => retries));
      return { fallback: fallen(list).length };
    },
  ],
  [
    'cache/hit-rate',
    graph('cache/hit-rate'),
    (list) => ({ total: hits(list).length, rate: hitRate(list) }),
    (list) => ({ simple_hits: hits(list).length, semantic_hits: 0, rate: hitRate(list) }),
  ],
];

for (const [path, way, summary, point = summary] of OVER_TIME) {
  test(`${path}: the summary and every point are those of the rows`, async () => {
    const told = await way(span);
    assert.equal(told.object, 'analytics-graph');
    same(told.summary, summary(rows), 'the summary');
    let seen = 0;
    for (const [list, cell] of cells(told.data_points)) {
      same(cell, point(list, cell), cell.timestamp);
      seen += list.length;
    }
    assert.equal(seen, rows.length, 'every call has a point');
  });
}

/** The points of a graph, each with the calls of its time, or with what else is in `list`. */
function cells(points, list = rows) {
  assert.ok(points.length > 24, 'there are points');
  const starts = points.map(({ timestamp }) => Date.parse(timestamp));
  return points.map((point, at) => [list.filter((row) => row.at >= starts[at] && row.at < (starts[at + 1] ?? Infinity)), point]);
}

test('latency: the mean is that of the rows, and percentiles are within 1 %', async () => {
  const told = await analytics().graphs.latency(span);
  const check = (list, figures, what) => {
    const times = list.filter((row) => row.timed).map((row) => row.time).sort((a, b) => a - b);
    if (times.length === 0) {
      return assert.equal(figures.avg, null, what);
    }
    assert.ok(Math.abs(figures.avg - sum(times, (time) => time) / times.length) <= 0.5, `${what}: avg ${figures.avg}`);
    for (const percent of [50, 90, 95, 99]) {
      const place = (percent / 100) * (times.length - 1);
      const [least, most] = [times[Math.floor(place)] * 0.99 - 0.5, times[Math.ceil(place)] * 1.01 + 0.5];
      const figure = figures[`p${percent}`];
      assert.ok(figure >= least && figure <= most, `${what}: p${percent} is ${figure}, by the rows ${least} to ${most}`);
    }
    return undefined;
  };
  check(rows, told.summary, 'the summary');
  cells(told.data_points).forEach(([list, point]) => check(list, point, point.timestamp));
});

test('errors/status-codes: each status has as many calls as there are rows', async () => {
  const told = await graph('errors/status-codes')(span);
  const failed = failures(rows);
  assert.ok(failed.length > 0, 'some calls failed');
  assert.deepEqual(told.summary, { total_errors: failed.length, unique_error_codes: distinct(failed, (row) => row.status) });
  assert.deepEqual(new Map(told.data_points.map(({ status_code, count }) => [status_code, count])), counts(failed, (row) => row.status));
});

test('the cache: hits, what they take and what they save', async () => {
  const mean = (list) => each(sum(list, (row) => row.time), list.length);
  assert.ok(hits(rows).length > 0, 'there are hits');
  const close = (told, expected, what) => assert.ok(told === expected || Math.abs(told - expected) <= 0.5, `${what}: ${told} instead of ${expected}`);
  const times = await graph('cache/latency')(span);
  cells(times.data_points).forEach(([list, point]) => close(point.avg, mean(hits(list)), point.timestamp));
  const { summary } = await analytics().summary.cache(span);
  assert.deepEqual([summary.hits, summary.total_requests], [hits(rows).length, rows.length]);
  close(summary.avg_latency, mean(hits(rows)), 'the mean of hits');
  assert.ok(summary.cache_speedup > 10, `${summary.cache_speedup}`);
  const saved = (await graph('cache/hit-rate')(span)).data_points.map((point) => point.cumulative_simple_cache_savings);
  assert.ok(saved.at(-1) > 0 && saved.every((cents, at) => at === 0 || cents >= saved[at - 1]), 'savings add up');
});

test('feedback: counts, scores, means and models are those of the rows', async () => {
  const { graphs } = analytics();
  const all = said(rows);
  const own = all.filter(({ at }) => at >= began).map(({ value, weight }) => [value, weight]);
  assert.deepEqual(own.sort(), [...SAID].sort(), 'what was said here is on the rows, beside what the history has');
  const [given, weights] = [await graphs.feedbacks(span), await graphs.feedbacks_weighted(span)];
  same(given.summary, { total: all.length }, 'the summary');
  same(weights.summary, { avg: weighted(all) }, 'the summary');
  assert.equal(sum(given.data_points, (point) => point.total), all.length);
  cells(given.data_points, all).forEach(([list, point]) => same(point, { total: list.length }, point.timestamp));
  cells(weights.data_points, all).forEach(([list, point]) => same(point, { avg: weighted(list) }, point.timestamp));
  const scores = await graph('feedbacks/scores')(span);
  assert.equal(scores.summary.total, all.length);
  assert.deepEqual(new Map(scores.data_points.map(({ score, total }) => [score, total])), counts(all, ({ value }) => value));
  const models = await graphs.feedback_ai_models(span);
  assert.deepEqual(new Map(models.data_points.map((point) => [point.ai_model, point.total])), counts(all, ({ model }) => model));
  for (const point of models.data_points) {
    same(point, { avg_weighted_feedback: weighted(all.filter(({ model }) => model === point.ai_model)) }, point.ai_model);
  }
});

/** Groups: how the SDK gives them, the field that names a row, and what it is of a call. */
const GROUPS = [
  ['users', (query) => analytics().groups.users(query), 'user', (row) => row.user],
  ['models', (query) => analytics().groups.aiModels(query), 'ai_model', (row) => row.model],
  ['workspaces', (query) => analytics().groups.workspaces(query), 'workspace', () => 'default'],
  ['a key of metadata', (query) => analytics().groups.metadata('env', query), 'metadata_value', (row) => row.metadata.env],
  ['providers', (query) => analytics().groups.groupedData('provider', query), 'provider', (row) => row.provider],
  ['API keys', (query) => analytics().groups.groupedData('api_key', query), 'api_key', (row) => row.key],
  ['configs', (query) => analytics().groups.groupedData('config', query), 'config', (row) => row.config],
  ['statuses', (query) => analytics().groups.groupedData('status_code', query), 'status_code', (row) => `${row.status}`],
];

for (const [what, way, field, of] of GROUPS) {
  test(`by ${what}: requests and cost of every row are those of the calls`, async () => {
    const told = [];
    for (let page = 0, total = 1; told.length < total; page += 1) {
      const list = await way({ ...span, page_size: 40, current_page: page });
      assert.equal(list.object, 'list');
      assert.ok(list.data.length > 0, `page ${page} of ${list.total} rows`);
      total = list.total;
      told.push(...list.data);
    }
    const expected = counts(rows.filter((row) => of(row)), of);
    assert.deepEqual(new Map(told.map((row) => [row[field], row.requests])), expected);
    for (const row of told) {
      const calls = rows.filter((call) => of(call) === row[field]);
      same(row, { cost: sum(calls, (call) => call.cost), object: 'analytics-group' }, row[field]);
      if ('avg_tokens' in row) {
        same(row, { avg_tokens: each(sum(calls, (call) => call.tokens), calls.length) }, row[field]);
      }
      if (field === 'metadata_value') {
        const heard = calls.filter((call) => call.feedback.length > 0);
        const opinions = { requests_with_feedback: heard.length, avg_weighted_feedback: weighted(heard.flatMap((call) => call.feedback)) };
        same(row, opinions, row[field]);
        const [seen, last] = [Date.parse(row.last_seen), Math.max(...calls.map((call) => call.at))];
        assert.ok(seen <= last && seen > last - HOUR, `${row[field]} was last seen ${row.last_seen}`);
      }
    }
  });
}

/** Graphs whose paths this SDK spells in its own way, and those of the contract. */
const SPELT = [
  ['usersRequests', 'users/requests'],
  ['errors_rate', 'errors/rate'],
  ['errors_stack', 'errors/stacks'],
  ['errors_status_code', 'errors/status-codes'],
  ['requests_rescued', 'requests/rescued'],
  ['cache_hit_rate', 'cache/hit-rate'],
  ['cache_latency', 'cache/latency'],
  ['feedbacks_score', 'feedbacks/scores'],
];

for (const [method, path] of SPELT) {
  test(`${method} tells the same as ${path}`, async () => {
    const [own, told] = [await analytics().graphs[method](span), await graph(path)(span)];
    assert.deepEqual([own.object, own.summary, own.data_points], [told.object, told.summary, told.data_points]);
  });
}

for (const [word, group] of [['model', 'ai-models'], ['workspace', 'workspaces'], ['ai_service', 'provider']]) {
  test(`grouped by ${word}, requests are those of ${group}`, async () => {
    const told = await Promise.all([word, group].map((each) => analytics().groups.groupedData(each, span)));
    const [own, expected] = told.map((list) => list.data.map(({ requests, cost }) => [requests, cost]));
    assert.deepEqual(own, expected);
  });
}

test('by prompt: no call has one', async () => {
  assert.deepEqual((await analytics().groups.groupedData('prompt', span)).data, []);
});

const FILTERS = [
  ['metadata', { metadata: '{"env":"prod","team":"search"}' }, (row) => row.metadata.env === 'prod' && row.metadata.team === 'search'],
  ['statuses', { status_code: '429,5xx' }, (row) => row.status === 429 || row.status >= 500],
  ['a vendor and its model', { ai_org_model: 'openai__gpt-5,cerebras__gpt-oss-120b' }, (row) => ['openai gpt-5', 'cerebras gpt-oss-120b'].includes(`${row.vendor} ${row.model}`)],
  ['keys', { api_key_ids: 'sample-agents,sample-research' }, (row) => ['sample-agents', 'sample-research'].includes(row.key)],
  ['virtual keys', { virtual_keys: '@cerebras' }, (row) => row.provider === 'cerebras'],
  ['configs', { configs: 'pc-search' }, (row) => row.config === 'pc-search'],
  ['the cache', { cache_status: 'hit' }, (row) => row.cache === 'HIT'],
  ['cost', { cost_min: 0.1, cost_max: 0.5 }, (row) => row.cost >= 0.1 && row.cost <= 0.5],
  ['tokens', { total_units_min: 2_000, prompt_token_max: 5_000 }, undefined],
  ['feedback', { weighted_feedback_min: 0, weighted_feedback_max: 10 }, undefined],
];

for (const [what, query, kept] of FILTERS) {
  test(`narrowed by ${what}, figures are those of the rows that pass`, async () => {
    const narrowed = { ...span, ...query };
    const list = (await allLogs(world.base, narrowed)).map(figures);
    assert.ok(list.length > 0 && list.length < rows.length, `${list.length} rows pass`);
    if (kept) {
      assert.equal(list.length, rows.filter(kept).length, 'the log is narrowed as the rows say');
    }
    const { graphs } = analytics();
    same((await graphs.requests(narrowed)).summary, { total: list.length }, 'requests');
    same((await graphs.cost(narrowed)).summary, { total: sum(list, (row) => row.cost) }, 'cost');
    same((await graphs.tokens(narrowed)).summary, { total: sum(list, (row) => row.tokens) }, 'tokens');
    same((await graphs.errors(narrowed)).summary, { total: list.filter((row) => row.failed).length }, 'errors');
  });
}

test('a time within the history counts what is in it, to the minute', async () => {
  const minute = 60_000;
  const [from, to] = [30, 6].map((hours) => Math.floor((Date.now() - hours * HOUR) / minute) * minute);
  const within = rows.filter((row) => row.at >= from && row.at < to);
  assert.ok(within.length > 0 && within.length < rows.length);
  const form = (at) => new Date(at).toISOString();
  const part = { time_of_generation_min: form(from), time_of_generation_max: form(to - 1) };
  const { summary, data_points: points } = await analytics().graphs.requests(part);
  assert.equal(summary.total, within.length);
  assert.equal(sum(points, (point) => point.total), within.length);
});

test('figures without a time are refused in words', async () => {
  const refused = await analytics().graphs.requests({}).catch((error) => error);
  assert.equal(refused.status, 400);
  assert.match(JSON.stringify(refused.error), /time_of_generation_min/);
});
