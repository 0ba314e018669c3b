// What the page does when something is not as it should be: no connection, one that breaks, a server that asks for a
// break, files that are no pictures, a session that has ended. And hands other than a mouse's.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import test, { after, before } from 'node:test';

import {
  PATIENCE, PHONE, PHOTOGRAPHS, add, eventually, isFitToBeSeen, openProfile, picturesAreThere, screenshot, startChromium,
  startService, tiles
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

async function visit(options, url = service.url) {
  const profile = await openProfile(browser, options);
  await profile.page.goto(url);
  await profile.page.getByText('Add your first photos').waitFor();
  return profile;
}

const photosOf = async (page) => {
  const response = await page.request.get(`${service.url}/api/photos`);
  return response.ok() ? (await response.json()).photos.length : 0;
};

const uploads = (page, state) => page.locator(`.tile.upload[data-state=${state}]`);

// The browser's connections to the edge, of which `cutAfter` bytes are let through once, and then the line is dead.
async function unreliableLine() {
  const line = { cutAfter: Infinity, cuts: 0 };
  const sockets = new Set();
  const server = createServer((client) => {
    const edge = connect(service.port, '127.0.0.1');
    for (const [from, to] of [[client, edge], [edge, client]]) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        to.destroy();
        sockets.delete(from);
      });
    }
    let sent = 0;
    client.on('data', (chunk) => {
      sent += chunk.length;
      if (sent > line.cutAfter) {
        line.cutAfter = Infinity;
        line.cuts += 1;
        client.resetAndDestroy();
        return;
      }
      if (!edge.write(chunk)) client.pause();
    });
    edge.on('drain', () => client.resume());
    edge.pipe(client);
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  line.url = `http://127.0.0.1:${server.address().port}`;
  line.close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return line;
}

test('a connection that breaks in the middle of an upload costs nothing but time', async () => {
  const line = await unreliableLine();
  const { context, page } = await visit({}, line.url);
  line.cutAfter = 300_000;
  await page.setInputFiles('#files', PHOTOGRAPHS[2]);
  await eventually('it is there', async () => (await tiles(page).count()) === 1);
  assert.equal(line.cuts, 1);
  assert.equal(await photosOf(page), 1);
  await context.close();
  line.close();
});

test('without a connection uploads wait, and go on by themselves', async () => {
  const { context, page } = await visit();
  await add(page, PHOTOGRAPHS.slice(0, 1));
  await context.setOffline(true);
  await page.getByText('You are offline').waitFor();
  await page.setInputFiles('#files', PHOTOGRAPHS.slice(1, 3));
  await eventually('both wait', async () => (await uploads(page, 'retrying').count()) === 2);
  await page.getByText('The connection is lost').waitFor();
  await isFitToBeSeen(page, '30-offline');
  await context.setOffline(false);
  await eventually('both are there', async () => (await tiles(page).count()) === 3);
  assert.ok(await page.locator('#banner').isHidden());
  assert.equal(await photosOf(page), 3);
  await context.close();
});

test('a pause holds an upload back, and it goes on when told to', async () => {
  const { context, page } = await visit();
  const network = await context.newCDPSession(page);
  await network.send('Network.enable');
  const speed = (uploadThroughput) => network.send('Network.emulateNetworkConditions',
    { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
  await speed(100_000);
  await page.setInputFiles('#files', PHOTOGRAPHS[3]);
  await eventually('some of it has left', async () =>
    Number(await page.locator('.ring').first().getAttribute('aria-valuenow').catch(() => 0)) > 0);
  await screenshot(page, '31-sending');
  await page.getByRole('button', { name: /^Pause / }).click();
  assert.equal(await uploads(page, 'paused').count(), 1);
  await isFitToBeSeen(page, '32-paused');
  await speed(-1);
  await page.getByRole('button', { name: 'Go on', exact: true }).click();
  await eventually('it is there', async () => (await tiles(page).count()) === 1);
  assert.equal(await photosOf(page), 1);
  await context.close();
});

test('a server that asks for a break gets it, and everything is added afterwards', async () => {
  const { context, page } = await visit();
  await page.request.post(`${service.url}/api/sessions`);
  await page.reload();
  // The edge lets 20 changes through at once and 5 a second from then on: as many as it takes to be refused.
  const spend = () => page.evaluate(() => Promise.all(Array.from({ length: 40 }, () =>
    fetch('/api/photos', { method: 'POST', body: 'x' }).then(({ status }) => status))));
  const held = page.getByText('That was a lot at once');
  await eventually('it is refused once', async () => {
    await spend();
    await page.setInputFiles('#files', PHOTOGRAPHS[4]);
    return held.waitFor({ timeout: 2000 }).then(() => true, () => false);
  });
  await isFitToBeSeen(page, '33-rate-limited');
  await eventually('all are there', async () =>
    (await page.locator('.tile.upload').count()) === 0 && (await tiles(page).count()) > 0);
  await context.close();
});

test('what is no picture is left out, and what only looks like one says why', async () => {
  const { context, page } = await visit();
  await page.setInputFiles('#files', [{ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') }]);
  await page.getByText('Those are not pictures.').waitFor();
  await page.setInputFiles('#files', [
    { name: 'broken.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('not a JPEG at all') },
    { name: 'cut.jpg', mimeType: 'image/jpeg', buffer: readFileSync(PHOTOGRAPHS[0]).subarray(0, 20_000) }]);
  await eventually('both are refused', async () => (await uploads(page, 'failed').count()) === 2);
  await page.getByText('2 photos could not be added').waitFor();
  await isFitToBeSeen(page, '34-refused');
  await page.locator('#uploads').getByRole('button', { name: 'Dismiss' }).click();
  await page.getByText('Add your first photos').waitFor();
  await context.close();
});

test('a service that does not answer is said to be away, with a way to try again', async () => {
  const { context, page } = await openProfile(browser);
  // The page comes from the edge; then the line is cut.
  await context.addCookies((await cookiesOfSession()));
  await page.route('**/api/**', (route) => route.abort('connectionfailed'));
  await page.goto(service.url);
  await page.getByText('No connection').waitFor();
  await isFitToBeSeen(page, '35-no-connection');
  await page.unroute('**/api/**');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Add your first photos').waitFor();
  await context.close();
});

async function cookiesOfSession() {
  const context = await browser.newContext();
  await context.request.post(`${service.url}/api/sessions`);
  const cookies = await context.cookies();
  await context.close();
  return cookies;
}

test('a session that was ended elsewhere does not just look empty', async () => {
  const { context, page } = await visit();
  await add(page, PHOTOGRAPHS.slice(0, 1));
  await page.request.delete(`${service.url}/api/sessions/current`, { headers: { Origin: service.url } });
  await page.reload();
  await page.getByText('The session of this browser has ended').waitFor();
  await isFitToBeSeen(page, '36-session-ended');
  await page.getByRole('button', { name: 'Begin anew' }).click();
  await page.getByText('Add your first photos').waitFor();
  await context.close();
});

test('photos can be dropped onto the page', async () => {
  const { context, page } = await visit();
  const bytes = readFileSync(PHOTOGRAPHS[4]).toString('base64');
  const dropped = await page.evaluateHandle((base64) => {
    const transfer = new DataTransfer();
    const content = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([content], 'dropped.jpg', { type: 'image/jpeg' }));
    return transfer;
  }, bytes);
  await page.dispatchEvent('body', 'dragenter', { dataTransfer: dropped });
  await page.getByText('Drop to add').waitFor();
  await screenshot(page, '37-dropping');
  await page.dispatchEvent('body', 'drop', { dataTransfer: dropped });
  await eventually('it is there', async () => (await tiles(page).count()) === 1);
  assert.ok(await page.locator('#drop-hint').isHidden());
  await context.close();
});

test('the keyboard alone is enough', async () => {
  const { context, page } = await visit();
  await add(page, PHOTOGRAPHS.slice(0, 3));
  await picturesAreThere(page);
  const focused = () => page.evaluate(() => document.activeElement.closest('.tile')?.dataset.id ?? document.activeElement.id);
  const ids = await tiles(page).evaluateAll((all) => all.map((tile) => tile.dataset.id));
  await page.locator('#add').focus();
  await page.keyboard.press('Tab');
  assert.equal(await focused(), ids[0]);
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(), ids[1]);
  await page.keyboard.press('End');
  assert.equal(await focused(), ids[2]);
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await page.locator('.viewer[open]').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.viewer').waitFor({ state: 'detached' });
  assert.equal(await focused(), ids[0]);
  // Selected with its round button, deleted, and the focus is not lost.
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await page.getByText('1 selected').waitFor();
  await page.locator('#selection').getByRole('button', { name: 'Delete' }).press('Enter');
  await eventually('it is gone', async () => (await tiles(page).count()) === 2);
  await context.close();
});

test('a finger leads from photo to photo, and downwards out of them', async () => {
  const { context, page } = await visit(PHONE);
  await add(page, PHOTOGRAPHS.slice(0, 2));
  await picturesAreThere(page);
  await tiles(page).first().locator('a').tap();
  await picturesAreThere(page, '.viewer img');
  const touch = await context.newCDPSession(page);
  const swipe = async (from, to) => {
    const point = ([x, y]) => ({ x, y });
    await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [point(from)] });
    for (let step = 1; step <= 6; step += 1) {
      const at = from.map((value, i) => value + ((to[i] - value) * step) / 6);
      await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [point(at)] });
    }
    await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  };
  await swipe([300, 380], [60, 380]);
  await page.getByText('2 of 2', { exact: true }).waitFor();
  await swipe([60, 380], [300, 380]);
  await page.getByText('1 of 2', { exact: true }).waitFor();
  await swipe([180, 250], [180, 600]);
  await page.locator('.viewer').waitFor({ state: 'detached' });
  await context.close();
});

test('more photos than the limit lets through and one page of the listing holds are added, and listed', async () => {
  const { context, page } = await visit();
  const pictures = await page.evaluate(() => Promise.all(Array.from({ length: 60 }, (_, i) => new Promise((resolve) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 48 + i, height: 48 });
    const pen = canvas.getContext('2d');
    pen.fillStyle = `hsl(${6 * i} 60% 50%)`;
    pen.fillRect(0, 0, 48 + i, 48);
    resolve(canvas.toDataURL('image/png').split(',')[1]);
  }))));
  await page.setInputFiles('#files', pictures.map((base64, i) =>
    ({ name: `${i}.png`, mimeType: 'image/png', buffer: Buffer.from(base64, 'base64') })));
  await eventually('all are added', async () => (await tiles(page).count()) === 60, 3 * PATIENCE);
  await page.reload();
  await eventually('all are listed', async () => {
    await page.mouse.wheel(0, 2000);
    return (await tiles(page).count()) === 60;
  });
  const ids = await tiles(page).evaluateAll((all) => all.map((tile) => tile.dataset.id));
  assert.equal(new Set(ids).size, 60);
  await tiles(page).first().hover();
  await page.locator('.tick').first().click();
  await page.locator('.tick').last().click({ modifiers: ['Shift'] });
  await page.getByText('60 selected').waitFor();
  await page.locator('#selection').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('Add your first photos').waitFor();
  await context.close();
});
