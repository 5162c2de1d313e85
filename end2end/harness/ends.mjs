// What the scripted provider says on the endpoints besides text: small, and the same each time.

const CREATED = 1_764_000_000;
const FILE = { id: 'file-1', object: 'file', bytes: 5, created_at: CREATED, filename: 'notes.jsonl', purpose: 'batch', status: 'processed' };
const BATCH = {
  id: 'batch-1',
  object: 'batch',
  endpoint: '/v1/chat/completions',
  input_file_id: 'file-1',
  completion_window: '24h',
  status: 'in_progress',
  created_at: CREATED,
};
const MESSAGE = {
  id: 'msg-1',
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'scripted words', annotations: [] }],
};
const ANSWER = {
  id: 'resp-1',
  object: 'response',
  created_at: CREATED,
  model: 'gpt-4o-mini',
  status: 'completed',
  output: [MESSAGE],
  parallel_tool_calls: true,
  tool_choice: 'auto',
  tools: [],
  usage: {
    input_tokens: 7,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 2,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 9,
  },
};
const ASKED = { id: 'msg-0', type: 'message', role: 'user', status: 'completed', content: [{ type: 'input_text', text: 'hello' }] };
const PICTURE = { created: CREATED, data: [{ b64_json: 'c2NyaXB0ZWQ=' }] };
const HEARD = { text: 'scripted sound' };
const list = (data) => ({ object: 'list', data, first_id: data[0]?.id, last_id: data.at(-1)?.id, has_more: false });
const deleted = (id, object) => ({ id, object, deleted: true });

/** Bytes of what is no JSON. */
export const SOUND = Buffer.from([0xff, 0xfb, 0x90, 0x00, 0x0d, 0x0a, 0x00]);
export const CONTENT = Buffer.from([0x00, 0xfe, 0x0a, 0x0d, 0x22]);

const ENDS = {
  'POST /v1/images/generations': PICTURE,
  'POST /v1/images/edits': PICTURE,
  'POST /v1/images/variations': PICTURE,
  'POST /v1/audio/speech': SOUND,
  'POST /v1/audio/transcriptions': HEARD,
  'POST /v1/audio/translations': HEARD,
  'POST /v1/moderations': { id: 'modr-1', model: 'omni-moderation-latest', results: [{ flagged: false, categories: {}, category_scores: {} }] },
  'POST /v1/files': FILE,
  'GET /v1/files': list([FILE]),
  'GET /v1/files/file-1': FILE,
  'GET /v1/files/file-1/content': CONTENT,
  'DELETE /v1/files/file-1': deleted('file-1', 'file'),
  'POST /v1/batches': BATCH,
  'GET /v1/batches': list([BATCH]),
  'GET /v1/batches/batch-1': BATCH,
  'POST /v1/batches/batch-1/cancel': { ...BATCH, status: 'cancelling' },
  'POST /v1/responses': ANSWER,
  'GET /v1/responses/resp-1': ANSWER,
  'DELETE /v1/responses/resp-1': deleted('resp-1', 'response'),
  'POST /v1/responses/resp-1/cancel': { ...ANSWER, status: 'cancelled' },
  'GET /v1/responses/resp-1/input_items': list([ASKED]),
  'POST /v1/responses/compact': { id: 'cmp-1', object: 'response.compaction', created_at: CREATED, output: [], usage: ANSWER.usage },
  'POST /v1/responses/input_tokens': { object: 'response.input_tokens', input_tokens: 7 },
  'GET /v1/vector_stores': list([]),
};

/** `{status, kind, bytes}` of an answer; 404 where there is no such path. */
export function other(method, path, body) {
  if (path === '/v1/responses' && body.stream) {
    return { status: 200, kind: 'text/event-stream', bytes: told() };
  }
  const said = ENDS[`${method} ${path}`];
  if (said instanceof Buffer) {
    return { status: 200, kind: said === SOUND ? 'audio/mpeg' : 'application/octet-stream', bytes: said };
  }
  const error = { message: `No route ${method} ${path}.`, type: 'invalid_request_error', param: null, code: null };
  return { status: said ? 200 : 404, kind: 'application/json', bytes: JSON.stringify(said ?? { error }) };
}

/** The events of a streamed response. */
function told() {
  const begun = { ...ANSWER, status: 'in_progress', output: [], usage: null };
  const words = ['scripted ', 'words'];
  const events = [
    { type: 'response.created', response: begun },
    { type: 'response.output_item.added', output_index: 0, item: { ...MESSAGE, status: 'in_progress', content: [] } },
    ...words.map((delta) => ({ type: 'response.output_text.delta', item_id: 'msg-1', output_index: 0, content_index: 0, delta, logprobs: [] })),
    { type: 'response.output_item.done', output_index: 0, item: MESSAGE },
    { type: 'response.completed', response: ANSWER },
  ];
  return events.map((event, at) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: at })}\n\n`).join('');
}
