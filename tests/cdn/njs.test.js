// The CloudFront Function in njs, whose language is as small as that of CloudFront's runtime: what it cannot read
// here, it cannot there. It decides there as in Node.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { buildCloudFront } from '../../cdn/build.mjs';
import {
  PREFIX, cloudFrontConfig, cloudFrontDecision, decideByCloudFront, expand, generatedLinks, readVectors, requestEvent,
  settingOf, signed, urlOf
} from './support.mjs';

const hasNjs = spawnSync('njs', ['-v']).status === 0;
const options = { skip: hasNjs ? false : 'njs is not installed' };

// One line of JSON for each event, in its order.
const HARNESS = `
Date.now = () => NOW * 1000;
const print = (answer) => console.log(JSON.stringify(answer));
EVENTS.reduce((before, event) => before.then(() => handler(event)).then(print), Promise.resolve());
`;

function runInNjs(setting, events) {
  const folder = mkdtempSync(join(tmpdir(), 'thumbgate-njs-'));
  try {
    const file = join(folder, 'function.js');
    const code = buildCloudFront(cloudFrontConfig(setting));
    writeFileSync(file, `${code}const NOW = ${setting.now};\nconst EVENTS = ${JSON.stringify(events)};\n${HARNESS}`);
    const run = spawnSync('njs', [file], { encoding: 'utf8', maxBuffer: 2 ** 28 });
    assert.equal(run.status, 0, run.stdout.slice(-2000) + run.stderr);
    return run.stdout.trim().split('\n').map((line) => JSON.parse(line));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function checkSame(setting, requests) {
  const answers = runInNjs(setting, requests.map(requestEvent));
  assert.equal(answers.length, requests.length);
  for (const [i, request] of requests.entries()) {
    const expected = await decideByCloudFront(setting, request);
    assert.deepEqual(cloudFrontDecision(answers[i], setting.size), JSON.parse(JSON.stringify(expected)), request.url);
  }
}

test('njs reads the function, with constants and with the key value store', options, () => {
  const { keys, origin_keys: originKeys, ...config } = cloudFrontConfig(settingOf({}));
  for (const code of [buildCloudFront({ ...config, keys, origin_keys: originKeys }), buildCloudFront(config)]) {
    // There is no module cloudfront here.
    const script = code.replace("import cf from 'cloudfront';", 'const cf = { kvs: () => null };');
    const run = spawnSync('njs', ['-c', script], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.equal(run.stdout.trim(), '');
  }
});

test('njs decides on the vectors as Node does', options, async () => {
  const groups = new Map();
  const add = (vector, url, accept, keys) => {
    const setting = { ...settingOf(vector), ...(keys === undefined ? {} : { keys }) };
    const key = JSON.stringify(setting);
    if (!groups.has(key)) groups.set(key, { setting, requests: [] });
    groups.get(key).requests.push({ url, accept });
  };
  for (const vector of readVectors('canonical').vectors) {
    for (const path of vector.paths) add(vector, signed(expand(vector, path)), vector.accept);
  }
  for (const vector of readVectors('refusals').vectors) {
    add(vector, urlOf(vector));
  }
  const { key_lines: lines, vectors: signatures } = readVectors('signatures');
  for (const vector of signatures) {
    const file = vector.keys.map((key) => lines[key]).join('\n');
    add(vector, PREFIX + vector.signature + vector.path, undefined, file);
  }
  for (const vector of readVectors('accept').vectors) add(vector, signed('/plain/photo://a'), vector.accept);
  for (const { setting, requests } of groups.values()) await checkSame(setting, requests);
});

test('njs decides on 2,000 generated links as Node does', options, async () => {
  const { setting, links } = generatedLinks(2000);
  await checkSame(setting, links);
});
