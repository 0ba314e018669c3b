// What was deleted a short while ago, and can be brought back.

import { deletedPhotos, restorePhoto } from './api.js';
import { element } from './dom.js';
import { ago, span } from './format.js';
import { openPanel } from './panel.js';
import { describe, kindOf, placeholder } from './picture.js';
import { toastError } from './toasts.js';

// onRestored(photo): it is there again.
export function openDeletedPanel(onRestored) {
  const reload = openPanel('Recently deleted', {
    load: deletedPhotos,
    makeItem: (photo) => item(photo, async () => {
      await restore(photo.id, onRestored);
      reload();
    }),
    empty: 'Nothing that could be brought back.'
  });
}

export async function restore(id, onRestored) {
  try {
    onRestored(await restorePhoto(id));
  } catch (error) {
    toastError(error, 'The photo was not brought back.');
  }
}

// Its thumbnails are gone with it: what is known of its colours stands in for them.
function item(photo, bringBack) {
  const swatch = element('div.swatch', { 'aria-hidden': 'true' });
  placeholder(photo, swatch, new Image());
  swatch.classList.remove('loading');
  const left = photo.restorable_until - Date.now() / 1000;
  return element('li.item', {}, swatch,
    element('div.item-text', {},
      element('p.item-name', {}, kindOf(photo)),
      element('p.muted.small', {}, `deleted ${ago(photo.deleted_at)} · gone for good in ${span(Math.max(0, left))}`)),
    element('div.item-buttons', {},
      element('button.quiet', {
        type: 'button', 'aria-label': `Bring back: ${describe(photo)}`, onclick: bringBack
      }, 'Bring back')));
}
