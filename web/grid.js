// The photos as rows of one height, in the order of the service: newest first. A tile opens its photo; its round button
// selects it. The grid holds what is shown, and asks the service for nothing.

import { element, iconButton } from './dom.js';
import { describe, giveUp, picture, placeholder } from './picture.js';

// How the browser may know a tile's width before it has laid it out; "auto" is the width itself, where that is known.
const SIZES = 'auto, (max-width: 600px) 50vw, 340px';

export class Grid extends EventTarget {
  #list;
  #tiles = new Map(); // id → { photo, tile }
  #selected = new Set();
  #lastToggled = null;
  #followers = new Map(); // id of a photo that was removed → id of the one after it

  // Events: 'open' and 'selection'; detail is the photo, or the photos that are selected.
  constructor(list) {
    super();
    this.#list = list;
    list.addEventListener('keydown', (event) => this.#onKey(event));
  }

  get count() {
    return this.#tiles.size;
  }

  has(id) {
    return this.#tiles.has(id);
  }

  photo(id) {
    return this.#tiles.get(id)?.photo;
  }

  clear() {
    this.#list.replaceChildren();
    this.#tiles.clear();
    this.clearSelection();
  }

  // Where it was before, or at the place that its time gives it; in place of `instead`, the tile of its upload, where
  // there is one, and with the upload's preview until its thumbnail is there.
  add(photo, instead = null, preview = null) {
    if (this.has(photo.id)) {
      instead?.remove();
      return;
    }
    const tile = this.#makeTile(photo, preview);
    this.#tiles.set(photo.id, { photo, tile });
    if (instead) {
      instead.replaceWith(tile);
      return;
    }
    const follower = this.#tiles.get(this.#followers.get(photo.id))?.tile;
    // Seconds are too coarse for photos that were added together.
    const older = this.#photoTiles().find((other) => this.photo(other.dataset.id).created < photo.created);
    this.#list.insertBefore(tile, follower ?? older ?? null);
  }

  remove(id) {
    const entry = this.#tiles.get(id);
    if (!entry) return;
    const neighbour = entry.tile.nextElementSibling ?? entry.tile.previousElementSibling;
    this.#followers.set(id, entry.tile.nextElementSibling?.dataset.id);
    const hadFocus = entry.tile.contains(document.activeElement);
    giveUp(entry.tile.querySelector('.picture'));
    entry.tile.remove();
    this.#tiles.delete(id);
    if (this.#selected.delete(id)) this.#tellSelection();
    if (hadFocus) (neighbour?.querySelector('a, button') ?? this.#list).focus();
  }

  // The photo `by` places after this one, or undefined at either end.
  neighbour(id, by) {
    const tiles = this.#photoTiles();
    const at = tiles.findIndex((tile) => tile.dataset.id === id);
    return at < 0 ? undefined : this.photo(tiles[at + by]?.dataset.id);
  }

  // [number of the photo from 1, how many there are]
  position(id) {
    const tiles = this.#photoTiles();
    return [tiles.findIndex((tile) => tile.dataset.id === id) + 1, tiles.length];
  }

  focus(id) {
    const tile = this.#tiles.get(id)?.tile;
    tile?.querySelector('a').focus({ preventScroll: true });
    tile?.scrollIntoView({ block: 'nearest' });
  }

  // ---- Selection ----

  get selection() {
    return this.#photoTiles().map((tile) => this.photo(tile.dataset.id)).filter(({ id }) => this.#selected.has(id));
  }

  clearSelection() {
    for (const id of this.#selected) this.#mark(id, false);
    this.#lastToggled = null;
    this.#tellSelection();
  }

  // With the shift key all between the last one and this one.
  #toggle(id, withShift) {
    const select = !this.#selected.has(id);
    const ids = this.#photoTiles().map((tile) => tile.dataset.id);
    const last = withShift && this.#lastToggled ? ids.indexOf(this.#lastToggled) : -1;
    const at = ids.indexOf(id);
    const range = last < 0 ? [id] : ids.slice(Math.min(at, last), Math.max(at, last) + 1);
    for (const each of range) this.#mark(each, select);
    this.#lastToggled = id;
    this.#tellSelection();
  }

  #mark(id, selected) {
    if (selected) this.#selected.add(id);
    else this.#selected.delete(id);
    const tile = this.#tiles.get(id)?.tile;
    tile?.classList.toggle('selected', selected);
    tile?.querySelector('.tick').setAttribute('aria-pressed', selected);
  }

  #tellSelection() {
    this.#list.classList.toggle('selecting', this.#selected.size > 0);
    this.dispatchEvent(new CustomEvent('selection', { detail: this.selection }));
  }

  // ---- Tiles ----

  #photoTiles() {
    return [...this.#list.querySelectorAll('.tile.photo')];
  }

  #makeTile(photo, preview) {
    const image = picture(photo, SIZES);
    const link = element('a', {
      href: `#photo=${photo.id}`,
      onclick: (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        // While some are selected, a tap on a photo is meant as one more.
        if (this.#selected.size) this.#toggle(photo.id, false);
        else this.dispatchEvent(new CustomEvent('open', { detail: photo }));
      }
    }, image);
    const tick = iconButton('check', {
      kind: 'tick',
      label: `Select: ${describe(photo)}`,
      'aria-pressed': 'false',
      onclick: (event) => this.#toggle(photo.id, event.shiftKey)
    });
    const tile = element('li.tile.photo', {}, link, tick);
    tile.dataset.id = photo.id;
    shape(tile, photo.width / photo.height);
    placeholder(photo, tile, image, preview);
    if (preview) image.addEventListener('load', () => URL.revokeObjectURL(preview));
    return tile;
  }

  // Arrows move the focus from photo to photo, as in any file manager.
  #onKey(event) {
    const tile = event.target.closest('.tile.photo');
    if (!tile || event.ctrlKey || event.metaKey || event.altKey) return;
    const tiles = this.#photoTiles();
    const at = tiles.indexOf(tile);
    const to = {
      ArrowLeft: () => tiles[at - 1],
      ArrowRight: () => tiles[at + 1],
      ArrowUp: () => nearest(tile, tiles.slice(0, at).reverse()),
      ArrowDown: () => nearest(tile, tiles.slice(at + 1)),
      Home: () => tiles[0],
      End: () => tiles.at(-1)
    }[event.key]?.();
    if (!to) return;
    event.preventDefault();
    to.querySelector('a').focus();
  }
}

// Rows of one height: a tile grows by its shape (grid.css).
export function shape(tile, ratio) {
  // A panorama fills no more than three places, and still shows what it is.
  tile.style.setProperty('--ratio', Math.min(3, Math.max(0.5, ratio)).toFixed(4));
}

// Of the next row among `tiles`, the one whose middle is closest to that of `from`.
function nearest(from, tiles) {
  const start = from.getBoundingClientRect();
  const other = tiles.find((tile) => Math.abs(tile.getBoundingClientRect().top - start.top) > start.height / 2);
  if (!other) return undefined;
  const { top } = other.getBoundingClientRect();
  const middle = (box) => box.left + box.width / 2;
  const distance = (tile) => Math.abs(middle(tile.getBoundingClientRect()) - middle(start));
  const row = tiles.filter((tile) => Math.abs(tile.getBoundingClientRect().top - top) < 2);
  return row.reduce((best, tile) => (distance(tile) < distance(best) ? tile : best));
}
