// Short messages at the lower edge, read out as they come. With an action (Undo) they stay longer, and for as long as
// they are pointed at or focused.

import { frontmost } from './dialogs.js';
import { element, iconButton } from './dom.js';

const STAYS = 6000; // ms
const STAYS_WITH_ACTION = 12_000;
const MOST = 3; // with an action; others make way for what is newer

const region = document.getElementById('toasts');
const home = region.parentElement;

// Behind a modal dialog nothing can be pressed: the region moves into the one in front, and back as it closes.
function settle() {
  const front = frontmost();
  const place = front === document.body ? home : front;
  if (region.parentElement !== place) place.append(region);
}
document.addEventListener('close', settle, true);

// action: { label, run }, or none. kind: 'error', or ''. Returns a function that takes it away.
export function toast(text, { action = null, kind = '' } = {}) {
  settle();
  for (const older of region.querySelectorAll('.toast:not(:has(.toast-action))')) older.remove();
  const shown = element(`div.toast${kind && `.${kind}`}`, {}, element('span', {}, text));
  const leave = () => {
    clearTimeout(timer);
    shown.remove();
  };
  if (action) {
    shown.append(element('button.toast-action', {
      type: 'button',
      onclick: () => {
        leave();
        action.run();
      }
    }, action.label));
  }
  shown.append(iconButton('close', { label: 'Dismiss', onclick: leave }));
  let timer;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(leave, action ? STAYS_WITH_ACTION : STAYS);
  };
  for (const event of ['pointerenter', 'focusin']) shown.addEventListener(event, () => clearTimeout(timer));
  for (const event of ['pointerleave', 'focusout']) shown.addEventListener(event, wait);
  wait();
  region.append(shown);
  while (region.children.length > MOST) region.firstElementChild.remove();
  return leave;
}

// What went wrong, in the server's words, and what to do about it.
export function toastError(error, what) {
  const advice = {
    0: 'Check your connection and try again.',
    401: 'This session has ended. Reload the page.',
    429: `That was a lot at once. Try again in ${error.retryAfter ?? 'a few'} seconds.`
  }[error.status] ?? error.message;
  toast(`${what} ${advice}`, { kind: 'error' });
}
