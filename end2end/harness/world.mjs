// A server with everything declared in its set-up file, in front of a scripted provider.

import { folder, seed, startServer } from './server.mjs';
import { startUpstream } from './upstream.mjs';

export const OWNER = { email: 'ada@example.com', password: 'correct horse battery staple' };
/** May do everything. */
export const KEY = 'sy-end2endfullaccess0123456789abcdef';
/** Has the scopes that a key gets when nothing is said. */
export const PLAIN_KEY = 'sy-end2endplainscopes0123456789abcde';
/** Its default config is `pc-second`. */
export const ROUTED_KEY = 'sy-end2endrouteddefault0123456789ab';
/** What the provider `alpha` is called with; nothing else may ever reach it. */
export const CREDENTIAL = 'sk-end2end-upstream-credential-9f2e';
/** The same for `beta`. */
export const SECOND_CREDENTIAL = 'sk-end2end-second-credential-41c7';

/** What is saved as `pc-fallback`: the first provider is down. */
export const FALLBACK = {
  strategy: { mode: 'fallback' },
  targets: [
    { name: 'first', provider: '@alpha', override_params: { model: 'fail-503' } },
    { name: 'second', provider: '@beta', override_params: { model: 'gpt-4o-mini' } },
  ],
};

const text = JSON.stringify;

/** The set-up file's text: an owner, the provider `alpha` at `base`, two keys. */
export function setupFile(base) {
  return `
[owner]
email = ${text(OWNER.email)}
password = ${text(OWNER.password)}
[[provider]]
slug = "alpha"
vendor = "openai"
base_url = ${text(base)}
key = ${text(CREDENTIAL)}
[[api_key]]
name = "full"
value = ${text(KEY)}
scopes = ["*"]
metadata = { team = "ci" }
[[api_key]]
name = "plain"
value = ${text(PLAIN_KEY)}
`;
}

/** And with a second provider, `beta`, whose account is closed, saved configs, and a key with a default one. */
function routedFile({ base, second }) {
  const opened = setupFile(base).replace('vendor = "openai"', 'vendor = "openai"\nopen = ["files", "batches", "other"]');
  const own = { provider: '@beta', override_params: { model: 'gpt-4o-mini' } };
  return `${opened}
[[provider]]
slug = "beta"
vendor = "openai"
base_url = ${text(second)}
key = ${text(SECOND_CREDENTIAL)}
[[config]]
id = "pc-fallback"
body = ${text(text(FALLBACK))}
[[config]]
id = "pc-second"
body = ${text(text(own))}
[[api_key]]
name = "routed"
value = ${text(ROUTED_KEY)}
config = "pc-second"
`;
}

/**
 * Starts both; `end` stops them and removes what they wrote. `routed`: with a second provider and saved configs. `more`
 * is further text of the set-up file, `history` the made-up calls that are there already.
 */
export async function startWorld(name, { routed = false, more = '', history } = {}) {
  const upstream = await startUpstream();
  const home = folder();
  const setup = (routed ? routedFile(upstream) : setupFile(upstream.base)) + more;
  const start = async () => {
    if (history) {
      seed(home.path, history);
    }
    return startServer({ name, home: home.path, setup });
  };
  const server = await start().catch(async (error) => {
    await upstream.close();
    home.remove();
    throw error;
  });
  const end = async () => {
    const code = await server.stop();
    await upstream.close();
    home.remove();
    if (code !== 0) {
      throw new Error(`the server ended with ${code}; its words are in ${server.log}`);
    }
  };
  return { upstream, server, setup, url: server.url, base: server.base, end };
}

/** The newest log record of `trace`, read as a client does. */
export async function logOf(base, trace) {
  const answer = await fetch(`${base}/logs?trace_id=${encodeURIComponent(trace)}`, { headers: { 'x-portkey-api-key': KEY } });
  const list = await answer.json();
  return list.data?.[0];
}

/** Every log record that passes `query`, newest first, read page by page as a client does. */
export async function allLogs(base, query = {}) {
  const records = [];
  let cursor = '';
  do {
    const asked = new URLSearchParams({ ...query, page_size: '100', cursor });
    const answer = await fetch(`${base}/logs?${asked}`, { headers: { 'x-portkey-api-key': KEY } });
    const page = await answer.json();
    if (answer.status !== 200) {
      throw new Error(JSON.stringify(page));
    }
    records.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor);
  return records;
}
