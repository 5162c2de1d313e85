// The Portkey SDK for Node on every endpoint that passes through: method, path and credential of what goes upstream.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Portkey } from 'portkey-ai';
import { CONTENT, SOUND } from '../harness/ends.mjs';
import { collect } from '../harness/wait.mjs';
import { CREDENTIAL, KEY, startWorld } from '../harness/world.mjs';

const file = (name, bytes, type) => new File([bytes], name, { type });
const picture = () => file('dot.png', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), 'image/png');
const sound = () => file('hello.wav', 'RIFF....WAVE\r\n--', 'audio/wav');
let world;

before(async () => {
  world = await startWorld('sdk-endpoints-node', { routed: true });
});
beforeEach(() => world.upstream.clear());
after(() => world?.end());

const client = (options = { provider: '@alpha' }) => new Portkey({ apiKey: KEY, baseURL: world.base, ...options });
const bytes = async (answer) => Buffer.from(await answer.arrayBuffer());
const said = (answer) => answer.output[0].content[0].text;

// What is called, the request that reaches the provider, and what the caller reads of its answer.
const CALLS = [
  [async (c) => (await c.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'once' })).choices[0].text, 'POST /v1/completions', 'once and so on'],
  [async (c) => (await c.embeddings.create({ model: 'text-embedding-3-small', input: 'ab' })).data[0].embedding, 'POST /v1/embeddings', [2, 0.5, -0.25]],
  [async (c) => (await c.images.generate({ model: 'gpt-image-1', prompt: 'a yard' })).data[0].b64_json, 'POST /v1/images/generations', 'c2NyaXB0ZWQ='],
  [async (c) => (await c.images.edit({ model: 'gpt-image-1', image: picture(), prompt: 'x' })).data[0].b64_json, 'POST /v1/images/edits', 'c2NyaXB0ZWQ='],
  [async (c) => (await c.images.createVariation({ model: 'dall-e-2', image: picture() })).data[0].b64_json, 'POST /v1/images/variations', 'c2NyaXB0ZWQ='],
  [async (c) => bytes(await c.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'hello' })), 'POST /v1/audio/speech', SOUND],
  [async (c) => (await c.audio.transcriptions.create({ model: 'whisper-1', file: sound() })).text, 'POST /v1/audio/transcriptions', 'scripted sound'],
  [async (c) => (await c.audio.translations.create({ model: 'whisper-1', file: sound() })).text, 'POST /v1/audio/translations', 'scripted sound'],
  [async (c) => (await c.moderations.create({ model: 'omni-moderation-latest', input: 'x' })).results[0].flagged, 'POST /v1/moderations', false],
  [async (c) => (await c.files.create({ file: file('notes.jsonl', '{}\r\n\0'), purpose: 'batch' })).id, 'POST /v1/files', 'file-1'],
  [async (c) => (await c.files.list()).data[0].id, 'GET /v1/files', 'file-1'],
  [async (c) => (await c.files.list({ purpose: 'batch' })).data[0].id, 'GET /v1/files?purpose=batch', 'file-1'],
  [async (c) => (await c.files.retrieve('file-1')).filename, 'GET /v1/files/file-1', 'notes.jsonl'],
  [async (c) => (await c.files.delete('file-1')).deleted, 'DELETE /v1/files/file-1', true],
  [async (c) => (await c.batches.retrieve('batch-1')).status, 'GET /v1/batches/batch-1', 'in_progress'],
  [async (c) => (await c.batches.cancel('batch-1')).status, 'POST /v1/batches/batch-1/cancel', 'cancelling'],
  [async (c) => said(await c.responses.create({ model: 'gpt-4o-mini', input: 'hello' })), 'POST /v1/responses', 'scripted words'],
  [async (c) => (await c.responses.parse({ model: 'gpt-4o-mini', input: 'hello' })).output_text, 'POST /v1/responses', 'scripted words'],
  [async (c) => said(await c.responses.retrieve('resp-1')), 'GET /v1/responses/resp-1', 'scripted words'],
  [async (c) => (await c.responses.cancel('resp-1')).status, 'POST /v1/responses/resp-1/cancel', 'cancelled'],
  [async (c) => (await c.responses.inputItems.list('resp-1')).data[0].id, 'GET /v1/responses/resp-1/input_items', 'msg-0'],
  [async (c) => (await c.responses.inputTokens.count({ model: 'gpt-4o-mini', input: 'hello' })).input_tokens, 'POST /v1/responses/input_tokens', 7],
  [async (c) => (await c.models.list()).data[0].id, 'GET /v1/models', 'gpt-4o-mini'],
];

for (const [call, line, expected] of CALLS) {
  test(`${line} reaches the provider, and its answer the caller`, async () => {
    assert.deepEqual(await call(client()), expected);
    assert.deepEqual(world.upstream.calls.map((each) => `${each.method} ${each.path}${each.search}`), [line]);
    const { headers } = world.upstream.calls[0];
    assert.equal(headers.authorization, `Bearer ${CREDENTIAL}`);
    assert.deepEqual(Object.keys(headers).filter((name) => name.startsWith('x-portkey-')), []);
  });
}

test("a file's content comes back byte for byte", async () => {
  const answer = await fetch(`${world.base}/files/file-1/content`, { headers: { 'x-portkey-api-key': KEY, 'x-portkey-provider': '@alpha' } });
  assert.deepEqual(await bytes(answer), CONTENT);
  assert.equal(answer.headers.get('content-type'), 'application/octet-stream');
});

test('a recording is named by its model alone, and arrives whole', async () => {
  const heard = await client({}).audio.transcriptions.create({ model: '@alpha/whisper-1', file: sound() });
  assert.equal(heard.text, 'scripted sound');
  const [arrived] = world.upstream.calls;
  assert.equal(arrived.model, 'whisper-1');
  assert.ok(arrived.text.includes('RIFF....WAVE\r\n--'));
});

test('a response is streamed', async () => {
  const events = await collect(await client().responses.create({ model: 'gpt-4o-mini', input: 'hello', stream: true }));
  const words = events.filter((event) => event.type === 'response.output_text.delta').map((event) => event.delta);
  assert.equal(words.join(''), 'scripted words');
  assert.equal(events.at(-1).response.usage.total_tokens, 9);
});

test('a config routes every kind of body', async () => {
  const targets = [{ provider: '@alpha', override_params: { model: 'fail-503' } }, { provider: '@beta' }];
  const options = { config: { strategy: { mode: 'fallback' }, targets } };
  const made = await client(options).images.generate({ model: 'gpt-image-1', prompt: 'a yard' });
  assert.equal(made.getHeaders()['last-used-option-index'], 'config.targets[1]');
  await client(options).audio.transcriptions.create({ model: 'whisper-1', file: sound() });
  await client(options).responses.create({ model: 'gpt-4o-mini', input: 'hello' });
  const way = world.upstream.calls.map((call) => `${call.provider}/${call.model}`);
  const second = ['beta/gpt-image-1', 'beta/whisper-1', 'beta/gpt-4o-mini'];
  assert.deepEqual(way, second.flatMap((step) => ['alpha/fail-503', step]));
});

const REFUSED = [
  ['files of a closed account', (c) => c.files.list(), { provider: '@beta' }, 403, /open = \[\\"files\\"\]/],
  ['files of nobody', (c) => c.files.list(), {}, 400, /x-portkey-provider/],
  ['what the vendor lacks', (c) => c.post('/rerank', { model: 'r', query: 'q', documents: ['d'] }), { provider: '@alpha' }, 400, /@sandbox/],
];

for (const [what, call, options, status, words] of REFUSED) {
  test(`${what} is refused, and nothing is sent`, async () => {
    const refused = await call(client(options)).then(() => assert.fail('it was answered'), (error) => error);
    assert.equal(refused.status, status, `${refused}`);
    assert.match(JSON.stringify(refused.error), words);
    assert.equal(world.upstream.calls.length, 0);
  });
}
