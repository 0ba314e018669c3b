// What the browser's tests share: the whole of thumbgate as script/server runs it, Chromium as a person has it, and
// photographs from Debian's packages.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SCREENSHOTS = process.env.THUMBGATE_SCREENSHOTS ?? join(ROOT, 'build/tests/screenshots');
export const PATIENCE = 60_000; // ms: for what takes a busy machine long

const BACKGROUNDS = '/usr/share/backgrounds';
export const PHOTOGRAPHS = [
  'sunset_by_Aitzol_Berasategi', 'life_by_Aitzol_Berasategi', 'Kleiber_by_Lukas_Baubkus', 'Dragonfly_by_Bolly',
  'Wine_by_Jakkub_Mede'
].map((name) => join(BACKGROUNDS, `${name}.jpg`));

// Packages are installed outside the repository, by npm_ci.sh.
export const installed = createRequire(`${process.env.THUMBGATE_NODE_MODULES}/`);

// ---- The service ----

export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => { probe.on('listening', resolve); });
  const { port } = probe.address();
  await new Promise((resolve) => { probe.close(resolve); });
  return port;
}

// Runs script/server until stop(). url is its origin, port the edge's.
export async function startService() {
  const data = mkdtempSync(join(tmpdir(), 'thumbgate-browser-'));
  const port = await freePort();
  const server = spawn(join(ROOT, 'script/server'), ['--data', data, '--port', String(port)], {
    // Other tests share the processors: an upload waits, rather than be refused for them.
    env: { ...process.env, THUMBGATE_OVERLOAD_WAIT: '30s' },
    stdio: ['ignore', 'pipe', 'pipe']
  });
  let output = '';
  const ended = new Promise((resolve) => { server.on('exit', resolve); });
  const ready = new Promise((resolve, reject) => {
    const read = (chunk) => {
      output += chunk;
      if (output.includes('ready: ')) resolve();
    };
    server.stdout.on('data', read);
    server.stderr.on('data', read);
    ended.then(() => reject(new Error(`script/server ended:\n${output}`)));
  });
  await within(3 * PATIENCE, ready, 'script/server is not ready');
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.kill('SIGTERM');
      await within(PATIENCE, ended, 'script/server does not end');
      rmSync(data, { recursive: true, force: true });
    }
  };
}

async function within(ms, promise, problem) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(problem)), ms); });
  await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export async function eventually(what, check, ms = PATIENCE) {
  const deadline = Date.now() + ms;
  for (;;) {
    const result = await check();
    if (result) return result;
    assert.ok(Date.now() < deadline, `not in ${ms / 1000} s: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}

// ---- The browser ----

export async function startChromium() {
  const { chromium } = installed('playwright-core');
  const args = process.getuid() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: '/usr/bin/chromium', args, timeout: 2 * PATIENCE });
}

export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

// A profile of its own, with one page. complaints: what its console has said since, as warnings or worse.
export async function openProfile(browser, options = DESKTOP) {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'], ...options });
  context.setDefaultTimeout(PATIENCE);
  context.setDefaultNavigationTimeout(PATIENCE);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { context, page, complaints };
}

export async function screenshot(page, name) {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), animations: 'disabled' });
}

// ---- What a person does, and sees ----

export const tiles = (page) => page.locator('.tile.photo');

export async function add(page, files) {
  const before = await tiles(page).count();
  await page.setInputFiles('#files', files);
  await eventually(`${files.length} more photos`, async () => (await tiles(page).count()) === before + files.length);
}

// Every picture that the browser has asked for is there, and shows something.
export async function picturesAreThere(page, selector = '.tile.photo img') {
  await page.waitForFunction((wanted) => {
    const images = [...document.querySelectorAll(wanted)];
    return images.length > 0 && images.every((image) => image.complete && image.naturalWidth > 0);
  }, selector);
  // What is loaded is decoded and painted some time later.
  await page.evaluate((wanted) => Promise.all([...document.querySelectorAll(wanted)].map((image) => image.decode())), selector);
}

// What the network brought for thumbnails since the page began to load, in bytes.
export function transferred(page) {
  return page.evaluate(() => performance.getEntriesByType('resource')
    .filter(({ name }) => new URL(name).pathname.startsWith('/t/'))
    .map(({ transferSize }) => transferSize));
}

// What axe-core finds that keeps people out.
export async function seriousBarriers(page) {
  if (!await page.evaluate(() => 'axe' in globalThis)) await page.evaluate(installed('axe-core').source);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations
    .filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}

// Nobody is kept out, and nothing is cut off at the side; with a picture of it for who looks later.
export async function isFitToBeSeen(page, name) {
  await picturesAreThere(page, 'img:not([loading=lazy])');
  await screenshot(page, name);
  assert.deepEqual(await seriousBarriers(page), [], `${name}: axe-core finds something`);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${name}: ${overflow} pixels wider than the window`);
}

// What a QR code says, read by a program that knows nothing of it.
export async function readQrCode(locator) {
  const png = await locator.screenshot();
  const { stdout } = spawnSync('zbarimg', ['--raw', '--quiet', 'png:-'], { input: png, encoding: 'utf8' });
  return stdout.trim();
}
