// Modal dialogs: the browser's own, which keep the keyboard inside, close on Esc, and give the focus back.

import { element, iconButton } from './dom.js';

let made = 0;

// Opens a dialog with a title and the given children. Returns it; close() ends it, and it leaves the document.
export function openDialog(title, ...children) {
  const id = `dialog-${(made += 1)}`;
  const dialog = element('dialog.card', { 'aria-labelledby': id },
    element('header.card-head', {},
      element('h2', { id, tabIndex: -1, autofocus: true }, title),
      iconButton('close', { label: 'Close', onclick: () => dialog.close() })),
    element('div.card-body', {}, ...children));
  closeOnBackdrop(dialog);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

// A press that begins and ends beside the card; a selection of text that ends there is none.
function closeOnBackdrop(dialog) {
  let began = false;
  dialog.addEventListener('pointerdown', (event) => { began = event.target === dialog; });
  dialog.addEventListener('click', (event) => {
    if (began && event.target === dialog) dialog.close();
  });
}

// Resolves with whether the person agreed.
export function confirm(title, text, action) {
  return new Promise((resolve) => {
    const dialog = openDialog(title,
      element('p', {}, text),
      element('div.buttons', {},
        element('button.quiet', { type: 'button', onclick: () => dialog.close() }, 'Cancel'),
        element('button.danger', { type: 'button', onclick: () => dialog.close('yes') }, action)));
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'));
  });
}

// The dialog in front, or the page.
export function frontmost() {
  return [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body;
}
