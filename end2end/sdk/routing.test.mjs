// The Portkey SDK for Node with configs: where a call goes, how often, what is cached, and what is told about it.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Portkey } from 'portkey-ai';
import { collect } from '../harness/wait.mjs';
import { CREDENTIAL, FALLBACK, KEY, ROUTED_KEY, SECOND_CREDENTIAL, logOf, startWorld } from '../harness/world.mjs';

const WORDS = 'good morning';
const SECOND = { provider: '@beta', override_params: { model: 'gpt-4o-mini' } };
const CACHED = { provider: '@alpha', cache: { mode: 'simple', max_age: 3600 } };
let world;

before(async () => {
  world = await startWorld('sdk-routing-node', { routed: true });
});
beforeEach(() => world.upstream.clear());
after(() => world?.end());

// A new client each time: per-call options stick to a client of this SDK.
const client = (options = {}) => new Portkey({ apiKey: KEY, baseURL: world.base, ...options });
const body = (words = WORDS) => ({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: words }] });
const ask = (options, words, more = {}) => client(options).chat.completions.create({ ...body(words), ...more });
const refusedWith = (call) => call.then(() => assert.fail('it was answered'), (error) => error);
const target = (model, more = {}) => ({ provider: '@alpha', override_params: { model }, ...more });
const strategy = (mode, targets, more = {}) => ({ strategy: { mode, ...more }, targets });
const way = () => world.upstream.calls.map((call) => `${call.provider}/${call.model}`);
const shown = (headers) => ['last-used-option-index', 'retry-attempt-count', 'cache-status'].map((name) => headers[name]);
const text = async (stream) => (await collect(stream)).map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');

const FORMS = [
  ['an object', () => ask({ config: FALLBACK })],
  ['text', () => ask({ config: JSON.stringify(FALLBACK) })],
  ['an id', () => ask({ config: 'pc-fallback' })],
  ["a call's own option", () => client().chat.completions.create(body(), { config: 'pc-fallback' })],
  ["a call's own object, over the client's", () => client({ config: 'pc-second' }).chat.completions.create(body(), { config: FALLBACK })],
];

for (const [what, call] of FORMS) {
  test(`a fallback is taken where the config is given as ${what}`, async () => {
    const answer = await call();
    assert.equal(answer.choices[0].message.content, `You said: ${WORDS}`);
    assert.deepEqual(way(), ['alpha/fail-503', 'beta/gpt-4o-mini']);
    const sent = world.upstream.calls.map((each) => each.headers.authorization);
    assert.deepEqual(sent, [`Bearer ${CREDENTIAL}`, `Bearer ${SECOND_CREDENTIAL}`]);
    assert.deepEqual(shown(answer.getHeaders()), ['config.targets[1]', '0', 'DISABLED']);
    assert.equal(answer.getHeaders().provider, 'openai');
  });
}

test("a key's default config routes a call that names no model, and the call's own replaces it", async () => {
  const { messages } = body();
  await client({ apiKey: ROUTED_KEY }).chat.completions.create({ messages });
  await ask({ apiKey: ROUTED_KEY, config: { provider: '@alpha' } });
  assert.deepEqual(way(), ['beta/gpt-4o-mini', 'alpha/gpt-4o-mini']);
});

const CHOICE = strategy('conditional', [target('gpt-4o', { name: 'big' }), target('gpt-4.1', { name: 'warm' }), { ...SECOND, name: 'small' }], {
  conditions: [
    { query: { 'metadata.plan': { $eq: 'paid' } }, then: 'big' },
    { query: { $and: [{ 'params.temperature': { $gte: 1 } }, { 'metadata.mood': { $regex: '^ho' } }] }, then: 'warm' },
  ],
  default: 'small',
});
const RETRIED = { attempts: 3, use_retry_after_headers: true };
const WAYS = [
  [
    'a fallback in a fallback',
    { config: strategy('fallback', [strategy('fallback', [target('fail-500'), target('fail-429')]), SECOND]) },
    {},
    ['alpha/fail-500', 'alpha/fail-429', 'beta/gpt-4o-mini'],
    ['config.targets[1]', '0', 'DISABLED'],
  ],
  [
    'weights',
    { config: strategy('loadbalance', [target('gpt-4o', { weight: 0 }), { ...SECOND, weight: 1 }]) },
    {},
    ['beta/gpt-4o-mini'],
    ['config.targets[1]', '0', 'DISABLED'],
  ],
  ['a condition on metadata', { config: CHOICE, metadata: { plan: 'paid' } }, {}, ['alpha/gpt-4o'], ['config.targets[0]', '0', 'DISABLED']],
  [
    'two conditions, on the body and on metadata',
    { config: CHOICE, metadata: { mood: 'hot' } },
    { temperature: 1.5 },
    ['alpha/gpt-4.1'],
    ['config.targets[1]', '0', 'DISABLED'],
  ],
  ['no condition that holds', { config: CHOICE, metadata: { mood: 'hot' } }, {}, ['beta/gpt-4o-mini'], ['config.targets[2]', '0', 'DISABLED']],
  ['retries', { config: target('throttled-2', { retry: RETRIED }) }, {}, Array(3).fill('alpha/throttled-2'), ['config', '2', 'DISABLED']],
];

for (const [what, options, more, expected, headers] of WAYS) {
  test(`${what} decide the way`, async () => {
    const answer = await ask(options, WORDS, more);
    assert.deepEqual(way(), expected);
    assert.deepEqual(shown(answer.getHeaders()), headers);
  });
}

test('turns are exact', async () => {
  const config = strategy('round-robin', [target('gpt-4o'), SECOND]);
  for (let call = 0; call < 4; call++) {
    await ask({ config });
  }
  const taken = way();
  assert.deepEqual(taken.slice(0, 2).sort(), ['alpha/gpt-4o', 'beta/gpt-4o-mini']);
  assert.deepEqual(taken.slice(2), taken.slice(0, 2));
});

test('a named header is forwarded, and no other', async () => {
  await ask({ provider: '@alpha', forwardHeaders: ['xTenant'], xTenant: 'north', xOther: 'south' });
  const { headers } = world.upstream.calls[0];
  assert.ok(JSON.stringify(headers).includes('north'));
  assert.ok(!JSON.stringify(headers).includes('south'));
});

// What the cache holds outlives a test, so each asks in words of its own.

test('an answer is kept, given again and refreshed', async () => {
  const words = 'node: kept, given again and refreshed';
  const statuses = [];
  for (const options of [{}, {}, { cacheForceRefresh: true }, {}]) {
    const answer = await ask({ config: CACHED, ...options }, words);
    statuses.push(answer.getHeaders()['cache-status']);
  }
  assert.deepEqual(statuses, ['MISS', 'HIT', 'REFRESH', 'HIT']);
  assert.equal(world.upstream.calls.length, 2);
});

const DIVIDED = [
  ['the same namespace', { cacheNamespace: 'n-1', metadata: { _user: 'ada' } }, { cacheNamespace: 'n-1', metadata: { _user: 'eve' } }, 'HIT'],
  ['another namespace', { cacheNamespace: 'n-2' }, { cacheNamespace: 'n-3' }, 'MISS'],
  ['the same metadata', { metadata: { _user: 'ada', env: 'x' } }, { metadata: { env: 'x', _user: 'ada' } }, 'HIT'],
  ['other metadata', { metadata: { _user: 'bob' } }, { metadata: { _user: 'eve' } }, 'MISS'],
];

for (const [what, first, then, status] of DIVIDED) {
  test(`with ${what} a second call is a ${status}`, async () => {
    const words = `node: ${what}`;
    await ask({ config: CACHED, ...first }, words);
    const again = await ask({ config: CACHED, ...then }, words);
    assert.equal(again.getHeaders()['cache-status'], status);
  });
}

for (const first of [false, true]) {
  test(`${first ? 'a stream is given again whole' : 'a whole answer is given again as a stream'}`, async () => {
    const words = `node: one entry for both, ${first}`;
    for (const stream of [first, !first]) {
      const answer = await ask({ config: CACHED }, words, { stream });
      assert.equal(stream ? await text(answer) : answer.choices[0].message.content, `You said: ${words}`);
    }
    assert.equal(world.upstream.calls.length, 1);
  });
}

test('spans and metadata land in one log record for all attempts', async () => {
  const traceID = 'node-spans';
  const metadata = { _user: 'ada', env: 'prod' };
  const answer = await ask({ config: 'pc-fallback', traceID, spanId: 'span-2', parentSpanId: 'span-1', spanName: 'answer', metadata });
  assert.equal(answer.getHeaders()['trace-id'], traceID);
  const { metrics, response } = await logOf(world.base, traceID);
  assert.deepEqual([metrics.span_id, metrics.parent_span_id, metrics.span_name], ['span-2', 'span-1', 'answer']);
  assert.deepEqual([metrics.mode, metrics.last_used_option_index, metrics.config], ['fallback', 1, 'pc-fallback']);
  assert.equal(response.lastUsedOptionJsonPath, 'config.targets[1]');
  const kept = Object.fromEntries(metrics['metadata.key'].map((key, at) => [key, metrics['metadata.value'][at]]));
  assert.deepEqual(kept, { ...metadata, team: 'ci' });
});

const KINDS = {
  400: 'BadRequestError',
  401: 'AuthenticationError',
  403: 'PermissionDeniedError',
  404: 'NotFoundError',
  408: 'APIError',
  409: 'ConflictError',
  412: 'APIError',
  422: 'UnprocessableEntityError',
  429: 'RateLimitError',
  500: 'InternalServerError',
  503: 'InternalServerError',
  529: 'InternalServerError',
};

for (const [status, kind] of Object.entries(KINDS)) {
  test(`${status} is a ${kind}, and the SDK does not try again`, async () => {
    const refused = await refusedWith(ask({ config: { provider: '@alpha' } }, WORDS, { model: `fail-${status}` }));
    assert.equal(refused.constructor.name, kind, `${refused}`);
    assert.equal(refused.status, Number(status));
    assert.match(JSON.stringify(refused.error), new RegExp(`scripted_${status}`));
    assert.equal(world.upstream.calls.length, 1);
  });
}

test("the last target's error is the call's", async () => {
  const config = strategy('fallback', [target('fail-500'), { ...target('fail-429'), provider: '@beta' }]);
  const refused = await refusedWith(ask({ config }));
  assert.equal(refused.status, 429);
  assert.deepEqual(way(), ['alpha/fail-500', 'beta/fail-429']);
});

test('retries that are used up are not begun again by the SDK', async () => {
  const refused = await refusedWith(ask({ config: target('throttled-9', { retry: { ...RETRIED, attempts: 2 } }) }));
  assert.equal(refused.constructor.name, 'RateLimitError', `${refused}`);
  assert.deepEqual(way(), Array(3).fill('alpha/throttled-9'));
});

test('a target that hangs is given up in time', async () => {
  const hanging = { provider: '@sandbox', override_params: { model: 'hang' }, request_timeout: 150 };
  const answer = await ask({ config: strategy('fallback', [hanging, SECOND]) });
  assert.equal(answer.getHeaders()['last-used-option-index'], 'config.targets[1]');
  const late = await refusedWith(ask({ provider: '@sandbox', requestTimeout: 100 }, WORDS, { model: 'hang' }));
  assert.equal(late.status, 408, `${late}`);
  assert.match(JSON.stringify(late.error), /exceeded the timeout sent in the request: 100ms/);
});

for (const model of ['fail-503', 'garbage', 'empty', 'reset-0']) {
  test(`a stream of ${model}, which has said nothing, falls back`, async () => {
    const first = { provider: '@sandbox', override_params: { model } };
    const stream = await ask({ config: strategy('fallback', [first, SECOND]) }, WORDS, { stream: true });
    assert.equal(await text(stream), `You said: ${WORDS}`);
    assert.deepEqual(way(), ['beta/gpt-4o-mini']);
  });
}

test('a stream that breaks later ends in an error', async () => {
  const config = strategy('fallback', [{ provider: '@sandbox', override_params: { model: 'reset-3' } }, SECOND]);
  const stream = await ask({ config }, 'one two three four five', { stream: true });
  await assert.rejects(collect(stream), (error) => /broke off/.test(error.message));
  assert.equal(world.upstream.calls.length, 0);
});

const UNFIT = [
  ['an unknown strategy', strategy('fallbak', [target('gpt-4o')]), /strategy\.mode/],
  ['an unknown id', 'pc-nowhere', /Invalid config id passed/],
  ['a guardrail, which does not exist yet', { provider: '@alpha', output_guardrails: ['pg-1'] }, /output_guardrails/],
  ['a private host', { provider: '@alpha', custom_host: 'http://127.0.0.1:9/v1' }, /Invalid custom host/],
];

for (const [what, config, words] of UNFIT) {
  test(`a config with ${what} is refused, and nothing is sent`, async () => {
    const refused = await refusedWith(ask({ config }));
    assert.equal(refused.status, 400, `${refused}`);
    assert.match(JSON.stringify(refused.error), words);
    assert.equal(world.upstream.calls.length, 0);
  });
}

test('a dry run tells the way and sends nothing', async () => {
  const told = await client({ config: FALLBACK }).post('/explain', body());
  assert.deepEqual([told.object, told.source], ['explain', 'header']);
  assert.deepEqual(told.steps.map((step) => [step.path, step.provider, step.model]), [
    ['config.targets[0]', '@alpha', 'fail-503'],
    ['config.targets[1]', '@beta', 'gpt-4o-mini'],
  ]);
  assert.match(told.steps[1].when, /config\.targets\[0\]/);
  assert.equal(world.upstream.calls.length, 0);
});
