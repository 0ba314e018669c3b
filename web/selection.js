// The tray for the photos that are selected.

import { element, icon, iconButton, show } from './dom.js';

// albums(): whether one link may show several photos. share(photos), remove(photos).
export function selectionTray({ grid, tray, albums, share, remove }) {
  const title = element('p.tray-title', { role: 'status' });
  const shareButton = element('button.quiet', { type: 'button', onclick: () => share(grid.selection) },
    icon('share'), element('span', {}, 'Share'));
  tray.append(
    element('div.tray-text', {}, title),
    element('div.tray-buttons', {},
      shareButton,
      element('button.quiet', { type: 'button', onclick: () => remove(grid.selection) },
        icon('trash'), element('span', {}, 'Delete')),
      iconButton('close', { label: 'Clear the selection', onclick: () => grid.clearSelection() })));
  grid.addEventListener('selection', ({ detail: photos }) => {
    show(tray, photos.length > 0);
    title.textContent = photos.length ? `${photos.length} selected` : '';
    show(shareButton, photos.length === 1 || albums());
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !document.querySelector('dialog[open]')) grid.clearSelection();
  });
}
