// Parts of the shared core that a decision does not show.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cacheControl, decodeBase64 } from '../../cdn/core.mjs';
import { isEqual, signedPaths, validKeys } from '../../cdn/signatures.mjs';

test('a link that never ends may be kept as long as is configured', () => {
  assert.equal(cacheControl(0, 1700000000, 2592000), 'public, max-age=2592000');
});

test('a link that ends is kept no longer than it lives, nor longer than is configured', () => {
  assert.equal(cacheControl(1060, 1000, 600), 'public, max-age=60, s-maxage=60, must-revalidate');
  assert.equal(cacheControl(9000, 1000, 600), 'public, max-age=600, s-maxage=600, must-revalidate');
});

test('in its last second, and after it, a link is not kept at all', () => {
  assert.equal(cacheControl(1000, 1000, 600), 'public, max-age=0, s-maxage=0, must-revalidate');
  assert.equal(cacheControl(999, 1000, 600), 'public, max-age=0, s-maxage=0, must-revalidate');
});

test('a key file is read as the edge reads it', () => {
  const file = '# keys\n\n\told AA bb not-after=10 # until spring\r\nnew cc dd not-before=10 not-after=20\n';
  assert.deepEqual(validKeys(file, 9), [{ key: 'AA', salt: 'bb' }]);
  assert.deepEqual(validKeys(file, 10), [{ key: 'AA', salt: 'bb' }, { key: 'cc', salt: 'dd' }]);
  assert.deepEqual(validKeys(file, 11), [{ key: 'cc', salt: 'dd' }]);
  assert.deepEqual(validKeys(file, 21), []);
});

test('texts are equal where every character is', () => {
  for (const text of ['', 'a', 'abc']) assert.ok(isEqual(text, text));
  for (const [a, b] of [['abc', 'abd'], ['bbc', 'abc'], ['abc', ''], ['', 'abc'], ['abcabc', 'abc'], ['abc', 'abcabc']]) {
    assert.ok(!isEqual(a, b), `${a} ${b}`);
  }
});

test('the one width of a path may be signed as a star, where it is on the ladder', () => {
  const starOf = (path) => signedPaths(path, ['160', '320'])[1];
  assert.equal(starOf('/h:5/width:160/plain/local:///w:320/a'), '/h:5/width:*/plain/local:///w:320/a');
  for (const path of ['/w:300/plain/a', '/w:160/w:320/plain/a', '/w:160/w:320/w:160/plain/a', '/w:*/plain/a', '/plain/w:320/a']) {
    assert.deepEqual(signedPaths(path, ['160', '320']), [path]);
  }
});

test('base64url is read with any trailing bits, and nothing else is', () => {
  assert.equal(decodeBase64('_-8'), '\xff\xef');
  assert.equal(decodeBase64('Zh'), 'f');
  for (const text of ['Z', 'Zg==', 'Zm+v', 'Zm/v', 'Zm v', 'Zm9\xe9']) assert.equal(decodeBase64(text), null, text);
});
