// The Cloudflare Worker: in Node with its WebCrypto, where the clock can be set, and in workerd, its real runtime.
import assert from 'node:assert/strict';
import http from 'node:http';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';

import { testDecisions } from './decisions.mjs';
import { isLeftToEdge } from './generated.mjs';
import {
  MAX_AGE, acceptOfToken, decideByWorker, generatedLinks, installed, settingOf, signed, workerDecision,
  workerEnvironment
} from './support.mjs';

const { Miniflare } = await installed('miniflare');

const source = (name) => readFileSync(new URL(`../../cdn/${name}`, import.meta.url), 'utf8');

// The edge, as the Worker sees it: it answers with what it was asked.
const edge = {
  asked: null,
  answer: () => new Response('picture'),
  fetch(request) {
    edge.asked = { url: request.url, headers: Object.fromEntries(request.headers), method: request.method };
    return edge.answer(request);
  }
};

function optionsFor(setting) {
  return {
    modules: [
      { type: 'ESModule', path: 'worker.mjs', contents: source('worker.mjs') },
      { type: 'ESModule', path: 'core.mjs', contents: source('core.mjs') },
      { type: 'ESModule', path: 'signatures.mjs', contents: source('signatures.mjs') }
    ],
    compatibilityDate: '2025-07-01',
    bindings: workerEnvironment(setting),
    outboundService: edge.fetch
  };
}

const runtime = new Miniflare(optionsFor(settingOf({})));
const agent = new http.Agent({ keepAlive: true });
let deployed = JSON.stringify(settingOf({}));
after(async () => {
  agent.destroy();
  await runtime.dispose();
});

// Over a socket: no client in between that would write the URL in another way.
async function send(request) {
  const { hostname, port } = await runtime.ready;
  return new Promise((resolve, reject) => {
    const headers = { ...request.headers, ...(request.accept === undefined ? {} : { accept: request.accept }) };
    const method = request.method ?? 'GET';
    const outgoing = http.request({ agent, hostname, port, path: request.url, method, headers });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => { body += chunk; });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    outgoing.end();
  });
}

async function decideInWorkerd(setting, request) {
  const wanted = JSON.stringify({ ...setting, now: 0 });
  if (wanted !== deployed) await runtime.setOptions(optionsFor(setting));
  deployed = wanted;
  edge.asked = null;
  const { status, headers, body } = await send(request);
  if (edge.asked !== null) return { ...workerDecision(edge.asked.url, edge.asked.headers.accept, setting.size), headers };
  return { status, headers, problem: body && JSON.parse(body) };
}

// Its clock is the real one, and some bytes are nothing that HTTP can carry.
const canBeSent = (vector) => !vector.now && !vector.raw && !vector.expires && !(vector.repeat?.times > 8000);

testDecisions('the Worker in Node', decideByWorker);
testDecisions('the Worker in workerd', decideInWorkerd, canBeSent);

// Escaped or not.
function namesAnEnd(url) {
  const text = url.replace(/%([0-7][0-9A-Fa-f])/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return text.includes('exp');
}

test('workerd and the C++ library agree on generated links', async () => {
  const { setting, links } = generatedLinks(2000);
  const now = Math.floor(Date.now() / 1000);
  let checked = 0;
  for (const link of links) {
    // Times in the links lie around the generator's own moment, which is past; and a URL that any client rewrites on
    // its way (dot segments) cannot be checked.
    if (namesAnEnd(link.url)) continue;
    if (new URL(`http://x${link.url}`).href !== `http://x${link.url}`) continue;
    const decision = await decideInWorkerd({ ...setting, now }, link);
    if (isLeftToEdge(link, decision)) continue;
    assert.equal(decision.status, link.status, link.url);
    if (link.status === 200) assert.deepEqual([decision.path, decision.accept], [link.path, acceptOfToken(link.token)]);
    checked += 1;
  }
  assert.ok(checked > 1000, `${checked} of ${links.length}`);
});

test('the answer to a link that ends is kept no longer than the link lives', async () => {
  const setting = { ...settingOf({}), now: 1700000000 };
  const decision = await decideByWorker(setting, { url: signed('/exp:1700000060/w:300/plain/photo://a') });
  assert.equal(decision.headers['cache-control'], 'public, max-age=60, s-maxage=60, must-revalidate');
  assert.equal(decision.headers.age, undefined);
  const later = await decideByWorker(setting, { url: signed('/exp:1900000000/w:300/plain/photo://a') });
  assert.equal(later.headers['cache-control'], `public, max-age=${MAX_AGE}, s-maxage=${MAX_AGE}, must-revalidate`);
});

test('so it is in workerd, by its own clock', async () => {
  const expires = Math.floor(Date.now() / 1000) + 60;
  const decision = await decideInWorkerd(settingOf({}), { url: signed(`/exp:${expires}/w:300/plain/photo://a`) });
  const age = Number(/max-age=(\d+), s-maxage=\1, must-revalidate$/.exec(decision.headers['cache-control'])[1]);
  assert.ok(age > 0 && age <= 60, String(age));
  const ended = await decideInWorkerd(settingOf({}), { url: signed(`/exp:${expires - 120}/w:300/plain/photo://a`) });
  assert.equal(ended.status, 410);
});

test('the answer to a link without an end, and an error, stay as the edge made them', async () => {
  const setting = { ...settingOf({}), now: 1700000000 };
  const endless = await decideByWorker(setting, { url: signed('/w:300/plain/photo://a') });
  assert.equal(endless.headers['cache-control'], 'public, max-age=2592000');
  assert.equal(endless.headers.age, '100');

  edge.answer = () => new Response('no', { status: 503, headers: { 'cache-control': 'no-store' } });
  const expires = Math.floor(Date.now() / 1000) + 60;
  const failed = await decideInWorkerd(settingOf({}), { url: signed(`/exp:${expires}/w:300/plain/photo://a`) });
  edge.answer = () => new Response('picture');
  assert.equal(failed.headers['cache-control'], 'no-store');
});

test('conditions and ranges reach the edge, cookies do not', async () => {
  const headers = { 'if-none-match': '"x"', range: 'bytes=0-1', cookie: 'session=secret' };
  await decideInWorkerd(settingOf({}), { url: signed('/plain/photo://a'), headers });
  assert.equal(edge.asked.headers['if-none-match'], '"x"');
  assert.equal(edge.asked.headers.range, 'bytes=0-1');
  assert.equal(edge.asked.headers.cookie, undefined);
});

test('a link by name or for one session reaches the edge as the viewer sent it, and so does the answer', async () => {
  edge.answer = () => new Response('picture', { headers: { 'cache-control': 'private, no-cache', age: '5' } });
  for (const options of ['/exp:4000000000/lid:a', '/sid:0123456789abcdef0123456789abcdef']) {
    const headers = { cookie: 'session=secret', 'if-none-match': '"x"', accept: 'image/png,*/*' };
    const url = `${signed(`${options}/w:300/plain/photo:%2F%2Fa`)}?x=1`;
    const decision = await decideInWorkerd(settingOf({}), { url, headers });
    assert.ok(edge.asked.url.endsWith(url), edge.asked.url);
    for (const [name, value] of Object.entries(headers)) assert.equal(edge.asked.headers[name], value);
    assert.equal(decision.headers['cache-control'], 'private, no-cache');
  }
  edge.answer = () => new Response('picture');
});

test('a link with an option that only the edge knows reaches it as the viewer sent it', async () => {
  for (const options of ['/bl:3', '/rs:fill:100:100/g:fp:0.5:0.5', '/rs:auto:100:100', '/s:100:100:0:1', '/nonsense:1']) {
    const url = signed(`${options}/exp:4000000000/plain/photo:%2F%2Fa`);
    assert.equal((await decideInWorkerd(settingOf({}), { url })).path, 'unchanged');
    assert.ok(edge.asked.url.endsWith(url), edge.asked.url);
  }
});

test('a request outside the thumbnail location passes as it is', async () => {
  await decideInWorkerd(settingOf({}), { url: signed('/plain/photo://a') });
  edge.asked = null;
  await send({ url: '/api/photos?limit=3', accept: 'application/json' });
  assert.ok(edge.asked.url.endsWith('/api/photos?limit=3'), edge.asked.url);
  assert.equal(edge.asked.headers.accept, 'application/json');
});

test('a refused HEAD request has no body', async () => {
  await decideInWorkerd(settingOf({}), { url: signed('/plain/photo://a') });
  const response = await send({ url: '/t/AAAA/plain/photo://a', method: 'HEAD' });
  assert.equal(response.status, 403);
  assert.equal(response.headers['content-type'], 'application/problem+json');
  assert.equal(response.body, '');
});
