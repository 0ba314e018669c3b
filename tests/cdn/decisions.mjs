// The tests that every CDN function passes: its decisions on contract/vectors. `decide` is as in support.mjs; `can`
// says of a vector whether it can be put to the function at all.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PREFIX, expand, readVectors, settingOf, signed, urlOf } from './support.mjs';

const TITLES = { 400: 'Bad Request', 403: 'Forbidden', 405: 'Method Not Allowed', 410: 'Gone' };

const always = () => true;

async function each(vectors, can, check) {
  let checked = 0;
  for (const vector of vectors) {
    if (!can(vector)) continue;
    try {
      await check(vector);
    } catch (e) {
      e.message = `${vector.why}: ${e.message}`;
      throw e;
    }
    checked += 1;
  }
  assert.ok(checked > vectors.length / 2, `only ${checked} of ${vectors.length} vectors could be checked`);
}

function checkRefusal(decision, vector) {
  assert.equal(decision.status, vector.status);
  assert.equal(decision.headers['content-type'], 'application/problem+json');
  assert.equal(decision.headers['cache-control'], 'no-store');
  assert.equal(decision.problem.type, `urn:thumbgate:problem:${vector.kind}`);
  assert.equal(decision.problem.status, vector.status);
  assert.equal(decision.problem.title, TITLES[vector.status]);
  const { detail } = decision.problem;
  const namesOption = vector.kind === 'unknown_option' || vector.kind === 'bad_argument';
  if (namesOption) assert.ok(detail.includes(`option "${vector.detail[0]}"`), detail);
  for (const part of vector.detail) assert.ok(detail.includes(part), detail);
}

export function testDecisions(name, decide, can = always) {
  test(`${name} lets the valid signatures of the vectors pass, and no other`, async () => {
    const { key_lines: lines, vectors } = readVectors('signatures');
    await each(vectors, can, async (vector) => {
      const setting = { ...settingOf(vector), keys: vector.keys.map((key) => lines[key]).join('\n') };
      const { status } = await decide(setting, { url: PREFIX + vector.signature + vector.path });
      const refusal = vector.signature === '' ? 400 : 403;
      if (vector.signer === null) assert.equal(status, refusal);
      else assert.notEqual(status, 403);
    });
  });

  test(`${name} asks for the canonical path of each link of the vectors, signed by a key of its own`, async () => {
    await each(readVectors('canonical').vectors, can, async (vector) => {
      const setting = settingOf(vector);
      const canonical = `/${expand(vector, vector.canonical).replace(/(^|\/)accept:[a-z+]+\//, '$1')}`;
      for (const path of vector.paths) {
        const decision = await decide(setting, { url: signed(expand(vector, path)), accept: vector.accept });
        assert.equal(decision.status, 200, JSON.stringify(decision));
        const passes = vector.bound || (vector.left_to_edge && decision.path === 'unchanged');
        assert.equal(decision.path, passes ? 'unchanged' : canonical, path);
      }
    });
  });

  test(`${name} refuses what the vectors refuse, with the same status, and names what is wrong`, async () => {
    const isOurs = (vector) => !vector.sources && !vector.presets_only;
    await each(readVectors('refusals').vectors.filter(isOurs), can, async (vector) => {
      const decision = await decide(settingOf(vector), { url: urlOf(vector) });
      if (vector.cdn_status !== undefined) assert.equal(decision.status, vector.cdn_status, JSON.stringify(decision));
      else if (vector.kind === null) assert.equal(decision.status, 200, JSON.stringify(decision));
      else checkRefusal(decision, vector);
    });
  });

  test(`${name} normalises the Accept headers of the vectors`, async () => {
    await each(readVectors('accept').vectors, can, async (vector) => {
      const decision = await decide(settingOf(vector), { url: signed('/plain/photo://a'), accept: vector.accept });
      assert.equal(decision.accept, vector.normalised);
    });
  });

  test(`${name} asks for a named format with its own media type, whatever the client accepts`, async () => {
    const setting = settingOf({});
    for (const accept of [undefined, '*/*', 'image/avif,image/webp']) {
      for (const format of ['jpeg', 'png', 'webp', 'avif', 'gif', 'jxl']) {
        const decision = await decide(setting, { url: signed(`/f:${format}/plain/photo://a`), accept });
        assert.equal(decision.accept, `image/${format}`);
      }
    }
  });

  test(`${name} leaves the query out`, async () => {
    const setting = settingOf({});
    for (const query of ['', 'utm=1', 'a=/b/w:1/plain/x', '?', '%zz']) {
      const decision = await decide(setting, { url: `${signed('/w:300/plain/photo://a')}?${query}` });
      assert.equal(decision.path, '/w:300/plain/photo://a');
    }
  });

  test(`${name} lets a picture be fetched with GET and HEAD alone`, async () => {
    const setting = settingOf({});
    const url = signed('/w:300/plain/photo://a');
    for (const method of ['GET', 'HEAD']) assert.equal((await decide(setting, { url, method })).status, 200);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const decision = await decide(setting, { url, method });
      checkRefusal(decision, { status: 405, kind: 'bad_method', detail: ['GET or HEAD'] });
    }
    const forged = { url: `${PREFIX}AAAA/w:300/plain/photo://a`, method: 'POST' };
    assert.equal((await decide(setting, forged)).status, 403);
  });
}
