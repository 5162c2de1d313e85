// Waiting without sleeping blindly: for a stream's end, and for something that becomes true by itself.

import { setTimeout as pause } from 'node:timers/promises';

/** Everything an async iterable yields. */
export async function collect(stream) {
  const all = [];
  for await (const each of stream) {
    all.push(each);
  }
  return all;
}

/** Asks again until `question` answers something truthy, for at most `within` milliseconds. */
export async function eventually(question, within = 10_000) {
  const deadline = Date.now() + within;
  for (;;) {
    const answer = await question();
    if (answer) {
      return answer;
    }
    if (Date.now() > deadline) {
      throw new Error(`not so within ${within} ms: ${question}`);
    }
    await pause(50);
  }
}
