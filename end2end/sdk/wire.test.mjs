// What no SDK shows: exact bytes, exact headers, and what never leaves the house.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { completion, events, fault } from '../harness/script.mjs';
import { eventually } from '../harness/wait.mjs';
import { CREDENTIAL, KEY, PLAIN_KEY, logOf, startWorld } from '../harness/world.mjs';

const messages = [{ role: 'user', content: 'good morning' }];
let world;

before(async () => {
  world = await startWorld('sdk-wire');
});
beforeEach(() => world.upstream.clear());
after(() => world?.end());

const post = (path, body, headers = { 'x-portkey-api-key': KEY }) =>
  fetch(`${world.base}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const chat = (body, headers) => post('/chat/completions', { model: '@alpha/gpt-4o-mini', messages, ...body }, headers);

test("an answer's bytes are the provider's", async () => {
  const answer = await chat({});
  assert.equal(answer.headers.get('content-type'), 'application/json');
  assert.equal(answer.headers.get('x-ratelimit-remaining-requests'), '99');
  assert.equal(await answer.text(), JSON.stringify(completion({ model: 'gpt-4o-mini', messages })));
});

for (const options of [{}, { stream_options: { include_usage: true } }, { stream_options: { include_usage: false } }]) {
  test(`a stream's bytes are the provider's, with ${JSON.stringify(options)}`, async () => {
    const answer = await chat({ stream: true, ...options });
    assert.equal(answer.headers.get('content-type'), 'text/event-stream');
    const expected = events({ model: 'gpt-4o-mini', messages, ...options }).join('');
    assert.equal(await answer.text(), expected);
  });
}

for (const model of ['missing', 'busy', 'broken']) {
  test(`the provider's refusal of \`${model}\` passes through unchanged`, async () => {
    const { status, body } = fault(model);
    const answer = await chat({ model: `@alpha/${model}` });
    assert.equal(answer.status, status);
    assert.equal(answer.headers.get('content-type'), 'application/json');
    assert.equal(await answer.text(), body);
  });
}

const AUTH = [
  ['A: our header', { 'x-portkey-api-key': KEY }, 200],
  ['B: a bearer', { authorization: `Bearer ${KEY}` }, 200],
  ["C: our header beside the SDK's placeholder", { 'x-portkey-api-key': KEY, authorization: 'Bearer OPENAI_API_KEY' }, 200],
  ['D: the key in both', { 'x-portkey-api-key': KEY, authorization: `Bearer ${KEY}` }, 200],
  ['nothing', {}, 401],
  ['the placeholder alone', { authorization: 'Bearer OPENAI_API_KEY' }, 401],
  ['an unknown key', { authorization: 'Bearer sy-unknown' }, 401],
];

for (const [what, headers, status] of AUTH) {
  test(`${what} gives ${status}`, async () => {
    const answer = await chat({}, headers);
    assert.equal(answer.status, status);
    assert.ok(answer.headers.get('x-portkey-trace-id'));
    const expected = status === 200 ? [`Bearer ${CREDENTIAL}`] : [];
    assert.deepEqual(world.upstream.calls.map((call) => call.headers.authorization), expected);
    const leaked = JSON.stringify(world.upstream.calls);
    assert.ok(!leaked.includes(KEY) && !leaked.includes('OPENAI_API_KEY'));
  });
}

const BAD = [
  ['truncated JSON', '{"model":"@alpha/gpt', 400],
  ['an array', '[]', 400],
  ['a model that is a number', '{"model":7,"messages":[]}', 400],
  ['no model', '{"messages":[]}', 400],
];

for (const [what, body, status] of BAD) {
  test(`${what} is refused in a shape that every SDK reads`, async () => {
    const answer = await post('/chat/completions', body);
    assert.equal(answer.status, status);
    assert.equal(answer.headers.get('content-type'), 'application/json');
    assert.ok(answer.headers.get('x-portkey-trace-id'));
    const told = await answer.json();
    assert.equal(told.status, 'failure');
    assert.equal(told.error.message, told.message);
    assert.ok(told.message.length > 10);
    assert.equal(world.upstream.calls.length, 0);
  });
}

test('a body of 20 MB is refused with 413', async () => {
  const answer = await chat({ messages: [{ role: 'user', content: 'x'.repeat(20 << 20) }] });
  assert.equal(answer.status, 413);
  assert.equal(world.upstream.calls.length, 0);
});

test('an unknown route is 404 with a trace', async () => {
  const answer = await fetch(`${world.base}/logs/nothing/here`, { headers: { 'x-portkey-api-key': KEY } });
  assert.equal(answer.status, 404);
  assert.equal(answer.headers.get('content-type'), 'application/json');
  assert.ok(answer.headers.get('x-portkey-trace-id'));
});

test('a path of a provider asks which provider', async () => {
  const answer = await fetch(`${world.base}/nothing/here`, { headers: { 'x-portkey-api-key': KEY } });
  assert.equal(answer.status, 400);
  assert.match((await answer.json()).message, /x-portkey-provider/);
  assert.ok(answer.headers.get('x-portkey-trace-id'));
});

test('a traceparent gives the trace, and the log says what was asked, served and spent', async () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const answer = await chat({}, { 'x-portkey-api-key': KEY, traceparent: `00-${trace}-00f067aa0ba902b7-01` });
  assert.equal(answer.headers.get('x-portkey-trace-id'), trace);
  const record = await logOf(world.base, trace);
  assert.equal(record.metrics.parent_span_id, '00f067aa0ba902b7');
  assert.equal(record.metrics.req_units, 10);
  assert.equal(record.metrics.res_units, 4);
  assert.ok(record.metrics.cost > 0);
  assert.equal(record.response.status, 200);
});

test('no credential is found in a log', async () => {
  const trace = 'masked-headers';
  const config = JSON.stringify({ provider: '@alpha', api_key: 'sk-inline-secret-0000' });
  const secrets = { authorization: 'Bearer sk-caller-secret-1111', cookie: 'sid=secret-2222', 'x-hidden': 'secret-3333' };
  await chat({}, {
    'x-portkey-api-key': KEY,
    'x-portkey-trace-id': trace,
    'x-portkey-config': config,
    'x-portkey-sensitive-headers': "['x-hidden']",
    ...secrets,
  });
  const record = JSON.stringify(await logOf(world.base, trace));
  for (const secret of [KEY, CREDENTIAL, 'sk-inline-secret-0000', 'sk-caller-secret-1111', 'secret-2222', 'secret-3333']) {
    assert.ok(!record.includes(secret), `${secret} is in the log`);
  }
});

test('a key without the scope cannot read logs', async () => {
  const answer = await fetch(`${world.base}/logs`, { headers: { 'x-portkey-api-key': PLAIN_KEY } });
  assert.equal(answer.status, 403);
});

test('a stream that the provider cuts short ends, and its row says so', async () => {
  const trace = 'cut-short';
  const answer = await chat({ model: '@alpha/cut', stream: true }, { 'x-portkey-api-key': KEY, 'x-portkey-trace-id': trace });
  assert.doesNotMatch(await answer.text(), /\[DONE\]/);
  assert.equal((await logOf(world.base, trace)).metrics.trace_id, trace);
});

test('a caller who leaves a stream is written down as gone', async () => {
  const trace = 'left-early';
  const leave = new AbortController();
  const answer = await fetch(`${world.base}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-portkey-api-key': KEY, 'x-portkey-trace-id': trace },
    body: JSON.stringify({ model: '@sandbox/lorem-500-20', messages, stream: true }),
    signal: leave.signal,
  });
  await answer.body.getReader().read();
  leave.abort();
  const record = await eventually(() => logOf(world.base, trace));
  assert.equal(record.response.status, 499);
  assert.ok(record.metrics.res_units < 500);
});
