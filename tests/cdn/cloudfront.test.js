// The CloudFront Function, as it is deployed, in a context that has what its runtime has.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LIMIT, buildCloudFront } from '../../cdn/build.mjs';
import { testDecisions } from './decisions.mjs';
import {
  KEYS, MAX_AGE, ORIGIN_KEYS, cloudFrontConfig, cloudFrontDecision, decideByCloudFront, loadCloudFront, requestEvent,
  settingOf, signed
} from './support.mjs';

const NOW = 1700000000;
const setting = { ...settingOf({}), now: NOW };
const handlerOf = (config = {}) => loadCloudFront(buildCloudFront({ ...cloudFrontConfig(setting), ...config }), NOW);

// The event of a response to a request that the viewer-request function let pass.
function responseEvent(request, headers = {}, statusCode = 200) {
  return {
    version: '1.0',
    context: { eventType: 'viewer-response', requestId: 'request-1' },
    request,
    response: { statusCode, headers: { 'cache-control': { value: 'public, max-age=2592000' }, ...headers } }
  };
}

testDecisions('the CloudFront Function', decideByCloudFront);

test('a request outside the thumbnail location passes as it is', async () => {
  for (const url of ['/', '/api/photos', '/thumb/x', '/T/x']) {
    const event = requestEvent({ url: `${url}?a=1`, accept: 'text/html' });
    assert.deepEqual(await handlerOf()(structuredClone(event)), event.request);
  }
});

test('the answer to a link that ends is kept no longer than the link lives', async () => {
  const request = await handlerOf()(requestEvent({ url: signed(`/exp:${NOW + 60}/w:300/plain/photo://a`) }));
  const response = await handlerOf()(responseEvent(request, { age: { value: '86400' } }));
  assert.equal(response.headers['cache-control'].value, 'public, max-age=60, s-maxage=60, must-revalidate');
  assert.equal(response.headers.age, undefined);
});

test('so it is where the response event still has the request that the viewer sent', async () => {
  const { request } = requestEvent({ url: signed(`/exp:${NOW + 60}/w:300/plain/photo://a`) });
  request.headers['x-thumb-expires'] = { value: String(NOW + 9999) };
  const response = await handlerOf()(responseEvent(request));
  assert.equal(response.headers['cache-control'].value, 'public, max-age=60, s-maxage=60, must-revalidate');
});

test('what a cache keeps is never longer than is configured', async () => {
  const request = await handlerOf()(requestEvent({ url: signed(`/exp:${NOW + 2 * MAX_AGE}/w:300/plain/photo://a`) }));
  const response = await handlerOf()(responseEvent(request));
  const kept = `max-age=${MAX_AGE}, s-maxage=${MAX_AGE}`;
  assert.equal(response.headers['cache-control'].value, `public, ${kept}, must-revalidate`);
});

test('the answer to a link without an end, and an error, stay as the edge made them', async () => {
  const endless = await handlerOf()(requestEvent({ url: signed('/w:300/plain/photo://a') }));
  const unchanged = responseEvent(endless, { age: { value: '5' } });
  assert.deepEqual(await handlerOf()(structuredClone(unchanged)), unchanged.response);

  const ending = await handlerOf()(requestEvent({ url: signed(`/exp:${NOW + 60}/w:300/plain/photo://a`) }));
  const failed = responseEvent(ending, { 'cache-control': { value: 'no-store' } }, 503);
  assert.deepEqual(await handlerOf()(structuredClone(failed)), failed.response);

  const elsewhere = responseEvent({ uri: '/api/photos', headers: {} });
  assert.deepEqual(await handlerOf()(structuredClone(elsewhere)), elsewhere.response);
});

test('a viewer cannot say when a link ends', async () => {
  const event = requestEvent({ url: signed('/w:300/plain/photo://a') });
  event.request.headers['x-thumb-expires'] = { value: '1' };
  const request = await handlerOf()(event);
  assert.equal(request.headers['x-thumb-expires'], undefined);
});

test('a link by name or for one session reaches the edge as the viewer sent it, and so does the answer', async () => {
  for (const options of ['/exp:1700000060/lid:a', '/sid:0123456789abcdef0123456789abcdef']) {
    const event = requestEvent({ url: `${signed(`${options}/w:300/plain/photo://a`)}?x=1`, accept: 'image/png' });
    event.request.cookies = { thumbgate: { value: 'secret' } };
    event.request.headers['x-thumb-expires'] = { value: String(NOW + 9999) };
    const request = await handlerOf()(structuredClone(event));
    assert.deepEqual(request, event.request);
    const response = responseEvent(request, { 'cache-control': { value: 'private, no-cache' }, age: { value: '5' } });
    assert.deepEqual(await handlerOf()(structuredClone(response)), response.response);
    // Also where the CDN asks the edge under the same prefix.
    assert.deepEqual(await handlerOf({ origin_prefix: '/t/' })(structuredClone(response)), response.response);
  }
});

test('any other link is asked for without cookies', async () => {
  const event = requestEvent({ url: signed('/w:300/plain/photo://a') });
  event.request.cookies = { thumbgate: { value: 'secret' } };
  assert.deepEqual(Object.keys((await handlerOf()(event)).cookies), []);
});

test('a refusal carries the request id', async () => {
  const decision = cloudFrontDecision(await handlerOf()(requestEvent({ url: '/t/AAAA/plain/photo://a' })));
  assert.equal(decision.problem.request_id, 'request-1');
});

test('keys may be in the key value store', async () => {
  const stored = { keys: `# links\n${KEYS}\n`, origin_keys: `${ORIGIN_KEYS}\n` };
  const { keys, origin_keys: originKeys, ...config } = cloudFrontConfig(setting);
  const code = buildCloudFront(config);
  assert.ok(code.startsWith("import cf from 'cloudfront';\n"));
  assert.ok(!code.includes(keys.split(' ')[1]) && !code.includes(originKeys.split(' ')[1]));
  const handler = loadCloudFront(code, NOW, { get: async (name) => stored[name] });
  const request = requestEvent({ url: signed('/w:300/plain/photo://a') });
  assert.equal(cloudFrontDecision(await handler(request)).path, '/w:300/plain/photo://a');
  const forged = requestEvent({ url: '/t/AAAA/w:300/plain/photo://a' });
  assert.equal((await handler(forged)).statusCode, 403);
});

test('the function fits with two keys of each kind and presets, and one that does not is not built', () => {
  const key = (id) => `${id} ${'ab'.repeat(32)} ${'cd'.repeat(32)}`;
  const presets = { small: 'rs:fit:320:320/q:75', card: 'rs:fill:640:360/g:sm/f:webp', avatar: 'rs:fill:96:96/g:sm' };
  const config = { ...cloudFrontConfig(setting), presets, keys: key('a'), origin_keys: key('b') };
  assert.ok(Buffer.byteLength(buildCloudFront(config)) <= LIMIT);
  const many = Array.from({ length: 30 }, (_, i) => key(`key-${i}`)).join('\n');
  assert.throws(() => buildCloudFront({ ...config, keys: many }), /10240/);
});

test('comments of a key file do not become part of the function, and what is no key file is refused', () => {
  const code = buildCloudFront({ ...cloudFrontConfig(setting), keys: `# since spring\n${KEYS} # retired\n\n` });
  assert.ok(!code.includes('spring') && !code.includes('retired'));
  for (const keys of ['', '# nothing', 'test secret', 'test 00', 'test 00 0', `${KEYS} until=5`]) {
    assert.throws(() => buildCloudFront({ ...cloudFrontConfig(setting), keys }), /not a key file/);
  }
});
