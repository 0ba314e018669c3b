// One person's way through the page, from five photographs to none, and what the one sees who gets a link. What a
// server does not have yet is not asked for here, as the page does not offer it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test, { after, before } from 'node:test';

import {
  DESKTOP, PHONE, PHOTOGRAPHS, add, eventually, isFitToBeSeen, openProfile, picturesAreThere, readQrCode,
  screenshot, startChromium, startService, tiles, transferred
} from './support.mjs';

let service;
let browser;
let own; // the one whose photos they are
let guest; // who gets the link
let link; // its URL
let has; // what the server has beyond photos: { links, sessions }
let isBroken = false;
const gone = []; // ids of photos that were deleted

before(async () => {
  [service, browser] = await Promise.all([startService(), startChromium()]);
  own = await openProfile(browser);
  guest = await openProfile(browser);
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

// Each begins where the one before ended: after a failure the others would only say so again.
const step = (name, run) => test(name, async (t) => {
  if (isBroken) return t.skip('an earlier step failed');
  isBroken = true;
  await run(t);
  isBroken = false;
  return undefined;
});

const press = (name, exact = true) => own.page.getByRole('button', { name, exact }).last().click();
const dialog = () => own.page.locator('dialog[open]').last();
const undo = () => own.page.locator('.toast-action', { hasText: 'Undo' }).last();

// What the guest is answered for what they have: the link, and the pictures that it showed.
let pictures;
const answers = () => Promise.all([link, ...pictures].map(async (url) => {
  const response = await guest.page.request.get(url, { headers: { Accept: 'image/avif,image/webp,*/*' } });
  return response.status();
}));

step('who comes for the first time is told what to do', async () => {
  await own.page.goto(service.url);
  await own.page.getByText('Add your first photos').waitFor();
  await isFitToBeSeen(own.page, '01-empty');
});

step('five photographs are added, and seen', async () => {
  await own.page.setInputFiles('#files', PHOTOGRAPHS);
  await own.page.locator('.tile.upload').first().waitFor();
  await screenshot(own.page, '02-adding');
  await eventually('five photos', async () => (await tiles(own.page).count()) === PHOTOGRAPHS.length);
  await picturesAreThere(own.page);
  await own.page.getByText('5 photos added').waitFor();
  await isFitToBeSeen(own.page, '03-photos');
  const get = (path) => own.page.request.get(service.url + path).then((response) => response.status());
  has = { links: (await get('/api/links')) === 200, sessions: (await get('/api/sessions')) === 200 };
});

step('the grid that is loaded again transfers no image bytes', async () => {
  // A negotiated AVIF may take longer than its first answer, which stands in for it and is kept for two seconds.
  await eventually('every picture comes from the browser\'s cache', async () => {
    await own.page.reload();
    await picturesAreThere(own.page);
    const sizes = await transferred(own.page);
    return sizes.length >= PHOTOGRAPHS.length && sizes.every((size) => size === 0);
  });
});

step('a photo opens, the arrow keys lead to the next, and Esc back to it in the grid', async () => {
  const { page } = own;
  await tiles(page).nth(0).locator('a').click();
  await picturesAreThere(page, '.viewer img');
  await isFitToBeSeen(page, '04-photo');
  await page.keyboard.press('ArrowRight');
  await page.getByText('2 of 5', { exact: true }).waitFor();
  await page.keyboard.press('ArrowLeft');
  await page.getByText('1 of 5', { exact: true }).waitFor();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('i');
  await page.getByText('pixels').waitFor();
  await isFitToBeSeen(page, '05-about-the-photo');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Escape');
  await page.locator('.viewer').waitFor({ state: 'detached' });
  assert.ok(await tiles(page).nth(1).locator('a').evaluate((a) => a === document.activeElement));
  await eventually('the address is the grid\'s', () => !page.url().includes('#photo='));
});

step('the Back button leads from a photo to the grid', async () => {
  await tiles(own.page).nth(2).locator('a').click();
  await own.page.locator('.viewer[open]').waitFor();
  await own.page.goBack();
  await own.page.locator('.viewer').waitFor({ state: 'detached' });
  assert.equal(await tiles(own.page).count(), 5);
});

step('a photo is shared: the link is copied, and its QR code says the same', async () => {
  const { page } = own;
  await tiles(page).nth(0).locator('a').click();
  await press('Share');
  await isFitToBeSeen(page, '06-share');
  if (has.links) await page.getByLabel('Name').fill('For grandmother');
  await page.getByLabel('1 day').check();
  await press('Make a link');
  const field = page.getByLabel('The link', { exact: true });
  await field.waitFor();
  link = await field.inputValue();
  await page.locator('.qr').waitFor();
  await isFitToBeSeen(page, '07-shared');
  assert.equal(await readQrCode(page.locator('.qr')), link);
  await press('Copy');
  await page.getByText('Copied').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), link);
  await page.keyboard.press('Escape');
  await page.locator('dialog.card').waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  await page.locator('dialog.viewer').waitFor({ state: 'detached' });
});

step('a second profile sees the photo of the link, and nothing else', async () => {
  await guest.page.goto(link);
  await picturesAreThere(guest.page, 'img');
  await screenshot(guest.page, '08-what-the-guest-sees');
  pictures = await guest.page.evaluate(() => [...document.images].map((image) => image.currentSrc));
  assert.deepEqual([...new Set(await answers())], [200]);
  await guest.page.goto(service.url);
  await guest.page.getByText('Add your first photos').waitFor();
});

step('a link that is revoked shows that second profile nothing any more', async (t) => {
  if (!has.links) return t.skip('this server has no list of links');
  await press('Links');
  await dialog().getByText('For grandmother').waitFor();
  await isFitToBeSeen(own.page, '09-links');
  await press('Revoke For grandmother');
  await isFitToBeSeen(own.page, '10-revoke');
  await press('Revoke');
  const begun = Date.now();
  await eventually('nothing is shown', async () => (await answers()).every((status) => status >= 400), 20_000);
  t.diagnostic(`refused within ${Date.now() - begun} ms`);
  await dialog().getByText('Nothing is shared').waitFor();
  const response = await guest.page.goto(link);
  assert.ok([404, 410].includes(response.status()), `it is ${response.status()}`);
  await screenshot(guest.page, '11-what-the-guest-sees-then');
  await own.page.keyboard.press('Escape');
});

// SHA-256 of the files as they were added.
const originals = () => new Set(PHOTOGRAPHS.map((file) => createHash('sha256').update(readFileSync(file)).digest('hex')));

async function download(page, target) {
  const [file] = await Promise.all([page.waitForEvent('download'), target.click()]);
  const digest = createHash('sha256').update(readFileSync(await file.path())).digest('hex');
  return { name: file.suggestedFilename(), digest };
}

step('an album is shared with its originals: a second profile gets them as they were added', async (t) => {
  if (!has.links) return t.skip('this server has no albums');
  const { page } = own;
  await tiles(page).nth(0).locator('a').hover();
  await tiles(page).nth(0).locator('.tick').click();
  await tiles(page).nth(1).locator('.tick').click();
  await page.locator('#selection').getByRole('button', { name: 'Share' }).click();
  await page.getByLabel('Name').fill('With originals');
  await page.getByLabel('Originals too').check();
  await isFitToBeSeen(page, '11a-share-with-originals');
  await press('Make a link');
  const field = page.getByLabel('The link', { exact: true });
  await field.waitFor();
  await guest.page.goto(await field.inputValue());
  await picturesAreThere(guest.page, 'img');
  await screenshot(guest.page, '11b-album-with-originals');
  const buttons = guest.page.getByRole('link', { name: /^Download the original/ });
  assert.equal(await buttons.count(), 2);
  const [first, second] = [await download(guest.page, buttons.nth(0)), await download(guest.page, buttons.nth(1))];
  const added = originals();
  assert.deepEqual([added.has(first.digest), added.has(second.digest), first.digest === second.digest], [true, true, false]);
  assert.deepEqual([first.name, second.name], ['original-1.jpg', 'original-2.jpg']);
  const address = await buttons.nth(0).evaluate((a) => a.href);
  await page.keyboard.press('Escape');
  await page.locator('dialog.card').waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  await press('Links');
  await dialog().getByText('with the originals').waitFor();
  await isFitToBeSeen(page, '11c-links');
  await press('Revoke With originals');
  await press('Revoke');
  await dialog().getByText('Nothing is shared').waitFor();
  assert.equal((await guest.page.request.get(address)).status(), 404);
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  return undefined;
});

step('the owner downloads the original of a photo that is open', async () => {
  const { page } = own;
  await tiles(page).nth(0).locator('a').click();
  await picturesAreThere(page, '.viewer img');
  const file = await download(page, page.getByRole('link', { name: 'Download original' }));
  assert.ok(originals().has(file.digest));
  assert.match(file.name, /^original-[a-z2-7]{26}\.jpg$/);
  await page.keyboard.press('Escape');
  await page.locator('.viewer').waitFor({ state: 'detached' });
});

step('a photo that is deleted is gone for whoever has its link, and comes back when that is undone', async (t) => {
  const { page } = own;
  const id = await tiles(page).nth(0).getAttribute('data-id');
  await tiles(page).nth(0).locator('a').click();
  await press('Share');
  await press('Make a link');
  await page.locator('.qr').waitFor();
  link = await page.getByLabel('The link', { exact: true }).inputValue();
  await page.keyboard.press('Escape');
  await guest.page.goto(link);
  await picturesAreThere(guest.page, 'img');
  pictures = await guest.page.evaluate(() => [...document.images].map((image) => image.currentSrc));
  await picturesAreThere(page, '.viewer img');
  gone.push(id);
  await press('Delete');
  const begun = Date.now();
  await eventually('nothing is shown', async () => (await answers()).slice(1).every((status) => status >= 400), 20_000);
  t.diagnostic(`refused within ${Date.now() - begun} ms`);
  // The photo view goes on with the next one, and Undo can be pressed there.
  await page.getByText('1 of 4', { exact: true }).waitFor();
  await isFitToBeSeen(page, '12-deleted');
  const restored = page.waitForResponse((response) => response.url().endsWith(`/${id}/restore`));
  await undo().click();
  if (!(await restored).ok()) return t.skip('this server brings nothing back');
  await page.getByText('1 of 5', { exact: true }).waitFor();
  await picturesAreThere(page, '.viewer img');
  await page.keyboard.press('Escape');
  assert.equal(await tiles(page).nth(0).getAttribute('data-id'), id);
  await picturesAreThere(page);
  return undefined;
});

step('what is deleted stays so after the page is loaded again', async () => {
  const { page } = own;
  if (await page.locator('.viewer[open]').count()) await page.keyboard.press('Escape');
  const left = await tiles(page).count();
  await tiles(page).nth(0).locator('a').hover();
  await tiles(page).nth(0).locator('.tick').click();
  await tiles(page).nth(1).locator('.tick').click();
  await page.getByText('2 selected').waitFor();
  await isFitToBeSeen(page, '13-selected');
  gone.push(...await page.locator('.tile.selected').evaluateAll((all) => all.map((tile) => tile.dataset.id)));
  await page.locator('#selection').getByRole('button', { name: 'Delete' }).click();
  await eventually('they are gone', async () => (await tiles(page).count()) === left - 2);
  await page.reload();
  await eventually('they are gone', async () => (await tiles(page).count()) === left - 2);
});

step('a device link shows the photos on another device, until that session is ended', async (t) => {
  if (!has.sessions) return t.skip('this server has no list of sessions');
  await press('Devices');
  await press('Make a device link');
  const field = own.page.getByLabel('The device link', { exact: true });
  await field.waitFor();
  await isFitToBeSeen(own.page, '14-device-link');
  assert.equal(await readQrCode(own.page.locator('.qr')), await field.inputValue());
  const other = await openProfile(browser);
  await other.page.goto(await field.inputValue());
  const left = await tiles(own.page).count();
  await eventually('the same photos are there', async () => (await tiles(other.page).count()) === left);
  assert.ok(!other.page.url().includes('recover'), 'the secret has left the address');
  await own.page.keyboard.press('Escape');
  await press('Devices');
  await dialog().getByRole('button', { name: /^End: / }).click();
  await own.page.getByText('That session has ended.').waitFor();
  await eventually('the other device is told', async () => {
    await other.page.reload();
    return other.page.getByText('The session of this browser has ended').waitFor({ timeout: 5000 }).then(() => true, () => false);
  });
  await other.context.close();
  await own.page.keyboard.press('Escape');
  await own.page.locator('dialog').waitFor({ state: 'detached' });
  return undefined;
});

step('the session is ended, and the page says so', async () => {
  const { page } = own;
  await press('Devices');
  await dialog().getByText('This device').waitFor();
  await isFitToBeSeen(page, '15-devices');
  await dialog().getByRole('button', { name: /^Leave: / }).click();
  await page.getByText('Leave on this device?').waitFor();
  await dialog().getByRole('button', { name: 'Leave' }).click();
  await page.getByText('Add your first photos').waitFor();
  assert.equal(await tiles(page).count(), 0);
});

step('all of it said nothing in the console', () => {
  // A server without links, sessions or undo says 404 or 405 to who asks for them; a guest whose link was revoked hears it.
  // And a picture may have been on its way as its photo was deleted.
  const sources = gone.map((id) => Buffer.from(`photo://${id}`).toString('base64url'));
  const late = (text) => sources.some((source) => text.includes(source));
  const lacking = (text) => /\/api\/(links|sessions|photos\/\w+\/restore)\b/.test(text) && !(has.links && has.sessions);
  assert.deepEqual(own.complaints.filter((text) => !lacking(text) && !late(text)), []);
  assert.deepEqual(guest.complaints.filter((text) => !text.includes('status of 4')), []);
});

for (const [name, scheme, device] of [['dark', 'dark', DESKTOP], ['phone', 'light', PHONE], ['phone-dark', 'dark', PHONE]]) {
  test(`every view is fit to be seen: ${name}`, async () => {
    const { context, page, complaints } = await openProfile(browser, { ...device, colorScheme: scheme });
    await page.goto(service.url);
    await page.getByText('Add your first photos').waitFor();
    await isFitToBeSeen(page, `20-${name}-empty`);
    await add(page, PHOTOGRAPHS);
    await picturesAreThere(page);
    await isFitToBeSeen(page, `21-${name}-photos`);
    await tiles(page).nth(1).locator('a').click();
    await picturesAreThere(page, '.viewer img');
    await isFitToBeSeen(page, `22-${name}-photo`);
    await page.getByRole('button', { name: 'Share', exact: true }).click();
    await isFitToBeSeen(page, `23-${name}-share`);
    await page.getByRole('button', { name: 'Make a link' }).click();
    await page.locator('.qr').waitFor();
    await isFitToBeSeen(page, `24-${name}-shared`);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Devices' }).click();
    await page.getByText('This device').waitFor();
    await isFitToBeSeen(page, `25-${name}-devices`);
    assert.deepEqual(complaints.filter((text) => !/\/api\/(links|sessions)\b/.test(text)), []);
    await context.close();
  });
}
