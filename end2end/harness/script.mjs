// What the scripted provider says: pure, so that a test can compute the very bytes it expects.

const CREATED = 1_764_000_000;

/**
 * Models it lists. `missing`, `busy` and `broken` fail, `fail-422` with that status, `flaky-2` with 503 and `throttled-2`
 * with 429 as often as they say; `cut` ends its stream early; the rest answer.
 */
export const MODELS = ['gpt-4o-mini', 'text-embedding-3-small', 'gpt-3.5-turbo-instruct'];

const FAULTS = {
  missing: {
    status: 404,
    headers: {},
    error: {
      message: 'The model `missing` does not exist or you do not have access to it.',
      type: 'invalid_request_error',
      param: null,
      code: 'model_not_found',
    },
  },
  busy: {
    status: 429,
    headers: { 'retry-after': '7' },
    error: { message: 'Rate limit reached.', type: 'requests', param: null, code: 'rate_limit_exceeded' },
  },
  broken: {
    status: 500,
    headers: {},
    error: { message: 'The server had an error.', type: 'server_error', param: null, code: null },
  },
};

/** `{status, headers, body}` of a call to a failing model, or undefined; `earlier`: how often it was called before. */
export function fault(model, earlier = 0) {
  const known = FAULTS[model] ?? rehearsed(model, earlier);
  return known && { status: known.status, headers: known.headers, body: JSON.stringify({ error: known.error }) };
}

function rehearsed(model, earlier) {
  const [, act, number] = /^(fail|flaky|throttled)-(\d+)$/.exec(model) ?? [];
  if (!act || (act !== 'fail' && earlier >= Number(number))) {
    return undefined;
  }
  const status = { fail: Number(number), flaky: 503, throttled: 429 }[act];
  const headers = act === 'throttled' ? { 'retry-after-ms': '20' } : {};
  return { status, headers, error: { message: `Scripted ${status}.`, type: 'scripted', param: null, code: `scripted_${status}` } };
}

/** The last user message, said back. */
export function reply(request) {
  const last = request.messages?.findLast((message) => message.role === 'user');
  return `You said: ${last?.content ?? ''}`;
}

export function usage(request) {
  const input = request.messages?.length ?? 1;
  const output = reply(request).split(' ').length;
  return {
    prompt_tokens: 10 * input,
    completion_tokens: output,
    total_tokens: 10 * input + output,
    prompt_tokens_details: { cached_tokens: 4 },
    completion_tokens_details: { reasoning_tokens: 1 },
  };
}

/** A whole `chat.completion`. */
export function completion(request) {
  return {
    id: 'chatcmpl-scripted',
    object: 'chat.completion',
    created: CREATED,
    model: `${request.model}-2024-07-18`,
    choices: [{ index: 0, ...choice(request), logprobs: null }],
    usage: usage(request),
    system_fingerprint: 'fp_scripted',
  };
}

function choice(request) {
  if (request.tools?.length) {
    const call = { id: 'call_1', type: 'function', function: { name: request.tools[0].function.name, arguments: '{"city":"Oslo"}' } };
    return { message: { role: 'assistant', content: null, tool_calls: [call] }, finish_reason: 'tool_calls' };
  }
  const content = request.response_format?.type === 'json_object' ? '{"answer":42}' : reply(request);
  return { message: { role: 'assistant', content, refusal: null }, finish_reason: 'stop' };
}

/** The events of a stream as OpenAI frames them; with usage asked for, each carries `"usage":null` and one more has the figures. */
export function events(request) {
  const asked = request.stream_options?.include_usage === true;
  const words = reply(request).split(/(?<= )/);
  const deltas = [{ role: 'assistant', content: '' }, ...words.map((content) => ({ content }))];
  const chunks = deltas.map((delta) => chunk(request, [{ index: 0, delta, finish_reason: null }]));
  chunks.push(chunk(request, [{ index: 0, delta: {}, finish_reason: 'stop' }]));
  const framed = chunks.map((each) => frame(asked ? { ...each, usage: null } : each));
  if (asked) {
    framed.push(frame({ ...chunk(request, []), usage: usage(request) }));
  }
  return [...framed, 'data: [DONE]\n\n'];
}

function chunk(request, choices) {
  return { id: 'chatcmpl-scripted', object: 'chat.completion.chunk', created: CREATED, model: `${request.model}-2024-07-18`, choices };
}

function frame(body) {
  return `data: ${JSON.stringify(body)}\n\n`;
}

/** A `text_completion`. */
export function textCompletion(request) {
  return {
    id: 'cmpl-scripted',
    object: 'text_completion',
    created: CREATED,
    model: request.model,
    choices: [{ index: 0, text: `${request.prompt} and so on`, logprobs: null, finish_reason: 'length' }],
    usage: { prompt_tokens: 3, completion_tokens: 3, total_tokens: 6 },
  };
}

/** One small vector an input. */
export function embedding(request) {
  const inputs = Array.isArray(request.input) ? request.input : [request.input];
  return {
    object: 'list',
    data: inputs.map((input, index) => ({ object: 'embedding', index, embedding: vector(input, request.encoding_format) })),
    model: request.model,
    usage: { prompt_tokens: 2 * inputs.length, total_tokens: 2 * inputs.length },
  };
}

function vector(input, format) {
  const numbers = [input.length, 0.5, -0.25];
  return format === 'base64' ? Buffer.from(new Float32Array(numbers).buffer).toString('base64') : numbers;
}

export function models() {
  return { object: 'list', data: MODELS.map((id) => ({ id, object: 'model', created: CREATED, owned_by: 'scripted' })) };
}
