// A scripted provider on loopback that speaks OpenAI's dialect and remembers what reached it.

import { createServer } from 'node:http';
import { completion, embedding, events, fault, models, textCompletion } from './script.mjs';

/** Starts it on a free port: `{url, base, calls, clear, close}`; `base` ends in `/v1`, `calls` is what arrived since `clear`. */
export async function startUpstream() {
  const calls = [];
  const server = createServer((request, response) => void serve(request, response, calls));
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    url,
    base: `${url}/v1`,
    calls,
    clear: () => calls.splice(0),
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

async function serve(request, response, calls) {
  const path = new URL(request.url, 'http://upstream').pathname;
  if (path === '/_calls') {
    return json(response, 200, request.method === 'DELETE' ? calls.splice(0) : calls);
  }
  const text = await read(request);
  calls.push({ method: request.method, path, headers: request.headers, text });
  return answer(path, text ? JSON.parse(text) : {}, response);
}

async function read(request) {
  const parts = [];
  for await (const part of request) {
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function answer(path, body, response) {
  const failed = fault(body.model);
  if (failed) {
    return response.writeHead(failed.status, { ...failed.headers, 'content-type': 'application/json' }).end(failed.body);
  }
  switch (path) {
    case '/v1/chat/completions':
      return body.stream ? stream(response, body) : json(response, 200, completion(body));
    case '/v1/completions':
      return json(response, 200, textCompletion(body));
    case '/v1/embeddings':
      return json(response, 200, embedding(body));
    case '/v1/models':
      return json(response, 200, models());
    default:
      return json(response, 404, { error: { message: `No route ${path}.`, type: 'invalid_request_error', param: null, code: null } });
  }
}

function stream(response, body) {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  const all = events(body);
  for (const event of body.model === 'cut' ? all.slice(0, 2) : all) {
    response.write(event);
  }
  return response.end();
}

function json(response, status, body) {
  return response.writeHead(status, { 'content-type': 'application/json', 'x-ratelimit-remaining-requests': '99' }).end(JSON.stringify(body));
}
