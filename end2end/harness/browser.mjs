// Debian's Chromium, and pages that remember every fault they meet.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import { RESULTS } from './server.mjs';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const PATIENCE = 15_000;

export const WIDE = { width: 1440, height: 900 };
export const NARROW = { width: 390, height: 844 };

export const CHROMIUM = process.env.SWITCHYARD_CHROMIUM ?? '/usr/bin/chromium';

export function openBrowser() {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/**
 * A visitor of his own, with no cookies: `{page, context, faults, visit, leave}`.
 *
 * `leave` fails on any console error, page error, policy violation, failed request or status of 400 and above that
 * `expected` (patterns of `STATUS PATH`) does not name.
 */
export async function visitor(browser, url, { expected = [], script = true, ...options } = {}) {
  const context = await browser.newContext({ baseURL: url, viewport: WIDE, javaScriptEnabled: script, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const faults = [];
  watch(page, faults, script, (line) => expected.some((pattern) => pattern.test(line)));
  const visit = async (path) => {
    const response = await page.goto(path);
    await hydrated(page, script);
    return response;
  };
  const leave = async () => {
    await context.close();
    assert.deepEqual(faults, []);
  };
  return { page, context, faults, visit, leave, script };
}

function watch(page, faults, script, expected) {
  page.on('pageerror', (error) => faults.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    // A refused request is watched as a response, with its path.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      faults.push(`console: ${message.text()}`);
    }
  });
  page.on('response', (response) => {
    const line = `${response.status()} ${new URL(response.url()).pathname}`;
    if (response.status() >= 400 && !expected(line)) {
      faults.push(line);
    }
  });
  page.on('requestfailed', (request) => {
    const error = request.failure()?.errorText;
    // A page that is left cancels what it was waiting for; a browser without scripts fetches none of them.
    const meant = error === 'net::ERR_ABORTED' || (!script && error === 'csp' && request.resourceType() === 'script');
    if (!meant) {
      faults.push(`${error} ${request.url()}`);
    }
  });
}

/** Waits until scripts have taken the page over. */
export async function hydrated(page, script = true) {
  if (script) {
    await page.waitForSelector('html[data-ready]', { state: 'attached' });
  }
}

/** Runs `story` for a visitor; a picture of the page is kept where it fails. */
export async function tell(browser, url, name, options, story) {
  const guest = await visitor(browser, url, options);
  try {
    await story(guest);
  } catch (error) {
    mkdirSync(RESULTS, { recursive: true });
    await guest.page.screenshot({ path: join(RESULTS, `${name}.png`), fullPage: true }).catch(() => {});
    await guest.context.close();
    error.message += `\nat ${guest.page.url()}, faults: ${JSON.stringify(guest.faults)}`;
    throw error;
  }
  await guest.leave();
}

/** What axe finds on the page as it is, one line a node. */
export async function violations(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary}`));
}

/** How far the document can be scrolled sideways, in pixels. */
export function overflow(page) {
  return page.evaluate(() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth);
}
