// Starts the real binary in a folder of its own and ends it by its id.

import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const HERE = import.meta.dirname;
const READY_WITHIN = 30_000;
const STOP_WITHIN = 10_000;

/** The binary under test. */
export const BINARY = resolve(process.env.SWITCHYARD_BIN ?? join(HERE, '../../target/release/switchyard'));

/** Where logs of servers and pictures of failed pages go; ignored by git. */
export const RESULTS = join(HERE, '../test-results');

/** A fresh folder, and how to remove it. */
export function folder() {
  const path = mkdtempSync(join(tmpdir(), 'switchyard-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A port that was free a moment ago. */
export async function freePort() {
  const probe = createServer();
  await new Promise((resolve, reject) => probe.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Writes made-up calls for a server in `home` that does not run yet: `requests` of them over the last `days`. */
export function seed(home, { requests, days }, binary = BINARY) {
  const order = ['seed', '--requests', `${requests}`, '--days', `${days}`, '--data', join(home, 'data')];
  execFileSync(binary, order, { cwd: home, env: { PATH: process.env.PATH, HOME: home }, stdio: 'ignore' });
}

/**
 * Runs the binary until it is ready.
 *
 * `home` is its working folder, `setup` the text of a set-up file, `port` where it listens. Only PATH and HOME of this
 * process reach it, so that no provider's key in the environment changes what a test sees.
 */
export async function startServer({ name, home, setup = '', port, binary = BINARY, env = {} }) {
  const listen = `127.0.0.1:${port ?? (await freePort())}`;
  const file = join(home, 'switchyard.toml');
  writeFileSync(file, `listen = "${listen}"\ndata = "${join(home, 'data')}"\n${setup}`);
  mkdirSync(RESULTS, { recursive: true });
  const log = join(RESULTS, `${name}.log`);
  const child = spawn(binary, ['--setup', file], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const sink = createWriteStream(log, { flags: 'a' });
  child.stdout.pipe(sink, { end: false });
  child.stderr.pipe(sink, { end: false });
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
  const failed = new Promise((_, reject) => child.once('error', reject));
  const url = `http://${listen}`;
  const server = { url, base: `${url}/v1`, home, pid: child.pid, log, stop: () => stop(child, ended), kill: () => kill(child, ended) };
  await Promise.race([ready(url, child, log), failed]);
  return server;
}

async function ready(url, child, log) {
  const deadline = Date.now() + READY_WITHIN;
  while (Date.now() < deadline && child.exitCode === null) {
    const health = await fetch(`${url}/healthz`).catch(() => undefined);
    if (health?.status === 200) {
      return;
    }
    await pause(25);
  }
  await kill(child, new Promise((resolve) => (child.exitCode === null ? child.once('close', resolve) : resolve())));
  throw new Error(`the server did not become ready; it said:\n${readFileSync(log, 'utf8')}`);
}

/** Asks it to end, and resolves with its exit code. */
async function stop(child, ended) {
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN);
  return ended.finally(() => clearTimeout(late));
}

/** Ends it as a crash would. */
async function kill(child, ended) {
  child.kill('SIGKILL');
  return ended;
}
