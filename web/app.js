// Wires the page: what the service has goes into the grid, what the person does goes to the service.

import * as api from './api.js';
import { openDeletedPanel, restore } from './deleted.js';
import { confirm } from './dialogs.js';
import { show } from './dom.js';
import { acceptFiles } from './drop.js';
import { count } from './format.js';
import { Grid } from './grid.js';
import { openLinksPanel } from './links.js';
import { selectionTray } from './selection.js';
import { newKey, sendPhoto } from './send_photo.js';
import { openSessionsPanel } from './sessions.js';
import { openShareDialog } from './share.js';
import { drawUsage } from './usage.js';
import { toast, toastError } from './toasts.js';
import { UploadQueue } from './upload_queue.js';
import { UploadView } from './upload_view.js';
import { Viewer } from './viewer.js';

const byId = (id) => document.getElementById(id);
const server = { isKnown: false, links: false, sessions: false }; // what it has beyond photos
const grid = new Grid(byId('photos'));
const viewer = new Viewer(grid);
const queue = new UploadQueue({ send, newKey });
const uploads = new UploadView({ queue, list: byId('photos'), tray: byId('uploads'), onDone: uploaded });
let next = null; // cursor of the page after what is shown
let loadingMore = false;
let session = null; // a promise of the one that uploads go to
let owner = null; // of the photos that are shown, where the server says

// ---- What is shown ----

const STATES = ['loading', 'empty', 'trouble'];

// One of STATES, or the photos.
function present(state) {
  for (const each of STATES) show(byId(each), each === state);
  show(byId('photos'), state === 'photos');
  show(byId('more'), state === 'photos' && next !== null);
}

function presentPhotos() {
  present(grid.count || queue.uploads.length ? 'photos' : 'empty');
}

function presentTrouble({ title, text, icon = 'cloud-off', action = 'Try again', run = start, requestId = '' }) {
  byId('trouble-icon').setAttribute('href', `#i-${icon}`);
  byId('trouble-title').textContent = title;
  byId('trouble-text').textContent = text;
  byId('trouble-action').textContent = action;
  byId('trouble-action').onclick = run;
  byId('trouble-request').textContent = `If you ask for help, say request ${requestId}.`;
  show(byId('trouble-request'), Boolean(requestId));
  present('trouble');
}

function troubleOf(error) {
  const waits = { run: start, requestId: error.requestId };
  if (error.status === 0) {
    return {
      title: 'No connection',
      text: 'The server cannot be reached. Your photos are safe there; try again when you are online.',
      ...waits
    };
  }
  if (error.status === 429) {
    const text = `That was a lot at once. Try again in ${count(error.retryAfter ?? 5, 'second')}.`;
    return { title: 'A moment, please', text, ...waits };
  }
  return { title: 'Your photos cannot be shown just now', text: error.message, ...waits };
}

// ---- Beginning ----

async function start() {
  present('loading');
  try {
    await acceptDeviceLink();
    const current = await api.currentSession();
    session = current && Promise.resolve();
    owner = current?.owner ?? null;
    grid.clear();
    next = null;
    if (current) await loadPage();
    if (!current && hadPhotos()) presentEnded();
    else presentPhotos();
    await drawSession(current);
    viewer.openAddressed();
    if (current) lookForDeleted();
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    presentTrouble(troubleOf(error));
  }
}

async function loadPage() {
  const page = await api.photos(next);
  for (const photo of page.photos) grid.add(photo);
  next = page.next ?? null;
  remember(grid.count > 0);
}

async function loadMore() {
  if (next === null || loadingMore) return;
  loadingMore = true;
  try {
    await loadPage();
  } catch (error) {
    toastError(error, 'There are more photos, but they cannot be shown.');
  }
  loadingMore = false;
  presentPhotos();
  viewer.refresh();
}

async function drawSession(current) {
  // The session had ended, and an upload made another one: what is shown is not theirs any more.
  if (owner && current?.owner && current.owner !== owner) {
    await start();
    return;
  }
  owner ??= current?.owner ?? null;
  if (current && !server.isKnown) {
    [server.links, server.sessions] = await Promise.all([api.hasLinks(), api.hasSessions()]);
    server.isKnown = true;
  }
  drawUsage(byId('usage'), current?.quota);
  show(byId('open-links'), Boolean(current) && server.links);
  show(byId('open-sessions'), Boolean(current));
}

let usageTimer;
function usageChanged() {
  clearTimeout(usageTimer);
  usageTimer = setTimeout(() => api.currentSession().then(drawSession).catch(() => {}), 500);
}

async function lookForDeleted() {
  const deleted = await api.deletedPhotos().catch(() => []);
  show(byId('open-deleted'), deleted.length > 0);
}

// ---- Sessions ----

// That there were photos here is kept, so that a browser whose session has ended does not just look empty.
const MEMORY = 'thumbgate-has-photos';

function remember(has) {
  try {
    if (has) localStorage.setItem(MEMORY, 'yes');
    else localStorage.removeItem(MEMORY);
  } catch {
    // A browser that keeps nothing.
  }
}

function hadPhotos() {
  try {
    return localStorage.getItem(MEMORY) !== null;
  } catch {
    return false;
  }
}

function presentEnded() {
  presentTrouble({
    title: 'The session of this browser has ended',
    text: 'Your photos are still on the server. Open your device link to see them here again, or begin anew.',
    icon: 'lock',
    action: 'Begin anew',
    run: () => {
      remember(false);
      presentPhotos();
    }
  });
}

// "/#recover=<secret>": the secret leaves the address before anything else is done.
async function acceptDeviceLink() {
  const secret = /^#recover=(.+)$/.exec(location.hash)?.[1];
  if (!secret) return;
  history.replaceState(null, '', location.pathname);
  if (await api.currentSession()) {
    const agreed = await confirm('Use the photos of this device link?',
      'This browser shows other photos at the moment. They stay on the server, and need a device link of their own.', 'Use them');
    if (!agreed) return;
  }
  try {
    await api.recover(secret);
    toast('This device shows your photos now.');
  } catch (error) {
    if (error.status === 0) throw error;
    toast(error.status === 403 ? 'That device link is not valid any more.' : error.message, { kind: 'error' });
  }
}

// ---- What the person does ----

function take(files, others) {
  if (others) {
    toast(files.length ? `${count(others, 'file')} left out: not pictures.` : 'Those are not pictures.', { kind: 'error' });
  }
  if (!files.length) return;
  present('photos');
  uploads.add(files);
}

// The service makes a session for an upload without one: two at once would be two people's.
async function send(file, terms) {
  session ??= api.makeSession();
  try {
    await session;
  } catch (error) {
    session = null;
    throw error;
  }
  return sendPhoto(file, terms);
}

function uploaded(photo, tile, preview) {
  grid.add(photo, tile, preview);
  remember(true);
  usageChanged();
}

function share(photos) {
  openShareDialog(photos, { full: server.links, onMade: () => grid.clearSelection() });
}

async function remove(photos) {
  const removed = [];
  for (const photo of photos) {
    const neighbour = grid.neighbour(photo.id, 1) ?? grid.neighbour(photo.id, -1);
    try {
      await api.deletePhoto(photo.id);
    } catch (error) {
      // It has gone already, in another window.
      if (error.status !== 404) {
        toastError(error, 'The photo was not deleted.');
        break;
      }
    }
    removed.push(photo);
    grid.remove(photo.id);
    viewer.leave(photo, neighbour);
  }
  presentPhotos();
  if (removed.length === 0) return;
  usageChanged();
  lookForDeleted();
  toast(removed.length === 1 ? 'Photo deleted' : `${count(removed.length, 'photo')} deleted`, {
    action: { label: 'Undo', run: () => undo(removed) }
  });
}

// The last one first: each finds the one that it stood before.
async function undo(removed) {
  for (const photo of [...removed].reverse()) await restore(photo.id, restored);
}

function restored(photo) {
  grid.add(photo);
  viewer.comeBack(photo);
  presentPhotos();
  usageChanged();
  lookForDeleted();
}

// ---- Listening ----

acceptFiles({ input: byId('files'), buttons: [byId('add'), byId('choose')], hint: byId('drop-hint'), take });
selectionTray({ grid, tray: byId('selection'), albums: () => server.links, share, remove });
grid.addEventListener('open', ({ detail: photo }) => viewer.open(photo));
viewer.addEventListener('share', ({ detail: photo }) => share([photo]));
viewer.addEventListener('delete', ({ detail: photo }) => remove([photo]));
viewer.addEventListener('near-end', loadMore);
queue.addEventListener('change', ({ detail }) => {
  if (detail === null && byId('trouble').hidden && byId('loading').hidden) presentPhotos();
});
byId('open-links').addEventListener('click', openLinksPanel);
byId('open-deleted').addEventListener('click', () => openDeletedPanel(restored));
byId('open-sessions').addEventListener('click', () => openSessionsPanel({
  listed: server.sessions,
  onLeft: () => {
    remember(false);
    location.reload();
  }
}));
byId('more').firstElementChild.addEventListener('click', loadMore);
new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting)) loadMore();
}, { rootMargin: '600px' }).observe(byId('more'));

function connectionChanged() {
  const text = 'You are offline. Uploads go on by themselves when the connection is back.';
  byId('banner').textContent = navigator.onLine ? '' : text;
  show(byId('banner'), !navigator.onLine);
}
addEventListener('offline', connectionChanged);
addEventListener('online', () => {
  connectionChanged();
  queue.connectionIsBack();
  if (!byId('trouble').hidden) start();
});
addEventListener('beforeunload', (event) => {
  if (queue.count('waiting', 'sending', 'retrying', 'paused')) event.preventDefault();
});

connectionChanged();
start();
