// A scripted provider on loopback that speaks OpenAI's dialect and remembers what reached it.

import { createServer } from 'node:http';
import { other } from './ends.mjs';
import { completion, embedding, events, fault, models, textCompletion } from './script.mjs';

/**
 * Starts it on a free port: `{url, base, second, calls, clear, close}`. `base` and `second` end in `/v1` and are two
 * providers with one memory: `calls` is what reached either since `clear`, in its order, each with its `provider`.
 */
export async function startUpstream() {
  const calls = [];
  const server = createServer((request, response) => void serve(request, response, calls));
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    url,
    base: `${url}/v1`,
    second: `${url}/beta/v1`,
    calls,
    clear: () => calls.splice(0),
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

async function serve(request, response, calls) {
  const { pathname, search } = new URL(request.url, 'http://upstream');
  if (pathname === '/_calls') {
    return json(response, 200, request.method === 'DELETE' ? calls.splice(0) : calls);
  }
  const [provider, path] = pathname.startsWith('/beta/') ? ['beta', pathname.slice('/beta'.length)] : ['alpha', pathname];
  const { method, headers } = request;
  const text = await read(request);
  const body = parsed(headers, text);
  const earlier = calls.filter((call) => body.model && call.model === body.model).length;
  calls.push({ provider, method, path, search, headers, text, model: body.model });
  return answer({ method, path, body, earlier }, response);
}

async function read(request) {
  const parts = [];
  for await (const part of request) {
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/** A form's `model` is all that matters of it. */
function parsed(headers, text) {
  if (headers['content-type']?.startsWith('multipart/form-data')) {
    return { model: /name="model"[^]*?\r\n\r\n([^\r]*)/.exec(text)?.[1] };
  }
  return text ? JSON.parse(text) : {};
}

function answer(call, response) {
  const { method, path, body, earlier } = call;
  const failed = fault(body.model, earlier);
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
    default: {
      const { status, kind, bytes } = other(method, path, body);
      return response.writeHead(status, { 'content-type': kind }).end(bytes);
    }
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
