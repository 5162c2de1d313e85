// For suites in other languages: starts a world, prints where it is as one line of JSON, and ends it when stdin closes.

import { KEY, PLAIN_KEY, CREDENTIAL, startWorld } from './world.mjs';

const world = await startWorld(process.argv[2] ?? 'serve');
console.log(JSON.stringify({ base: world.base, upstream: world.upstream.url, key: KEY, plain_key: PLAIN_KEY, credential: CREDENTIAL }));
process.stdin.resume();
process.stdin.once('end', () => world.end().then(() => process.exit(0), (error) => {
  console.error(error.message);
  process.exit(1);
}));
