// A dialog with a list that the service is asked for: what it says while it loads, when it fails, and when it is empty.

import { openDialog } from './dialogs.js';
import { element } from './dom.js';

// load() resolves with items; makeItem(item) is an <li>. feet: what stands below the list. Returns a function that loads
// the list again.
export function openPanel(title, { load, makeItem, empty, feet = [] }) {
  const body = element('div.panel-list', { 'aria-busy': 'true' });
  const dialog = openDialog(title, body, ...feet);
  dialog.classList.add('panel');
  const reload = async () => {
    body.setAttribute('aria-busy', 'true');
    if (!body.childElementCount) body.append(element('p.muted', { role: 'status' }, 'Loading …'));
    try {
      const items = await load();
      body.replaceChildren(items.length ? element('ul.items', {}, ...items.map(makeItem)) : element('p.muted', {}, empty));
    } catch (error) {
      body.replaceChildren(element('p', { role: 'alert' }, error.message),
        element('button.quiet', { type: 'button', onclick: reload }, 'Try again'));
    }
    body.setAttribute('aria-busy', 'false');
  };
  reload();
  return reload;
}
