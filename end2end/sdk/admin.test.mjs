// What the Portkey SDK for Node manages: each thing is created, read, updated, listed and deleted.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Portkey } from 'portkey-ai';
import { KEY, startWorld } from '../harness/world.mjs';

const CONFIG = { strategy: { mode: 'single' }, targets: [{ provider: '@alpha', override_params: { max_tokens: 5 } }] };
const messages = [{ role: 'user', content: 'good morning' }];
let world;

before(async () => {
  world = await startWorld('sdk-admin-node');
});
after(() => world?.end());

const client = (options = {}) => new Portkey({ apiKey: KEY, baseURL: world.base, ...options });
const listed = async (page, name, value) => (await page).data.find((item) => item[name] === value);

test('a config lives its life and routes calls', async () => {
  const { configs } = client();
  const made = await configs.create({ name: 'From Node', config: CONFIG, isDefault: 0, workspaceId: 'default' });
  const slug = made.slug ?? made.data.slug;
  assert.ok(slug.startsWith('pc-from-node-'));
  const read = await configs.retrieve({ slug });
  assert.deepEqual(read.config, CONFIG);
  const answer = await client({ config: slug }).chat.completions.create({ model: 'gpt-4o-mini', messages });
  assert.equal(answer.choices[0].message.content, 'You said: good morning');
  const changed = await configs.update({ slug, name: 'Renamed', config: { ...CONFIG, retry: { attempts: 1 } } });
  assert.ok(changed.version_id && changed.version_id !== made.version_id);
  assert.equal((await listed(configs.list({ workspaceId: 'default' }), 'slug', slug)).name, 'Renamed');
  await configs.delete({ slug });
  assert.equal(await listed(configs.list({}), 'slug', slug), undefined);
});

test('an integration and its provider live their lives', async () => {
  const { integrations, providers } = client();
  const made = await integrations.create({
    name: 'Shared', slug: 'node-shared', aiProviderId: 'openai', ai_provider_id: 'openai',
    key: 'sk-node-credential-1', create_default_provider: false,
  });
  assert.equal(made.slug, 'node-shared');
  await integrations.update({ slug: 'node-shared', name: 'Shared by all', description: 'for tests' });
  const read = await integrations.retrieve({ slug: 'node-shared' });
  assert.deepEqual([read.name, read.description, read.ai_provider_id], ['Shared by all', 'for tests', 'openai']);
  assert.ok(await listed(integrations.list({ pageSize: 100, currentPage: 0 }), 'slug', 'node-shared'));

  const { models, workspaces } = integrations;
  await models.update({
    slug: 'node-shared',
    models: [{ slug: 'gpt-4o', enabled: false }, { slug: 'rank-7b', enabled: true, is_custom: true }],
    allow_all_models: true,
  });
  const told = (await models.list({ slug: 'node-shared' })).models;
  const of = (slug) => told.find((model) => model.slug === slug);
  assert.deepEqual([of('gpt-4o').enabled, of('rank-7b').is_custom], [false, true]);
  await models.delete({ slug: 'node-shared', slugs: 'rank-7b' });
  assert.ok(!(await models.list({ slug: 'node-shared' })).models.some((model) => model.slug === 'rank-7b'));
  const here = async () => (await workspaces.list({ slug: 'node-shared' })).workspaces[0];
  const { id } = await here();
  for (const enabled of [true, false]) {
    await workspaces.update({ slug: 'node-shared', workspaces: [{ id, enabled, create_default_provider: false }] });
    assert.equal((await here()).enabled, enabled);
  }

  await providers.create({ name: 'One', integration_id: made.id, slug: 'node-one', note: 'n' });
  await providers.update({ slug: 'node-one', name: 'First', note: 'changed' });
  const provider = await providers.retrieve({ slug: 'node-one' });
  assert.deepEqual([provider.name, provider.note, provider.integration_id], ['First', 'changed', made.id]);
  assert.equal((await listed(providers.list({}), 'slug', 'node-one')).name, 'First');
  await providers.delete({ slug: 'node-one' });
  assert.equal(await listed(providers.list({}), 'slug', 'node-one'), undefined);

  await integrations.delete({ slug: 'node-shared' });
  assert.equal(await listed(integrations.list({}), 'slug', 'node-shared'), undefined);
});

test('a virtual key lives its life', async () => {
  const { virtualKeys } = client();
  const made = await virtualKeys.create({ name: 'Node key', provider: 'openai', key: 'sk-node-credential-2', note: 'n' });
  const slug = made.slug ?? made.data.slug;
  assert.equal(slug, 'node-key');
  await virtualKeys.update({ slug, name: 'Renamed', note: 'changed' });
  const read = await virtualKeys.retrieve({ slug });
  assert.deepEqual([read.name, read.note], ['Renamed', 'changed']);
  assert.equal((await listed(virtualKeys.list({}), 'slug', slug)).name, 'Renamed');
  await virtualKeys.delete({ slug });
  assert.equal(await listed(virtualKeys.list({}), 'slug', slug), undefined);
});

test('an API key lives its life and calls', async () => {
  const { apiKeys } = client();
  const made = await apiKeys.create({
    type: 'workspace', 'sub-type': 'service', name: 'node-ci', description: 'for tests', scopes: ['completions.write'],
    defaults: { metadata: { team: 'node' } },
    usage_limits: { type: 'tokens', creditLimit: 1000, alertThreshold: 750, periodicReset: 'weekly' },
    rate_limits: [{ type: 'requests', unit: 'rpm', value: 50 }],
  });
  const answer = await client({ apiKey: made.key }).chat.completions.create({ model: '@alpha/gpt-4o-mini', messages });
  assert.equal(answer.choices[0].message.content, 'You said: good morning');
  await apiKeys.update({ id: made.id, name: 'node-ci-2', scopes: ['completions.write', 'models.list'] });
  const read = await apiKeys.retrieve({ id: made.id });
  assert.deepEqual([read.name, read.scopes], ['node-ci-2', ['completions.write', 'models.list']]);
  assert.deepEqual([read.usage_limits.credit_limit, read.usage_limits.periodic_reset], [1000, 'weekly']);
  assert.deepEqual(read.rate_limits, [{ type: 'requests', unit: 'rpm', value: 50 }]);
  await assert.rejects(
    client({ apiKey: made.key }).chat.completions.create({ model: '@alpha/gpt-4o-mini', messages, max_tokens: 2000 }),
    (error) => error.status === 412 && /The budget of API key/.test(error.message),
  );
  assert.equal((await listed(apiKeys.list({ pageSize: 100 }), 'id', made.id)).name, 'node-ci-2');
  const rotated = await client().post(`/api-keys/${made.id}/rotate`, { key_transition_period_ms: 1_800_000 });
  assert.ok(rotated.key !== made.key && Date.parse(rotated.key_transition_expires_at) > Date.now());
  for (const apiKey of [made.key, rotated.key]) {
    await client({ apiKey }).chat.completions.create({ model: '@alpha/gpt-4o-mini', messages });
  }
  await apiKeys.delete({ id: made.id });
  assert.equal(await listed(apiKeys.list({}), 'id', made.id), undefined);
});
