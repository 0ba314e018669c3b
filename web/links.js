// The links that are out: what each shows, until when, how often it was opened; copied again, or taken back.

import { links, revokeLink } from './api.js';
import { confirm } from './dialogs.js';
import { element, icon, iconButton, local } from './dom.js';
import { count, ends } from './format.js';
import { copy } from './link_field.js';
import { openPanel } from './panel.js';
import { addressOf } from './share.js';
import { toast, toastError } from './toasts.js';

export function openLinksPanel() {
  const reload = openPanel('Your links', {
    load: links,
    makeItem: (link) => item(link, () => reload()),
    empty: 'Nothing is shared at the moment. Open a photo and choose Share.'
  });
}

function item(link, changed) {
  const name = nameOf(link);
  return element('li.item', {},
    link.thumbnail ? element('img', { src: local(link.thumbnail), alt: '', width: 56, height: 56 }) : icon('link', 'large'),
    element('div.item-text', {}, element('p.item-name', {}, name), element('p.muted.small', {}, factsOf(link).join(' · '))),
    element('div.item-buttons', {},
      iconButton('copy', { label: `Copy the link of ${name}`, onclick: () => copy(addressOf(link)) }),
      element('button.danger.outline', { type: 'button', 'aria-label': `Revoke ${name}`, onclick: () => revoke(link, changed) },
        'Revoke')));
}

function nameOf(link) {
  const photos = numberOf(link);
  return link.name || (photos === 1 ? 'A photo' : `An album of ${count(photos, 'photo')}`);
}

function numberOf({ photos }) {
  return Array.isArray(photos) ? photos.length : photos ?? 1;
}

function factsOf(link) {
  return [
    ends(link.expires),
    numberOf(link) > 1 && link.name ? count(numberOf(link), 'photo') : null,
    link.opened === undefined ? null : `opened ${link.opened === 1 ? 'once' : count(link.opened, 'time')}`,
    link.bound ? 'only in one browser' : null,
    link.original ? (numberOf(link) > 1 ? 'with the originals' : 'with the original') : null
  ].filter(Boolean);
}

async function revoke(link, changed) {
  const agreed = await confirm('Revoke this link?',
    'Whoever has it sees nothing from now on. It cannot be undone, but you can make another.', 'Revoke');
  if (!agreed) return;
  try {
    await revokeLink(link.id);
    toast('The link is revoked.');
  } catch (error) {
    toastError(error, 'The link was not revoked.');
  }
  changed();
}
