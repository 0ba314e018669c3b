// A key for a server: made on the page, used from somewhere else, and revoked.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import {
  PHONE, PHOTOGRAPHS, add, eventually, isFitToBeSeen, openProfile, startChromium, startService, tiles
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

// As a server asks: without the browser, and without its cookie.
const ask = (key, path = '/api/photos') => fetch(service.url + path, { headers: { Authorization: `Bearer ${key}` } });

test('a key is shown once, opens its owner\'s photos to a server, and is refused as soon as it is revoked', async () => {
  const { page, complaints, context } = await openProfile(browser);
  const dialog = () => page.locator('dialog[open]').last();
  await page.goto(service.url);
  await add(page, PHOTOGRAPHS.slice(0, 1));
  const id = await tiles(page).first().getAttribute('data-id');
  await page.getByRole('button', { name: 'Devices', exact: true }).click();
  await page.getByLabel('What the key is for').fill('Nightly backup');
  await page.getByRole('button', { name: 'Make a key' }).click();
  const field = page.getByLabel('The API key', { exact: true });
  await field.waitFor();
  const key = await field.inputValue();
  assert.match(key, /^tg_[A-Za-z0-9_-]{43}$/);
  await dialog().getByText('not used yet').waitFor();
  await field.scrollIntoViewIfNeeded();
  await isFitToBeSeen(page, '50-api-key');
  await dialog().getByRole('button', { name: 'Copy' }).click();
  await page.getByText('Copied').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), key);

  const answer = await ask(key);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('Set-Cookie'), null);
  assert.deepEqual((await answer.json()).photos.map((photo) => photo.id), [id]);
  assert.equal((await ask(key, '/api/sessions')).status, 403);

  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Devices', exact: true }).click();
  await dialog().getByText('used just now').last().waitFor();
  assert.ok(!(await page.content()).includes(key), 'the key is shown again');
  await page.getByRole('button', { name: 'Revoke the key Nightly backup' }).click();
  await isFitToBeSeen(page, '51-revoke-the-api-key');
  await dialog().getByRole('button', { name: 'Revoke', exact: true }).click();
  await page.getByText('The key is revoked.').waitFor();
  const refused = await ask(key);
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get('WWW-Authenticate'), 'Bearer error="invalid_token"');
  assert.equal((await refused.json()).type, 'urn:thumbgate:problem:bad_key');
  await eventually('no key is listed', async () => (await dialog().getByText('Nightly backup').count()) === 0);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('who has kept nothing is told why there is no key, and a phone in the dark shows the keys whole', async () => {
  const { page, context } = await openProfile(browser, { ...PHONE, colorScheme: 'dark' });
  await page.goto(service.url);
  await page.evaluate(() => fetch('/api/sessions', { method: 'POST' }));
  await page.reload();
  const make = async (name) => {
    await page.getByLabel('What the key is for').fill(name);
    await page.getByRole('button', { name: 'Make a key' }).click();
  };
  await page.getByRole('button', { name: 'Devices', exact: true }).click();
  await make('Too early');
  await page.getByText('upload a photo first').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await add(page, PHOTOGRAPHS.slice(0, 1));
  await page.getByRole('button', { name: 'Devices', exact: true }).click();
  await make('The shop');
  await page.getByLabel('The API key', { exact: true }).waitFor();
  await make('A frame in the hall');
  await page.getByRole('button', { name: 'Revoke the key A frame in the hall' }).waitFor();
  await page.getByLabel('The API key', { exact: true }).scrollIntoViewIfNeeded();
  await isFitToBeSeen(page, '52-api-keys-on-a-phone');
  await context.close();
});
