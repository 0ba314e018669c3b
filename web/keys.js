// The keys that a server or script of one's own asks with: made and shown once, listed, and revoked.

import { apiKeys, makeApiKey, revokeApiKey } from './api.js';
import { confirm } from './dialogs.js';
import { element, icon } from './dom.js';
import { ago, date } from './format.js';
import { copyField } from './link_field.js';
import { toast, toastError } from './toasts.js';

// A section of a panel. It leaves the document where the server has no keys.
export function keysSection() {
  const list = element('div', { 'aria-busy': 'true' });
  const reload = async () => {
    list.setAttribute('aria-busy', 'true');
    try {
      const keys = await apiKeys();
      if (!keys) return section.remove();
      list.replaceChildren(keys.length ? element('ul.items', {}, ...keys.map((key) => item(key, reload))) : '');
    } catch (error) {
      list.replaceChildren(element('p', { role: 'alert' }, error.message),
        element('button.quiet', { type: 'button', onclick: reload }, 'Try again'));
    }
    return list.setAttribute('aria-busy', 'false');
  };
  const section = element('section.foot', { 'aria-labelledby': 'keys-title' },
    element('h3', { id: 'keys-title' }, 'API keys'),
    element('p.muted', {}, 'A server or a script of yours adds, sees, shares and deletes photos here with a key, as you '
      + 'do. It cannot make keys, or see your devices.'),
    list, ...maker(reload));
  reload();
  return section;
}

function item(key, changed) {
  return element('li.item', {},
    icon('key', 'large'),
    element('div.item-text', {},
      element('p.item-name', {}, key.name),
      element('p.muted.small', {},
        `${key.last_used ? `used ${ago(key.last_used)}` : 'not used yet'}, made on ${date(key.created)}`)),
    element('div.item-buttons', {},
      element('button.danger.outline', {
        type: 'button', 'aria-label': `Revoke the key ${key.name}`, onclick: () => revoke(key, changed)
      }, 'Revoke')));
}

// The place where a new key is shown, and the form that makes it.
function maker(changed) {
  const place = element('div.new-key', { role: 'status' });
  const name = element('input', { type: 'text', id: 'key-name', required: true, maxLength: 60, autocomplete: 'off' });
  const button = element('button.quiet', { type: 'submit' }, icon('add'), element('span', {}, 'Make a key'));
  const form = element('form', {
    onsubmit: async (event) => {
      event.preventDefault();
      button.disabled = true;
      try {
        const { key } = await makeApiKey(name.value.trim());
        place.replaceChildren(copyField(key, 'The API key'), element('p.muted.small', {},
          'It is shown this once: copy it to where it is used. Whoever has it sees everything.'));
        name.value = '';
        changed();
      } catch (error) {
        toastError(error, 'The key was not made.');
      }
      button.disabled = false;
    }
  }, element('div.field', {},
    element('span', {}, element('label', { for: 'key-name' }, 'What the key is for')),
    element('div.field-row', {}, name, button)));
  return [place, form];
}

async function revoke(key, changed) {
  const agreed = await confirm('Revoke this key?',
    `What uses “${key.name}” is refused from now on. It cannot be undone, but you can make another.`, 'Revoke');
  if (!agreed) return;
  try {
    await revokeApiKey(key.id);
    toast('The key is revoked.');
  } catch (error) {
    toastError(error, 'The key was not revoked.');
  }
  changed();
}
