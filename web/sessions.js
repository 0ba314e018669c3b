// The devices that see these photos: ended one by one, a link by which another one joins, and the keys of servers.

import { endCurrentSession, endSession, makeRecoveryLink, sessions } from './api.js';
import { confirm } from './dialogs.js';
import { element, icon } from './dom.js';
import { ago, date } from './format.js';
import { keysSection } from './keys.js';
import { linkField } from './link_field.js';
import { openPanel } from './panel.js';
import { toast, toastError } from './toasts.js';

// listed: whether the server has a list of sessions. onLeft: this browser's own has ended.
export function openSessionsPanel({ listed, onLeft }) {
  const reload = openPanel('Your devices', {
    load: async () => (listed ? sessions() : [{ device: 'This browser', is_current: true }]),
    makeItem: (session) => item(session, { changed: () => reload(), onLeft }),
    empty: 'There is no session.',
    feet: listed ? [anotherDevice(), keysSection()] : []
  });
}

function item(session, { changed, onLeft }) {
  const name = session.device || 'Unknown device';
  const verb = session.is_current ? 'Leave' : 'End';
  return element('li.item', {},
    icon('devices', 'large'),
    element('div.item-text', {},
      element('p.item-name', {}, name, session.is_current && element('span.badge', {}, 'This device')),
      element('p.muted.small', {}, usedWhen(session))),
    element('div.item-buttons', {},
      element('button.danger.outline', {
        type: 'button',
        'aria-label': `${verb}: ${name}`,
        onclick: () => (session.is_current ? leave(onLeft) : end(session, changed))
      }, verb)));
}

function usedWhen({ last_used: lastUsed, created }) {
  return [lastUsed && `used ${ago(lastUsed)}`, created && `since ${date(created)}`].filter(Boolean).join(', ');
}

async function end(session, changed) {
  try {
    await endSession(session.id);
    toast('That session has ended.');
  } catch (error) {
    toastError(error, 'The session was not ended.');
  }
  changed();
}

async function leave(onLeft) {
  const agreed = await confirm('Leave on this device?',
    'Your photos stay on the server, and you need your device link to see them again here. Without one nobody can show '
      + 'them to you.',
    'Leave');
  if (!agreed) return;
  try {
    await endCurrentSession();
    onLeft();
  } catch (error) {
    toastError(error, 'The session was not ended.');
  }
}

function anotherDevice() {
  const place = element('div', {});
  const button = element('button.quiet', {
    type: 'button',
    onclick: async () => {
      button.disabled = true;
      try {
        const { url } = await makeRecoveryLink();
        place.replaceChildren(linkField(new URL(url, location.origin).href, 'The device link'),
          element('p.muted.small', {}, 'It is shown this once. A new one ends the one before it.'));
      } catch (error) {
        toastError(error, 'The device link was not made.');
      }
      button.disabled = false;
    }
  }, icon('add'), element('span', {}, 'Make a device link'));
  return element('section.foot', {},
    element('h3', {}, 'Another device'),
    element('p.muted', {}, 'Open a device link on your phone or another computer to have your photos there, or keep it '
      + 'safe for the day that you lose this browser. Whoever has it sees everything.'),
    button, place);
}
