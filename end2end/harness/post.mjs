// What alerts are sent to: a webhook and a mail server on loopback that remember.

import { createHmac } from 'node:crypto';
import { createServer as createHttp } from 'node:http';
import { createServer as createTcp } from 'node:net';
import { eventually } from './wait.mjs';

const listen = (server) => new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));

/** `{url, got, next, close}`: `next(n)` waits for the n-th delivery, `{headers, text, body}`. */
export async function startWebhook() {
  const got = [];
  const server = createHttp(async (request, response) => {
    const parts = [];
    for await (const part of request) {
      parts.push(part);
    }
    const text = Buffer.concat(parts).toString();
    got.push({ headers: request.headers, text, body: JSON.parse(text) });
    response.writeHead(204).end();
  });
  await listen(server);
  return {
    url: `http://127.0.0.1:${server.address().port}/alerts`,
    got,
    next: (count) => eventually(() => got[count - 1]),
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

/** Whether a delivery was signed with `secret`. */
export function signed({ headers, text }, secret) {
  const [, seconds, code] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers['x-switchyard-signature']) ?? [];
  return code === createHmac('sha256', secret).update(`${seconds}.${text}`).digest('hex');
}

/** As much SMTP as a mail needs: `{url, mails, next, close}`; a mail is `{to, text}`. */
export async function startMailServer() {
  const mails = [];
  const sockets = new Set();
  const server = createTcp((socket) => {
    sockets.add(socket.on('error', () => {}));
    const mail = { to: [], text: '' };
    let letter = false;
    let rest = '';
    const say = (line) => socket.write(`${line}\r\n`);
    const hear = (line) => {
      if (letter) {
        letter = line !== '.';
        mail.text += letter ? `${line}\n` : '';
        return letter ? undefined : (mails.push(mail), say('250 taken'));
      }
      letter = line === 'DATA';
      mail.to.push(...(/^RCPT TO:<(.*)>/.exec(line)?.slice(1) ?? []));
      return say(letter ? '354 go on' : line === 'QUIT' ? '221 bye' : '250 fine');
    };
    say('220 here');
    socket.on('data', (data) => {
      const lines = (rest + data).split('\r\n');
      rest = lines.pop();
      lines.forEach(hear);
    });
  });
  await listen(server);
  return {
    url: `smtp://127.0.0.1:${server.address().port}`,
    mails,
    next: (count) => eventually(() => mails[count - 1]),
    close: () => new Promise((resolve) => {
      sockets.forEach((socket) => socket.destroy());
      server.close(resolve);
    }),
  };
}
