// The OpenAI SDK for Node, with only base URL and key set.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import OpenAI from 'openai';
import { collect } from '../harness/wait.mjs';
import { CREDENTIAL, KEY, PLAIN_KEY, startWorld } from '../harness/world.mjs';

const MODEL = '@alpha/gpt-4o-mini';
const messages = [{ role: 'user', content: 'good morning' }];
let world;
let client;

before(async () => {
  world = await startWorld('sdk-openai-node');
  client = new OpenAI({ baseURL: world.base, apiKey: PLAIN_KEY });
});
beforeEach(() => world.upstream.clear());
after(() => world?.end());

test('a chat is answered by the provider that the model names', async () => {
  const answer = await client.chat.completions.create({ model: MODEL, messages });
  assert.equal(answer.choices[0].message.content, 'You said: good morning');
  assert.equal(answer.usage.total_tokens, 14);
  const [call] = world.upstream.calls;
  assert.equal(JSON.parse(call.text).model, 'gpt-4o-mini');
  assert.equal(call.headers.authorization, `Bearer ${CREDENTIAL}`);
});

test('unknown fields reach the provider untouched', async () => {
  await client.chat.completions.create({ model: MODEL, messages, reasoning_effort: 'low', future_field: { deep: [1, null] } });
  const sent = JSON.parse(world.upstream.calls[0].text);
  assert.deepEqual(sent.future_field, { deep: [1, null] });
  assert.equal(sent.reasoning_effort, 'low');
});

for (const asked of [false, true]) {
  test(`a stream ${asked ? 'ends with usage where it was asked for' : 'carries no usage where nobody asked'}`, async () => {
    const options = asked ? { stream_options: { include_usage: true } } : {};
    const stream = await client.chat.completions.create({ model: MODEL, messages, stream: true, ...options });
    const chunks = await collect(stream);
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
    assert.equal(text, 'You said: good morning');
    assert.equal(chunks.at(-1).choices.length, asked ? 0 : 1);
    assert.deepEqual(chunks.filter((chunk) => chunk.usage).map((chunk) => chunk.usage.total_tokens), asked ? [14] : []);
    assert.equal(chunks.some((chunk) => 'usage' in chunk), asked);
    assert.equal(JSON.parse(world.upstream.calls[0].text).stream_options.include_usage, true);
  });
}

test('a stream that breaks off throws an error that says so', async () => {
  const words = [{ role: 'user', content: 'one two three four five' }];
  const stream = await client.chat.completions.create({ model: '@sandbox/reset-3', messages: words, stream: true });
  await assert.rejects(collect(stream), /broke off/);
});

test('tool calls come back as they were made', async () => {
  const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } }];
  const answer = await client.chat.completions.create({ model: MODEL, messages, tools });
  assert.equal(answer.choices[0].finish_reason, 'tool_calls');
  const [call] = answer.choices[0].message.tool_calls;
  assert.equal(call.function.name, 'weather');
  assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Oslo' });
});

test('JSON mode answers JSON', async () => {
  const answer = await client.chat.completions.create({ model: MODEL, messages, response_format: { type: 'json_object' } });
  assert.deepEqual(JSON.parse(answer.choices[0].message.content), { answer: 42 });
});

test('a text completion is answered', async () => {
  const answer = await client.completions.create({ model: '@alpha/gpt-3.5-turbo-instruct', prompt: 'Once' });
  assert.equal(answer.choices[0].text, 'Once and so on');
});

test('embeddings come as numbers', async () => {
  const answer = await client.embeddings.create({ model: '@alpha/text-embedding-3-small', input: ['a', 'bc'] });
  assert.deepEqual(answer.data.map((row) => [...row.embedding]), [[1, 0.5, -0.25], [2, 0.5, -0.25]]);
  assert.equal(answer.usage.total_tokens, 4);
});

test('models are listed as they are called, and each can be retrieved', async () => {
  const models = await collect(client.models.list());
  assert.ok(models.some((model) => model.id === '@sandbox/echo'));
  for (const model of models) {
    assert.match(model.id, /^@[\w-]+\/.+/);
    assert.equal(typeof model.created, 'number');
    assert.equal(typeof model.owned_by, 'string');
  }
  assert.equal((await client.models.retrieve('@sandbox/echo')).id, '@sandbox/echo');
});

test('the sandbox answers with no provider connected', async () => {
  const answer = await client.chat.completions.create({ model: '@sandbox/echo', messages });
  assert.match(answer.choices[0].message.content, /good morning/);
  assert.equal(world.upstream.calls.length, 0);
});

/** What the SDK holds for passing it tries twice more; each try is one call upstream. */
const TRIES = 3;
const REFUSALS = [
  ['an unknown slug', '@nowhere/gpt-4o-mini', OpenAI.BadRequestError, 400, /alpha.*sandbox|sandbox.*alpha/s, 0],
  ['a model without a provider', 'gpt-4o-mini', OpenAI.BadRequestError, 400, /x-portkey-provider/, 0],
  ["a model that the provider doesn't know", '@alpha/missing', OpenAI.NotFoundError, 404, /The model `missing` does not exist/, 1],
  ['a provider that is out of quota', '@alpha/busy', OpenAI.RateLimitError, 429, /Rate limit reached/, TRIES],
  ['a provider that fails', '@alpha/broken', OpenAI.InternalServerError, 500, /The server had an error/, TRIES],
];

for (const [what, model, kind, status, text, tries] of REFUSALS) {
  test(`${what} raises ${kind.name}`, async () => {
    const refused = await client.chat.completions.create({ model, messages }).catch((error) => error);
    assert.ok(refused instanceof kind, `${refused}`);
    assert.equal(refused.status, status);
    assert.match(refused.message, text);
    assert.ok(refused.headers.get('x-portkey-trace-id'));
    assert.equal(world.upstream.calls.length, tries);
  });
}

test('a wrong key raises AuthenticationError', async () => {
  const stranger = new OpenAI({ baseURL: world.base, apiKey: 'sy-not-a-key-of-this-house' });
  const refused = await stranger.chat.completions.create({ model: MODEL, messages }).catch((error) => error);
  assert.ok(refused instanceof OpenAI.AuthenticationError, `${refused}`);
  assert.match(refused.message, /Invalid API Key/);
  assert.equal(world.upstream.calls.length, 0);
});

test("a failed stream raises the provider's error", async () => {
  const refused = await client.chat.completions.create({ model: '@alpha/busy', messages, stream: true }).catch((error) => error);
  assert.ok(refused instanceof OpenAI.RateLimitError, `${refused}`);
  assert.equal(refused.headers.get('retry-after'), '7');
});

test('the provider may stand in a header beside an OpenAI key that is not ours', async () => {
  const headers = { 'x-portkey-api-key': KEY, 'x-portkey-provider': '@alpha' };
  const beside = new OpenAI({ baseURL: world.base, apiKey: 'OPENAI_API_KEY', defaultHeaders: headers });
  await beside.chat.completions.create({ model: 'gpt-4o-mini', messages });
  assert.equal(world.upstream.calls[0].headers.authorization, `Bearer ${CREDENTIAL}`);
});
