// Calls of many kinds, so that a page has something to show.

import { KEY, PLAIN_KEY } from './world.mjs';

const QUESTIONS = [
  'Which orders left the yard today?',
  'Summarise the incident of Monday in two sentences.',
  'Translate "mind the points" into French.',
  'Where is parcel 48-2210? The customer has waited for nine days.',
];

const MODELS = [
  '@alpha/gpt-4o-mini',
  '@alpha/gpt-4o',
  '@alpha/gpt-4.1-mini',
  '@sandbox/echo',
  '@sandbox/slow-120',
  '@sandbox/lorem-60-400',
  '@alpha/gpt-4o-mini',
  '@alpha/gpt-4o',
  '@sandbox/echo',
  '@alpha/busy',
  '@sandbox/fail-503',
];

const METADATA = [{ env: 'prod', _user: 'ada' }, { env: 'prod', _user: 'grace' }, { env: 'staging', _user: 'linus' }];

/** Sends `count` calls, eight at a time; what each answers does not matter here. */
export async function sendTraffic(base, count) {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      await send(base, next++);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

async function send(base, number) {
  const pick = (list) => list[number % list.length];
  const messages = [
    { role: 'system', content: 'You work at the **goods yard**. Be brief.' },
    { role: 'user', content: pick(QUESTIONS) },
  ];
  const answer = await fetch(`${base}/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${number % 3 ? KEY : PLAIN_KEY}`,
      'x-portkey-metadata': JSON.stringify(pick(METADATA)),
    },
    body: JSON.stringify({ model: pick(MODELS), messages, stream: number % 4 === 0 }),
  });
  await answer.text();
}
