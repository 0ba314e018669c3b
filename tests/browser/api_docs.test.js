// The API's description as a person reads it: whole without a script, light and dark, on a desk and on a phone.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import {
  DESKTOP, PHONE, isFitToBeSeen, openProfile, screenshot, startChromium, startService
} from './support.mjs';

let service;
let browser;

before(async () => {
  [service, browser] = await Promise.all([startService(), startChromium()]);
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

for (const [name, options] of Object.entries({
  desktop: DESKTOP,
  dark: { ...DESKTOP, colorScheme: 'dark' },
  phone: PHONE
})) {
  test(`it can be read: ${name}`, async () => {
    const { context, page, complaints } = await openProfile(browser, options);
    const response = await page.goto(`${service.url}/api/docs`);
    assert.equal(response.status(), 200);
    await isFitToBeSeen(page, `60-api-docs-${name}`);
    await page.locator('#uploadPhoto').getByText('digest_mismatch').waitFor();
    const example = page.locator('#linkPhoto details').first();
    await example.locator('summary').click();
    await example.getByText('"expires_in"').waitFor();
    await example.scrollIntoViewIfNeeded();
    await screenshot(page, `61-api-docs-${name}-request`);
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test('it has no script, and every link in it leads somewhere', async () => {
  const { context, page } = await openProfile(browser, { ...DESKTOP, javaScriptEnabled: false });
  const response = await page.goto(`${service.url}/api/docs`);
  assert.match(response.headers()['content-security-policy'], /default-src 'none'/);
  const html = await response.text();
  assert.doesNotMatch(html, /<script|\son[a-z]+=|\sstyle=/i);
  const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  const targets = [...html.matchAll(/ href="#([^"]+)"/g)].map(([, target]) => target);
  assert.ok(targets.length > 50);
  assert.deepEqual(targets.filter((target) => !ids.has(target)), []);
  const description = await page.request.get(`${service.url}/api/openapi.yaml`);
  assert.equal(description.headers()['content-type'], 'application/yaml; charset=utf-8');
  assert.match(await description.text(), /^openapi: 3\.0/m);
  await context.close();
});
