// What a CDN function asks the edge for is a valid link there, by the CDN's own key, and means what the viewer's link
// meant: the way from viewer to edge, with the C++ library at its end.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  ORIGIN_KEYS, decideByCloudFront, decideByWorker, generatedLinks, judgedByLibrary, signature
} from './support.mjs';

const { setting, links } = generatedLinks(5000);
const good = links.filter((link) => link.status === 200 && link.path !== 'unchanged');

for (const [name, decide] of [['CloudFront Function', decideByCloudFront], ['Worker', decideByWorker]]) {
  test(`the edge takes what the ${name} asks for, and answers what the viewer's link asked for`, async () => {
    const asked = [];
    const shared = [];
    for (const link of good) {
      const { path, accept } = await decide(setting, link);
      // With an option that is the edge's to judge: damage put it there.
      if (path === 'unchanged') continue;
      shared.push(link);
      asked.push({ url: `/t/${signature(ORIGIN_KEYS, path)}${path}`, accept });
    }
    const judged = judgedByLibrary(ORIGIN_KEYS, setting.now, asked);
    assert.equal(judged.length, shared.length);
    assert.ok(shared.length > good.length * 0.95);
    judged.forEach((link, i) => {
      assert.deepEqual([link.status, link.path, link.token], [200, shared[i].path, shared[i].token], shared[i].url);
    });
  });
}
