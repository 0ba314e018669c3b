// A photo as an <img>: the sizes that the service has signed, and something to look at until one of them is there.

import { element, local } from './dom.js';
import { moment } from './format.js';
import { decodeThumbHash } from './thumbhash.js';

// [width, URL] by width.
export function sizesOf(photo) {
  return Object.entries(photo.thumbnails)
    .map(([width, url]) => [Number(width), local(url)])
    .sort(([a], [b]) => a - b);
}

// sizes: what the browser chooses by, as in HTML. eager: asked for now, not as it comes into view.
export function picture(photo, sizes, { eager = false } = {}) {
  const sources = sizesOf(photo);
  const image = element('img.picture', {
    alt: describe(photo),
    width: photo.width,
    height: photo.height,
    decoding: 'async',
    loading: eager ? 'eager' : 'lazy',
    sizes,
    srcset: sources.map(([width, url]) => `${url} ${width}w`).join(', ')
  });
  image.src = sources.find(([width]) => width >= 640)?.[1] ?? sources.at(-1)[1];
  return image;
}

// Nobody waits for it any more: what is still on its way is not asked for, least of all of a photo that goes now.
export function giveUp(image) {
  image.removeAttribute('srcset');
  image.removeAttribute('src');
}

// Photos have no names: what is known of them.
export function describe(photo) {
  return `${kindOf(photo)}, added ${moment(photo.created)}`;
}

export function kindOf({ width, height }) {
  if (width === height) return 'Square photo';
  return width > height ? 'Wide photo' : 'Tall photo';
}

// Colours the element that the image is in, until it is there. preview: the URL of a picture of it that is at hand.
export function placeholder(photo, target, image, preview = null) {
  const decoded = photo.thumbhash ? decodeThumbHash(photo.thumbhash) : null;
  if (photo.dominant_color) target.style.backgroundColor = photo.dominant_color;
  if (preview || decoded) target.style.backgroundImage = `url(${preview ?? toDataUrl(decoded)})`;
  target.classList.add('loading');
  const loaded = () => {
    target.classList.remove('loading', 'broken');
    target.style.backgroundImage = '';
    // Of a picture with transparency the page is to be seen, not its colour.
    target.style.backgroundColor = '';
  };
  image.addEventListener('load', loaded);
  image.addEventListener('error', () => {
    target.classList.remove('loading');
    target.classList.add('broken');
  });
  if (image.complete && image.naturalWidth) loaded();
}

function toDataUrl({ width, height, rgba }) {
  const canvas = element('canvas', { width, height });
  canvas.getContext('2d').putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas.toDataURL();
}
