// The C++ library and a CDN function agree on 100,000 generated links, good and bad: the same status, the same
// canonical path, the same formats.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { acceptOfToken, generatedLinks } from './support.mjs';

// Options that a CDN does not know are for the edge, good or bad, and only damage puts them into these links. Where the
// link has expired as well, the CDN says that.
export function isLeftToEdge(link, decision) {
  const passes = decision.path === 'unchanged' && link.path !== 'unchanged' && [200, 400].includes(link.status);
  return passes || (decision.status === 410 && link.status === 400);
}

export function testGeneratedLinks(name, decide) {
  const { setting, links } = generatedLinks(100000);

  test('the generated links are of every kind', () => {
    assert.equal(links.length, 100000);
    const count = (member, value) => links.filter((link) => link[member] === value).length;
    for (const status of [200, 400, 403, 410]) assert.ok(count('status', status) > 1000, String(status));
    const tokens = ['avif+webp', 'avif', 'webp', 'base', 'jpeg', 'png', 'gif', 'jxl'];
    for (const token of tokens) assert.ok(count('token', token) > 1000, token);
    assert.ok(new Set(links.map((link) => link.path)).size < 40000);
  });

  test(`${name} and the C++ library agree on 100,000 generated links`, async () => {
    let left = 0;
    for (const link of links) {
      const decision = await decide(setting, link);
      if (isLeftToEdge(link, decision)) {
        left += 1;
        continue;
      }
      assert.equal(decision.status, link.status, link.url);
      if (link.status !== 200) continue;
      assert.equal(decision.path, link.path, link.url);
      assert.equal(decision.accept, acceptOfToken(link.token), link.url);
    }
    assert.ok(left < links.length / 20, `${left} links were left to the edge`);
  });
}
