// Links that imgproxy's own npm packages write are valid here: the C++ library accepts their signatures and reads
// them as they are meant, and so do the CDN functions.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { KEYS, decideByCloudFront, decideByWorker, installed, judgedByLibrary, settingOf, signed } from './support.mjs';

const SOURCE = 'photo://mzxw6ytboi';
const [, key, salt] = KEYS.split(' ');

async function check(url, path) {
  const [judged] = judgedByLibrary(KEYS, 0, [{ url }]);
  assert.deepEqual([judged.status, judged.path], [200, path], url);
  for (const decide of [decideByCloudFront, decideByWorker]) {
    const decision = await decide(settingOf({}), { url });
    assert.deepEqual([decision.status, decision.path], [200, path], url);
  }
}

// It resolves links against its base URL, which therefore has to end with "/".
test('links of the package imgproxy are valid', async () => {
  const { Imgproxy } = await installed('imgproxy');
  for (const encode of [true, false]) {
    const imgproxy = new Imgproxy({ baseUrl: 'https://img.example.com/t/', key, salt, encode });
    const path = (builder, format) => new URL(builder.generateUrl(SOURCE, format)).pathname;
    const builder = () => imgproxy.builder();
    await check(path(builder().width(300)), `/w:300/plain/${SOURCE}`);
    await check(path(builder().resize('fill', 300, 200, 0).gravity('no').dpr(2)),
      `/rt:fill/w:300/h:200/g:no/dpr:2/plain/${SOURCE}`);
    await check(path(builder().resize('fit', 300, 200, true, false).quality(80).format('webp')),
      `/w:300/h:200/el:1/q:80/f:webp/plain/${SOURCE}`);
    await check(path(builder().size(300, 200, 1), 'png'), `/w:300/h:200/el:1/f:png/plain/${SOURCE}`);
    await check(path(builder().resizingType('force').width(3).height(2).enlarge(true).cacheBuster('v2')),
      `/rt:force/w:3/h:2/el:1/cb:v2/plain/${SOURCE}`);
    await check(path(builder().expires(4000000000)), `/plain/${SOURCE}`);
  }
});

// It writes what follows the signature; frameworks' packages on top of it sign.
test('links of the package @imgproxy/imgproxy-js-core are valid', async () => {
  const { generateUrl } = await installed('@imgproxy/imgproxy-js-core');
  const values = { plain: SOURCE, base64: Buffer.from(SOURCE).toString('base64url') };
  for (const type of ['plain', 'base64']) {
    const path = (options) => signed(generateUrl({ value: values[type], type }, options));
    await check(path({ width: 300 }), `/w:300/plain/${SOURCE}`);
    await check(path({ resize: { resizing_type: 'fill', width: 300, height: 200, enlarge: 1 }, dpr: 2 }),
      `/rt:fill/w:600/h:400/el:1/plain/${SOURCE}`);
    const fill = { resizing_type: 'fill', width: 300, height: 200, gravity: { type: 'noea' } };
    await check(path({ ...fill, quality: 80, format: 'avif' }),
      `/rt:fill/w:300/h:200/g:noea/q:80/f:avif/plain/${SOURCE}`);
    await check(path({ size: { width: 300, height: 200, enlarge: 't', extend: false }, format: 'jpg' }),
      `/w:300/h:200/el:1/f:jpeg/plain/${SOURCE}`);
    await check(path({ expires: 4000000000, cachebuster: 'v2' }), `/cb:v2/plain/${SOURCE}`);
  }
});
