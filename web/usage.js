// How much there is, and how much there may be.

import { element, show } from './dom.js';
import { count, size } from './format.js';

const NEARLY_FULL = 0.9;

// quota: { photos: { used, limit }, bytes: { used, limit } }; a limit of null is none. Without a quota nothing is said.
export function drawUsage(target, quota) {
  show(target, Boolean(quota));
  if (!quota) return;
  const parts = [quota.bytes, quota.photos].filter(({ limit }) => limit).map(({ used, limit }) => used / limit);
  const fullest = Math.max(0, ...parts);
  target.replaceChildren(
    element('span', {}, `${photosOf(quota.photos)} · ${bytesOf(quota.bytes)}`),
    parts.length ? element('span.meter', { 'aria-hidden': 'true' }, element('i')) : '');
  target.classList.toggle('nearly-full', fullest > NEARLY_FULL);
  const fill = target.querySelector('.meter i');
  if (fill) fill.style.width = `${Math.min(100, Math.round(100 * fullest))}%`;
}

function photosOf({ used, limit }) {
  return limit ? `${used.toLocaleString('en')} of ${count(limit, 'photo')}` : count(used, 'photo');
}

function bytesOf({ used, limit }) {
  return limit ? `${size(used)} of ${size(limit)}` : size(used);
}
