// What of the page needs no browser: the queue of uploads on a clock of its own, placeholders, and words.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';

import { installed, ROOT } from './support.mjs';

// Node 18 has it behind a flag.
globalThis.CustomEvent ??= class extends Event {
  constructor(type, { detail }) {
    super(type);
    this.detail = detail;
  }
};
// A browser is told by the page that these are modules, Node by a package.json, which is not to be served.
const copy = mkdtempSync(join(tmpdir(), 'thumbgate-web-'));
after(() => rmSync(copy, { recursive: true }));
cpSync(join(ROOT, 'web'), copy, { recursive: true });
writeFileSync(join(copy, 'package.json'), '{"type": "module"}');
const { ApiError, connectionLost } = await import(join(copy, 'api.js'));
const { ago, count, ends, size } = await import(join(copy, 'format.js'));
const { decodeThumbHash } = await import(join(copy, 'thumbhash.js'));
const { UploadQueue } = await import(join(copy, 'upload_queue.js'));

// ---- A queue whose sender and clock are ours ----

class Clock {
  time = 0;
  alarm = null;
  now = () => this.time;
  set = (callback, ms) => { this.alarm = { callback, at: this.time + ms }; return this.alarm; };
  clear = () => { this.alarm = null; };
  async pass(ms) {
    this.time += ms;
    while (this.alarm && this.alarm.at <= this.time) {
      const { callback } = this.alarm;
      this.alarm = null;
      callback();
    }
    await settled();
  }
}

const settled = () => new Promise((resolve) => { setImmediate(resolve); });

function makeQueue() {
  const clock = new Clock();
  const sent = [];
  let key = 0;
  const queue = new UploadQueue({
    timer: clock,
    jitter: () => 1,
    newKey: () => `key ${(key += 1)}`,
    send: (file, terms) => new Promise((resolve, reject) => {
      terms.signal.addEventListener('abort', () => reject(terms.signal.reason));
      sent.push({ file, ...terms, resolve, reject });
    })
  });
  return { queue, clock, sent };
}

const files = (...names) => names.map((name) => ({ name, size: 100 }));
const states = (queue) => queue.uploads.map(({ state }) => state);

test('three uploads run at once, and the next begins as one ends', async () => {
  const { queue, sent } = makeQueue();
  queue.add(files('a', 'b', 'c', 'd'));
  assert.deepEqual(states(queue), ['sending', 'sending', 'sending', 'waiting']);
  sent[1].resolve({ id: 'photo' });
  await settled();
  assert.deepEqual(states(queue), ['sending', 'done', 'sending', 'sending']);
  assert.deepEqual(queue.uploads[1].photo, { id: 'photo' });
});

test('a lost connection is tried again with the same key, later each time, for as long as it takes', async () => {
  const { queue, clock, sent } = makeQueue();
  queue.add(files('a'));
  for (const delay of [1, 2, 4, 8, 16, 30, 30, 30, 30, 30]) {
    sent.at(-1).reject(connectionLost());
    await settled();
    assert.deepEqual(states(queue), ['retrying']);
    await clock.pass(delay * 1000 - 1);
    assert.deepEqual(states(queue), ['retrying']);
    await clock.pass(1);
    assert.deepEqual(states(queue), ['sending']);
  }
  assert.deepEqual(new Set(sent.map(({ key }) => key)), new Set(['key 1']));
});

test('as the connection comes back nothing waits any longer', async () => {
  const { queue, sent } = makeQueue();
  queue.add(files('a'));
  sent[0].reject(connectionLost());
  await settled();
  queue.connectionIsBack();
  assert.deepEqual(states(queue), ['sending']);
});

test('who is told to slow down holds back all uploads for as long as the server says', async () => {
  const { queue, clock, sent } = makeQueue();
  queue.add(files('a', 'b', 'c', 'd'));
  sent[0].reject(new ApiError({ status: 429, message: 'slow down', retryAfter: 7 }));
  await settled();
  assert.deepEqual(states(queue), ['retrying', 'sending', 'sending', 'waiting']);
  assert.equal(queue.heldUntil, 7500);
  await clock.pass(7500);
  assert.equal(queue.heldUntil, 0);
  assert.deepEqual(states(queue), ['sending', 'sending', 'sending', 'waiting']);
});

test('a server that fails again and again is given up after eight attempts, and tried anew when asked', async () => {
  const { queue, clock, sent } = makeQueue();
  queue.add(files('a'));
  for (let attempt = 1; attempt <= 8; attempt += 1) {
    assert.equal(sent.length, attempt);
    sent.at(-1).reject(new ApiError({ status: 503, message: 'busy', retryAfter: 1 }));
    await settled();
    await clock.pass(2000);
  }
  assert.deepEqual(states(queue), ['failed']);
  queue.resume(queue.uploads[0]);
  assert.deepEqual(states(queue), ['sending']);
  assert.equal(sent.at(-1).key, 'key 1');
});

test('what cannot succeed is not tried again', async () => {
  const { queue, sent } = makeQueue();
  queue.add(files('a'));
  sent[0].reject(new ApiError({ status: 415, type: 'unsupported', message: 'not a picture' }));
  await settled();
  assert.deepEqual(states(queue), ['failed']);
  assert.equal(queue.uploads[0].error.message, 'not a picture');
});

test('a pause ends the request, and going on repeats it with its key', async () => {
  const { queue, sent } = makeQueue();
  const [upload] = queue.add(files('a'));
  sent[0].onProgress(0.5);
  assert.equal(upload.fraction, 0.5);
  queue.pause(upload);
  await settled();
  assert.ok(sent[0].signal.aborted);
  assert.deepEqual(states(queue), ['paused']);
  queue.resume(upload);
  assert.deepEqual(states(queue), ['sending']);
  // What the first request still says is not believed.
  sent[0].onProgress(0.9);
  assert.equal(upload.fraction, 0);
  assert.equal(sent[1].key, sent[0].key);
});

test('what is taken out of the queue is aborted, and makes room', () => {
  const { queue, sent } = makeQueue();
  const [first] = queue.add(files('a', 'b', 'c', 'd'));
  queue.remove(first);
  assert.ok(sent[0].signal.aborted);
  assert.deepEqual(states(queue), ['sending', 'sending', 'sending']);
});

// ---- Placeholders ----

// A picture of two gradients, and a hole where there is alpha.
function gradient(width, height, alpha) {
  const rgba = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const hole = alpha && x < width / 3 && y < height / 3;
      rgba.set([(255 * x) / width, (255 * y) / height, 90 + 60 * ((x >> 3) % 2), hole ? 0 : 255], 4 * (y * width + x));
    }
  }
  return rgba;
}

test('a ThumbHash decodes as its inventor decodes it, in every shape, with and without transparency', async () => {
  const { rgbaToThumbHash, thumbHashToRGBA } = await import(installed.resolve('thumbhash'));
  for (const [width, height] of [[100, 75], [75, 100], [64, 64], [100, 20], [12, 100]]) {
    for (const alpha of [false, true]) {
      const hash = rgbaToThumbHash(width, height, gradient(width, height, alpha));
      const expected = thumbHashToRGBA(hash);
      const decoded = decodeThumbHash(Buffer.from(hash).toString('base64'));
      assert.deepEqual([decoded.width, decoded.height], [expected.w, expected.h]);
      const difference = Math.max(...decoded.rgba.map((value, i) => Math.abs(value - expected.rgba[i])));
      assert.ok(difference <= 1, `${width} × ${height}, alpha ${alpha}: ${difference} of 255`);
    }
  }
});

test('what is no ThumbHash is none, and nothing worse', () => {
  for (const text of ['', 'AAAA', 'not base64!', 'AAAAAAA=', '////////']) assert.equal(decodeThumbHash(text), null, text);
});

// ---- Words ----

test('sizes, numbers and times are said as people say them', () => {
  assert.equal(size(0), '0 bytes');
  assert.equal(size(1_540_000), '1.5 MB');
  assert.equal(size(999_000_000_000), '999 GB');
  assert.equal(count(1, 'photo'), '1 photo');
  assert.equal(count(1200, 'photo'), '1,200 photos');
  assert.equal(ago(100, 130), 'just now');
  assert.equal(ago(0, 7200), '2 hours ago');
  assert.equal(ends(86_400 * 7, 0), 'ends in 7 days');
  assert.equal(ends(10, 20), 'has ended');
  assert.equal(ends(null), 'never ends');
});
