// For suites in other languages: starts a world, prints where it is as one line of JSON, and ends it when stdin closes.

import { CREDENTIAL, FALLBACK, KEY, PLAIN_KEY, ROUTED_KEY, SECOND_CREDENTIAL, startWorld } from './world.mjs';

const world = await startWorld(process.argv[2] ?? 'serve', { routed: true });
const keys = { key: KEY, plain_key: PLAIN_KEY, routed_key: ROUTED_KEY };
const credentials = { credential: CREDENTIAL, second_credential: SECOND_CREDENTIAL };
console.log(JSON.stringify({ base: world.base, upstream: world.upstream.url, ...keys, ...credentials, fallback: FALLBACK }));
process.stdin.resume();
process.stdin.once('end', () => world.end().then(() => process.exit(0), (error) => {
  console.error(error.message);
  process.exit(1);
}));
