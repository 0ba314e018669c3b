// What the person sees of the uploads: a tile each, at the front of the grid, and one tray that sums them up.

import { element, icon, iconButton, show } from './dom.js';
import { count } from './format.js';
import { shape } from './grid.js';

const SUMMARY_STAYS = 5000; // ms, after everything went well

export class UploadView {
  #queue;
  #list;
  #tray;
  #onDone;
  #tiles = new Map(); // upload → { tile, preview URL }
  #drawing = false;
  #leaving = null;

  // list: the grid's. onDone(photo, tile, preview): the photo is the service's, its tile still that of the upload. The
  // preview is a URL that onDone is to revoke, or null.
  constructor({ queue, list, tray, onDone }) {
    this.#queue = queue;
    this.#list = list;
    this.#tray = tray;
    this.#onDone = onDone;
    this.#makeTray();
    queue.addEventListener('change', (event) => this.#changed(event.detail));
  }

  add(files) {
    const tiles = this.#queue.add(files).map((upload) => this.#tileOf(upload));
    this.#list.prepend(...tiles);
  }

  #changed(upload) {
    if (upload && this.#queue.uploads.includes(upload)) {
      if (upload.state === 'done') this.#done(upload);
      else draw(this.#tileOf(upload), upload);
    }
    for (const [known, { tile, preview }] of this.#tiles) {
      if (this.#queue.uploads.includes(known)) continue;
      this.#tiles.delete(known);
      tile.remove();
      URL.revokeObjectURL(preview);
    }
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#drawTray();
    });
  }

  #done(upload) {
    const entry = this.#tiles.get(upload);
    if (!entry) return;
    this.#tiles.delete(upload);
    const seen = entry.tile.querySelector('.picture')?.naturalWidth;
    if (!seen) URL.revokeObjectURL(entry.preview);
    this.#onDone(upload.photo, entry.tile, seen ? entry.preview : null);
  }

  // ---- One upload ----

  #tileOf(upload) {
    const known = this.#tiles.get(upload);
    if (known) return known.tile;
    const preview = URL.createObjectURL(upload.file);
    const image = element('img.picture', { alt: '', loading: 'lazy', decoding: 'async', src: preview });
    const { name } = upload.file;
    const queue = this.#queue;
    const tile = element('li.tile.upload', {}, image,
      element('div.upload-shade', {},
        element('div.ring', { role: 'progressbar', 'aria-label': `Uploading ${name}`, 'aria-valuemin': 0, 'aria-valuemax': 100 }),
        icon('warning', 'large'),
        element('p.upload-text', {}),
        element('div.upload-buttons', {},
          iconButton('pause', { label: `Pause ${name}`, onclick: () => queue.pause(upload) }),
          iconButton('play', { label: `Go on with ${name}`, onclick: () => queue.resume(upload) }),
          iconButton('retry', { label: `Try ${name} again`, onclick: () => queue.resume(upload) }),
          iconButton('close', { label: `Do not add ${name}`, onclick: () => queue.remove(upload) }))));
    shape(tile, 1.5);
    image.addEventListener('load', () => shape(tile, image.naturalWidth / image.naturalHeight));
    // A format that this browser does not show.
    image.addEventListener('error', () => image.remove());
    this.#tiles.set(upload, { tile, preview });
    draw(tile, upload);
    return tile;
  }

  // ---- All of them ----

  #makeTray() {
    const queue = this.#queue;
    const all = (states, change) => () => {
      for (const upload of queue.uploads.filter(({ state }) => states.includes(state))) change(upload);
    };
    const text = (label, onclick) => element('button.quiet', { type: 'button', onclick }, label);
    this.#tray.append(
      element('div.tray-text', {}, element('p.tray-title', { role: 'status' }), element('p.tray-detail.muted.small', {})),
      element('div.tray-buttons', {},
        text('Pause', all(['waiting', 'sending', 'retrying'], (upload) => queue.pause(upload))),
        text('Go on', all(['paused'], (upload) => queue.resume(upload))),
        text('Try again', all(['failed'], (upload) => queue.resume(upload))),
        iconButton('close', { label: 'Dismiss', onclick: () => queue.clearEnded() })),
      element('div.bar', { 'aria-hidden': 'true' }, element('i')));
  }

  #drawTray() {
    const { uploads } = this.#queue;
    const tray = this.#tray;
    show(tray, uploads.length > 0);
    clearTimeout(this.#leaving);
    if (uploads.length === 0) return;
    const active = this.#queue.count('waiting', 'sending', 'retrying');
    const paused = this.#queue.count('paused');
    const failed = this.#queue.count('failed');
    const hopeful = uploads.some((upload) => upload.state === 'failed' && !isFinal(upload));
    const [title, detail] = describe(this.#queue);
    setText(tray.querySelector('.tray-title'), title);
    setText(tray.querySelector('.tray-detail'), detail);
    tray.querySelector('.bar i').style.width = `${Math.round(100 * fractionOf(uploads))}%`;
    const [pause, goOn, retry, dismiss] = tray.querySelectorAll('button');
    show(pause, active > 0);
    show(goOn, active === 0 && paused > 0);
    show(retry, active === 0 && hopeful);
    show(dismiss, active + paused === 0);
    show(tray.querySelector('.bar'), active + paused > 0);
    if (active + paused + failed === 0) {
      this.#leaving = setTimeout(() => this.#queue.clearEnded(), SUMMARY_STAYS);
    }
  }
}

// A status that is written again would be read again.
function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

function fractionOf(uploads) {
  const total = uploads.reduce((sum, { file }) => sum + file.size, 0);
  const sent = uploads.reduce((sum, { file, fraction }) => sum + file.size * fraction, 0);
  return total ? sent / total : 1;
}

// [title, detail]
function describe(queue) {
  const { uploads } = queue;
  const done = queue.count('done');
  const failed = queue.count('failed');
  const open = uploads.length - done - failed;
  if (open > 0) {
    const title = queue.count('paused') === open ? 'Paused' : `Adding ${count(uploads.length, 'photo')}`;
    return [title, progress(queue, done)];
  }
  const detail = failed ? 'The tiles say why.' : '';
  if (done === 0) return [`${count(failed, 'photo')} could not be added`, detail];
  return [`${count(done, 'photo')} added${failed ? `, ${failed} could not be` : ''}`, detail];
}

function progress(queue, done) {
  const lost = queue.uploads.some(({ state, error }) => state === 'retrying' && error.status === 0);
  if (queue.heldUntil) {
    return `That was a lot at once: goes on in ${seconds(queue.heldUntil)}.`;
  }
  if (lost && queue.count('sending') === 0) return 'The connection is lost. Goes on by itself when it is back.';
  return `${done} done, ${Math.floor(100 * fractionOf(queue.uploads))} %`;
}

function seconds(until) {
  return count(Math.max(1, Math.ceil((until - Date.now()) / 1000)), 'second');
}

const TEXTS = {
  waiting: () => 'Waiting',
  sending: ({ fraction }) => (fraction < 1 ? '' : 'Checking'),
  retrying: ({ error }) => (error.status === 0 ? 'Connection lost' : 'Trying again soon'),
  paused: () => 'Paused',
  failed: ({ error }) => error.message
};

// What a second attempt would not change.
const isFinal = ({ error }) => [400, 413, 415, 422].includes(error.status);

function draw(tile, upload) {
  const { state, fraction, error } = upload;
  tile.dataset.state = state;
  const text = tile.querySelector('.upload-text');
  setText(text, TEXTS[state]?.(upload) ?? '');
  text.title = state === 'failed' ? `${upload.file.name}: ${error.message}` : '';
  const ring = tile.querySelector('.ring');
  ring.style.setProperty('--fraction', fraction);
  ring.setAttribute('aria-valuenow', Math.round(100 * fraction));
  const [pause, play, retry] = tile.querySelectorAll('button');
  show(pause, ['waiting', 'sending', 'retrying'].includes(state));
  show(play, state === 'paused');
  show(retry, state === 'failed' && !isFinal(upload));
  show(ring, state === 'sending');
  tile.classList.toggle('checking', state === 'sending' && fraction >= 1);
}
