// One photo, as large as the window: arrow keys or a swipe for the next, Esc or the Back button to leave.

import { originalOf } from './api.js';
import { element, icon, iconButton, show } from './dom.js';
import { moment, size } from './format.js';
import { describe, giveUp, picture, placeholder } from './picture.js';

const SWIPE = 60; // CSS pixels that a finger moves for the next photo
const NEAR_END = 4; // photos before the last that is known, at which more are asked for

export class Viewer extends EventTarget {
  #grid;
  #dialog;
  #stage;
  #photo = null;
  #prepared = []; // images of its neighbours

  // Events with the photo as detail: 'share', 'delete'; 'near-end' without.
  constructor(grid) {
    super();
    this.#grid = grid;
    this.#make();
    addEventListener('popstate', () => {
      if (this.isOpen && !idInAddress()) this.#dialog.close();
    });
  }

  get isOpen() {
    return this.#dialog.open;
  }

  open(photo) {
    // With an address of its own, so that Back leads to the grid.
    history.pushState({ viewer: true }, '', `#photo=${photo.id}`);
    this.#show(photo);
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    this.#dialog.focus();
  }

  // The photo that the address names, where the grid has it.
  openAddressed() {
    const photo = this.#grid.photo(idInAddress());
    history.replaceState(null, '', location.pathname);
    if (photo) this.open(photo);
  }

  // After this photo has gone: its neighbour, or the grid.
  leave(photo, neighbour) {
    if (!this.isOpen || this.#photo?.id !== photo.id) return;
    if (neighbour) this.#show(neighbour);
    else this.#dialog.close();
  }

  // A photo that has come back is shown again.
  comeBack(photo) {
    if (this.isOpen) this.#show(photo);
  }

  // There are more photos than before.
  refresh() {
    if (this.isOpen) this.#describe(this.#photo);
  }

  #make() {
    const tell = (name) => this.dispatchEvent(new CustomEvent(name, { detail: this.#photo }));
    this.#stage = element('figure.stage', {});
    this.#dialog = element('dialog.viewer', { 'aria-label': 'Photo', tabIndex: -1 },
      element('header.viewer-bar', {},
        element('p.viewer-place', {}),
        iconButton('info', { label: 'About this photo', 'aria-expanded': 'false', onclick: () => this.#toggleFacts() }),
        element('a.round.original', { 'aria-label': 'Download original', title: 'Download original', download: '' }, icon('download')),
        iconButton('share', { label: 'Share', onclick: () => tell('share') }),
        iconButton('trash', { label: 'Delete', onclick: () => tell('delete') }),
        iconButton('close', { label: 'Close', onclick: () => this.#dialog.close() })),
      iconButton('previous', { kind: 'step.previous', label: 'Previous photo', onclick: () => this.#step(-1) }),
      this.#stage,
      iconButton('next', { kind: 'step.next', label: 'Next photo', onclick: () => this.#step(1) }),
      element('dl.facts', { hidden: true }),
      element('p.for-readers', { role: 'status' }));
    this.#dialog.addEventListener('close', () => this.#closed());
    this.#dialog.addEventListener('keydown', (event) => this.#onKey(event, tell));
    followSwipes(this.#stage, (by) => this.#step(by), () => this.#dialog.close());
  }

  #closed() {
    this.#dialog.remove();
    this.#stage.querySelectorAll('img').forEach(giveUp);
    this.#stage.replaceChildren();
    this.#prepare([]);
    if (history.state?.viewer) history.back();
    if (this.#photo) this.#grid.focus(this.#photo.id);
    this.#photo = null;
  }

  #onKey(event, tell) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const run = {
      ArrowLeft: () => this.#step(-1),
      ArrowRight: () => this.#step(1),
      Delete: () => tell('delete'),
      i: () => this.#toggleFacts(),
      s: () => tell('share')
    }[event.key];
    if (!run) return;
    event.preventDefault();
    run();
  }

  #step(by) {
    const photo = this.#grid.neighbour(this.#photo.id, by);
    if (photo) this.#show(photo);
  }

  #show(photo) {
    this.#photo = photo;
    if (history.state?.viewer) history.replaceState({ viewer: true }, '', `#photo=${photo.id}`);
    const image = picture(photo, sizesIn(photo), { eager: true });
    const frame = element('div.frame', {}, image);
    frame.style.setProperty('--ratio', photo.width / photo.height);
    frame.style.setProperty('--own-width', `${photo.width}px`);
    placeholder(photo, frame, image);
    this.#stage.querySelectorAll('img').forEach(giveUp);
    this.#stage.replaceChildren(frame);
    this.#describe(photo);
    this.#prepare([1, -1].map((by) => this.#grid.neighbour(photo.id, by)).filter(Boolean));
  }

  // What comes next is there by then.
  #prepare(photos) {
    const before = this.#prepared;
    this.#prepared = photos.map((photo) => picture(photo, sizesIn(photo), { eager: true }));
    before.forEach(giveUp);
  }

  #describe(photo) {
    const [place, count] = this.#grid.position(photo.id);
    this.#dialog.querySelector('.viewer-place').textContent = `${place} of ${count}`;
    this.#dialog.querySelector('.original').href = originalOf(photo);
    this.#dialog.querySelector('[role=status]').textContent = `${place} of ${count}. ${describe(photo)}`;
    show(this.#dialog.querySelector('.previous'), place > 1);
    show(this.#dialog.querySelector('.next'), place < count);
    const facts = {
      Added: moment(photo.created),
      Size: `${photo.width} × ${photo.height} pixels`,
      File: `${photo.format.toUpperCase()}, ${size(photo.bytes)}`
    };
    this.#dialog.querySelector('.facts').replaceChildren(
      ...Object.entries(facts).flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));
    if (count - place < NEAR_END) this.dispatchEvent(new CustomEvent('near-end'));
  }

  #toggleFacts() {
    const facts = this.#dialog.querySelector('.facts');
    show(facts, facts.hidden);
    this.#dialog.querySelector('[aria-expanded]').setAttribute('aria-expanded', !facts.hidden);
  }
}

function idInAddress() {
  return /^#photo=([a-z0-9]+)$/.exec(location.hash)?.[1];
}

// How wide the photo is where it fills the window.
function sizesIn(photo) {
  return `min(100vw, ${Math.round((100 * photo.width) / photo.height)}vh)`;
}

// A finger takes the photo along; a mouse has buttons.
function followSwipes(stage, step, leave) {
  let start = null;
  const move = (x, y) => {
    const frame = stage.firstElementChild;
    if (frame) frame.style.translate = x || y ? `${x}px ${y}px` : '';
  };
  const end = (event, act) => {
    if (!start || event.pointerId !== start.pointerId) return;
    const x = event.clientX - start.clientX;
    const y = event.clientY - start.clientY;
    start = null;
    move(0, 0);
    if (!act) return;
    if (Math.abs(x) > SWIPE && Math.abs(x) > Math.abs(y)) step(x < 0 ? 1 : -1);
    else if (y > 2 * SWIPE && y > Math.abs(x)) leave();
  };
  stage.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'mouse') return;
    // A second finger is for zooming.
    start = event.isPrimary ? event : null;
  });
  stage.addEventListener('pointermove', (event) => {
    if (start?.pointerId === event.pointerId) move(event.clientX - start.clientX, Math.max(0, event.clientY - start.clientY));
  });
  stage.addEventListener('pointerup', (event) => end(event, true));
  stage.addEventListener('pointercancel', (event) => end(event, false));
}
