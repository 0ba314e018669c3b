// What the CDN tests share: the vectors, the C++ library's decisions, and each function behind one face,
//
//   decide(setting, request) → { status, path, accept, expires } or { status, problem, headers }
//
// where `setting` has keys (a key file's text), now, presets, formats, and `request` has url (from the "/t/" on),
// accept and method. `path` is what the edge would be asked for, without prefix and signature; that the function
// signed it with the CDN's own key has been checked by then, with Node's crypto. It is "unchanged", and alone, where the
// edge is asked for what the viewer asked for.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, createHmac, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';

import { buildCloudFront } from '../../cdn/build.mjs';
import worker from '../../cdn/worker.mjs';

globalThis.crypto ??= webcrypto; // Node 18 has it behind a flag

export const KEYS = 'test 736563726574 68656c6c6f';
export const ORIGIN_KEYS = 'cdn 000102030405060708090a0b0c0d0e0f ff00';
export const PREFIX = '/t/';
export const ORIGIN_PREFIX = '/cdn/';
export const MAX_AGE = 2592000;

// Packages are installed outside the repository, by npm_ci.sh.
export async function installed(name) {
  const require = createRequire(`${process.env.THUMBGATE_NODE_MODULES}/`);
  return import(pathToFileURL(require.resolve(name)).href);
}

// ---- The vectors ----

export function readVectors(name) {
  return JSON.parse(readFileSync(new URL(`../../contract/vectors/${name}.json`, import.meta.url), 'utf8'));
}

// The text with "{}" replaced as the vector's `repeat` says.
export function expand(vector, text) {
  return vector.repeat ? text.replace('{}', vector.repeat.text.repeat(vector.repeat.times)) : text;
}

export function settingOf(vector) {
  return {
    keys: KEYS,
    now: vector.now ?? 0,
    presets: Object.fromEntries(vector.presets ?? []),
    size: vector.size ?? 32,
    sizes: (vector.sizes ?? []).map(String),
    formats: vector.offered ?? ['avif', 'webp']
  };
}

// ---- Signatures, computed without the code under test ----

export function signature(keyLine, path, size = 32) {
  const [key, salt] = keyLine.split(' ').slice(1).map((hex) => Buffer.from(hex, 'hex'));
  return createHmac('sha256', key).update(salt).update(path).digest().subarray(0, size).toString('base64url');
}

export function signed(path) {
  return PREFIX + signature(KEYS, path) + path;
}

// The URL of a vector of refusals.json.
export function urlOf(vector) {
  return vector.target === undefined ? signed(expand(vector, vector.path)) : PREFIX + expand(vector, vector.target);
}

// Takes prefix and signature off what the edge is asked for.
function verifiedPath(uri, size) {
  assert.ok(uri.startsWith(ORIGIN_PREFIX), uri);
  const target = uri.slice(ORIGIN_PREFIX.length);
  const path = target.slice(target.indexOf('/'));
  assert.equal(target, signature(ORIGIN_KEYS, path, size) + path);
  return path;
}

// The lines of tests/cdn/dump_links.cpp: { accept, url, status, path, token }, and the setting they are for.
export function generatedLinks(count) {
  return dumpLinks([String(count)]);
}

export function judgedByLibrary(keyLine, now, requests) {
  const input = requests.map((request) => `${request.accept ?? ''}\t${request.url}\n`).join('');
  return dumpLinks(['--verify', '--keys', keyLine, '--now', String(now), '--no-presets'], input).links;
}

function dumpLinks(args, input = '') {
  const run = spawnSync(process.env.THUMBGATE_DUMP_LINKS, args, { input, encoding: 'utf8', maxBuffer: 2 ** 30 });
  assert.equal(run.status, 0, run.stderr);
  return parseDump(run.stdout);
}

function parseDump(text) {
  const setting = { ...settingOf({}), keys: '' };
  const links = [];
  for (const line of text.split('\n')) {
    const columns = line.split('\t');
    if (columns[0] === '# keys') setting.keys = columns[1];
    else if (columns[0] === '# now') setting.now = Number(columns[1]);
    else if (columns[0] === '# preset') setting.presets[columns[1]] = columns[2];
    else if (columns.length === 5) {
      const [accept, url, status, path, token] = columns;
      links.push({ accept, url, status: Number(status), path, token });
    }
  }
  return { setting, links };
}

const ACCEPT_OF_TOKEN = {
  'avif+webp': 'image/avif,image/webp', base: 'image/jpeg,image/png', jpeg: 'image/jpeg', png: 'image/png',
  webp: 'image/webp', avif: 'image/avif', gif: 'image/gif', jxl: 'image/jxl'
};

export function acceptOfToken(token) {
  return ACCEPT_OF_TOKEN[token];
}

// ---- CloudFront: Node's vm with what the runtime has ----

const runtimeCrypto = { createHmac, createHash };

// `store`: the key value store, or undefined where the keys are constants.
export function loadCloudFront(code, now, store) {
  const context = vm.createContext({
    Buffer,
    console: { log() {} },
    require(name) {
      assert.equal(name, 'crypto');
      return runtimeCrypto;
    },
    cf: { kvs: () => store }
  });
  vm.runInContext(code.replace("import cf from 'cloudfront';", ''), context);
  vm.runInContext(`Date.now = () => ${now * 1000}`, context);
  return context.handler;
}

export function cloudFrontConfig(setting) {
  return {
    prefix: PREFIX, origin_prefix: ORIGIN_PREFIX, formats: setting.formats, max_age: MAX_AGE, presets: setting.presets,
    signature_size: setting.size, sizes: setting.sizes, keys: setting.keys, origin_keys: ORIGIN_KEYS
  };
}

export function requestEvent(request) {
  const [uri, query] = request.url.split('?');
  return {
    version: '1.0',
    context: { eventType: 'viewer-request', requestId: 'request-1' },
    viewer: { ip: '203.0.113.7' },
    request: {
      method: request.method ?? 'GET',
      uri,
      querystring: query === undefined ? {} : { [query]: { value: '' } },
      headers: request.accept === undefined ? {} : { accept: { value: request.accept } },
      cookies: {}
    }
  };
}

// What a handler answered, behind the one face.
export function cloudFrontDecision(answer, size = 32) {
  if (answer.statusCode !== undefined) {
    const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, header]) => [name, header.value]));
    return { status: answer.statusCode, problem: JSON.parse(answer.body.data), headers };
  }
  if (answer.uri.startsWith(PREFIX)) return { status: 200, path: 'unchanged' };
  assert.deepEqual([Object.keys(answer.querystring), Object.keys(answer.cookies)], [[], []]);
  const expires = Number(answer.headers['x-thumb-expires']?.value ?? 0);
  return { status: 200, path: verifiedPath(answer.uri, size), accept: answer.headers.accept.value, expires };
}

// A handler is loaded once a setting: callers with many requests pass the same object.
const handlers = new WeakMap();

export async function decideByCloudFront(setting, request) {
  if (!handlers.has(setting)) {
    handlers.set(setting, loadCloudFront(buildCloudFront(cloudFrontConfig(setting)), setting.now));
  }
  return cloudFrontDecision(await handlers.get(setting)(requestEvent(request)), setting.size);
}

// ---- The Worker ----

export function workerEnvironment(setting) {
  return {
    THUMB_KEYS: setting.keys,
    THUMB_ORIGIN_KEYS: ORIGIN_KEYS,
    THUMB_PREFIX: PREFIX,
    THUMB_ORIGIN_PREFIX: ORIGIN_PREFIX,
    THUMB_FORMATS: setting.formats.join(' '),
    THUMB_PRESETS: JSON.stringify(setting.presets),
    THUMB_MAX_AGE: String(MAX_AGE),
    THUMB_SIGNATURE_SIZE: String(setting.size),
    THUMB_SIZES: setting.sizes.join(' ')
  };
}

// What the Worker asked the edge for, behind the one face.
export function workerDecision(url, accept, size = 32) {
  const { pathname, search } = splitOrigin(url);
  if (pathname.startsWith(PREFIX)) return { status: 200, path: 'unchanged' };
  assert.equal(search, accept);
  return { status: 200, path: verifiedPath(pathname, size), accept };
}

function splitOrigin(url) {
  const [whole, search] = url.split('?');
  return { pathname: whole.slice(whole.indexOf('/', whole.indexOf('://') + 3)), search };
}

// In Node itself, with its WebCrypto. One request at a time: the clock and fetch are replaced meanwhile.
export async function decideByWorker(setting, request) {
  const original = { fetch: globalThis.fetch, now: Date.now };
  let asked = null;
  Date.now = () => setting.now * 1000;
  globalThis.fetch = async (url, init) => {
    asked = { url, init };
    return new Response('picture', { headers: { 'cache-control': 'public, max-age=2592000', age: '100' } });
  };
  try {
    const headers = new Headers(request.accept === undefined ? {} : { accept: request.accept });
    const incoming = { url: `https://img.example.com${request.url}`, method: request.method ?? 'GET', headers };
    const response = await worker.fetch(incoming, workerEnvironment(setting));
    if (asked === null) {
      return { status: response.status, problem: await response.json(), headers: Object.fromEntries(response.headers) };
    }
    const decision = workerDecision(asked.url, asked.init.headers.get('accept'), setting.size);
    return { ...decision, headers: Object.fromEntries(response.headers) };
  } finally {
    globalThis.fetch = original.fetch;
    Date.now = original.now;
  }
}
