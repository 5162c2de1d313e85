// The Portkey SDK for Node, with only base URL and key set.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Portkey } from 'portkey-ai';
import { collect } from '../harness/wait.mjs';
import { CREDENTIAL, KEY, logOf, startWorld } from '../harness/world.mjs';

const MODEL = '@alpha/gpt-4o-mini';
const messages = [{ role: 'user', content: 'good morning' }];
let world;

before(async () => {
  world = await startWorld('sdk-portkey-node');
});
beforeEach(() => world.upstream.clear());
after(() => world?.end());

// A new client each time: per-call options stick to a client of this SDK.
const client = (options = {}) => new Portkey({ apiKey: KEY, baseURL: world.base, ...options });

test('a chat is answered, and its trace can be read', async () => {
  const answer = await client().chat.completions.create({ model: MODEL, messages });
  assert.equal(answer.choices[0].message.content, 'You said: good morning');
  assert.ok(answer.getHeaders()['trace-id']);
  assert.equal(world.upstream.calls[0].headers.authorization, `Bearer ${CREDENTIAL}`);
  assert.deepEqual(Object.keys(world.upstream.calls[0].headers).filter((name) => name.startsWith('x-portkey-')), []);
});

for (const asked of [false, true]) {
  test(`a stream ${asked ? 'ends with usage where it was asked for' : 'carries no usage where nobody asked'}`, async () => {
    const options = asked ? { stream_options: { include_usage: true } } : {};
    const stream = await client().chat.completions.create({ model: MODEL, messages, stream: true, ...options });
    const chunks = await collect(stream);
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
    assert.equal(text, 'You said: good morning');
    assert.equal(chunks.filter((chunk) => chunk.usage).length, asked ? 1 : 0);
  });
}

const FORMS = [
  ['a slug in the model', {}, MODEL],
  ['a provider with @', { provider: '@alpha' }, 'gpt-4o-mini'],
  ['a virtual key', { virtualKey: 'alpha' }, 'gpt-4o-mini'],
  ['a virtual key with @', { virtualKey: '@alpha' }, 'gpt-4o-mini'],
];

for (const [what, options, model] of FORMS) {
  test(`${what} names the provider`, async () => {
    await client(options).chat.completions.create({ model, messages });
    const [call] = world.upstream.calls;
    assert.equal(JSON.parse(call.text).model, 'gpt-4o-mini');
    assert.equal(call.headers.authorization, `Bearer ${CREDENTIAL}`);
  });
}

test('trace, span and metadata land in the log', async () => {
  const trace = 'trace-portkey-node';
  const options = { traceID: trace, spanId: 'span-1', spanName: 'greet', metadata: { _user: 'ada', env: 'prod' } };
  const answer = await client(options).chat.completions.create({ model: MODEL, messages });
  assert.equal(answer.getHeaders()['trace-id'], trace);
  const { metrics } = await logOf(world.base, trace);
  assert.deepEqual([metrics.trace_id, metrics.span_id, metrics.span_name], [trace, 'span-1', 'greet']);
  const metadata = Object.fromEntries(metrics['metadata.key'].map((key, at) => [key, metrics['metadata.value'][at]]));
  assert.equal(metadata._user, 'ada');
  assert.equal(metadata.env, 'prod');
  assert.equal(metadata.team, 'ci');
  assert.match(metrics.sdk_version, /^portkey-/);
});

test('embeddings come as numbers', async () => {
  const answer = await client().embeddings.create({ model: '@alpha/text-embedding-3-small', input: ['a', 'bc'] });
  assert.deepEqual(answer.data.map((row) => row.embedding), [[1, 0.5, -0.25], [2, 0.5, -0.25]]);
});

test('models are listed as they are called, and each can be retrieved', async () => {
  const { data } = await client().models.list();
  assert.ok(data.some((model) => model.id === '@sandbox/echo'));
  assert.equal((await client().models.retrieve('@sandbox/echo')).id, '@sandbox/echo');
});

const REFUSALS = [
  ['an unknown slug', '@nowhere/gpt-4o-mini', 400, 0, /alpha/],
  ["a model that the provider doesn't know", '@alpha/missing', 404, 1, /does not exist/],
  ['a provider that is out of quota', '@alpha/busy', 429, 1, /Rate limit reached/],
  ['a provider that fails', '@alpha/broken', 500, 1, /The server had an error/],
];

for (const [what, model, status, tries, text] of REFUSALS) {
  test(`${what} is said once, and the SDK does not try again`, async () => {
    const refused = await client().chat.completions.create({ model, messages }).catch((error) => error);
    assert.equal(refused.status, status, `${refused}`);
    assert.match(JSON.stringify(refused.error), text);
    assert.equal(world.upstream.calls.length, tries);
  });
}

test('a wrong key raises AuthenticationError', async () => {
  const refused = await client({ apiKey: 'sy-not-a-key-of-this-house' })
    .chat.completions.create({ model: MODEL, messages })
    .catch((error) => error);
  assert.equal(refused.constructor.name, 'AuthenticationError', `${refused}`);
  assert.match(refused.message, /Invalid API Key/);
});

test('feedback is given and revised, and stands in the log', async () => {
  const trace = 'trace-feedback-node';
  await client({ traceID: trace }).chat.completions.create({ model: MODEL, messages });
  const given = await client().feedback.create({ traceID: trace, value: 5, weight: 0.5, metadata: { _user: 'ada' } });
  assert.equal(given.status, 'success');
  const [id] = given.feedback_ids;
  await client().feedback.update({ feedbackID: id, value: -10 });
  const { feedback } = await logOf(world.base, trace);
  assert.deepEqual(feedback.map((row) => [row.id, row.value, row.weight, row.metadata]), [[id, -10, 0.5, { _user: 'ada' }]]);
});

test('feedback out of bounds is a bad request', async () => {
  const refused = await client().feedback.create({ traceID: 't', value: 11 }).catch((error) => error);
  assert.equal(refused.status, 400, `${refused}`);
  assert.match(JSON.stringify(refused.error), /whole number from -10 to 10/);
});

// This SDK has no method of its own for it.
test('a call that was made elsewhere is logged', async () => {
  const trace = 'trace-custom-node';
  await client().post('/logs', {
    request: { url: 'https://api.openai.com/v1/chat/completions', provider: 'openai', body: { model: 'gpt-4o' } },
    response: { response_time: 120, body: { model: 'gpt-4o', usage: { prompt_tokens: 1000, completion_tokens: 100 } } },
    metadata: { traceId: trace, spanId: 's-1', spanName: 'elsewhere' },
  });
  const { metrics } = await logOf(world.base, trace);
  assert.deepEqual([metrics.span_id, metrics.span_name, metrics.response_time], ['s-1', 'elsewhere', 120]);
  assert.deepEqual([metrics.total_units, metrics.cost], [1100, 0.35]);
});

test('an export is ordered, run, and downloaded by its address alone', async () => {
  const trace = 'trace-export-node';
  await client({ traceID: trace }).chat.completions.create({ model: MODEL, messages });
  const { exports } = client().logs;
  const order = { workspaceId: 'default', filters: { traceId: trace }, requestedData: ['trace_id', 'ai_model'] };
  const { id: exportId, total } = await exports.create(order);
  assert.equal(total, 1);
  await exports.update({ exportId, ...order });
  await exports.start({ exportId });
  let shown = await exports.retrieve({ exportId });
  for (const deadline = Date.now() + 30_000; shown.status === 'in_progress' && Date.now() < deadline; ) {
    await pause(20);
    shown = await exports.retrieve({ exportId });
  }
  assert.equal(shown.status, 'success');
  assert.ok((await exports.list({ workspaceId: 'default' })).data.some((row) => row.id === exportId));
  const { signed_url: address } = await exports.download({ exportId });
  const lines = (await (await fetch(address)).text()).trimEnd().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(lines, [{ trace_id: trace, ai_model: 'gpt-4o-mini-2024-07-18' }]);
  const late = await exports.cancel({ exportId }).catch((error) => error);
  assert.equal(late.status, 409, `${late}`);
});
