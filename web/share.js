// The share dialog: how long, how large, for whom; then the link, to copy or to scan.

import { makeLink } from './api.js';
import { openDialog } from './dialogs.js';
import { element, icon, local } from './dom.js';
import { count, ends } from './format.js';
import { linkField } from './link_field.js';
import { describe, sizesOf } from './picture.js';
import { toastError } from './toasts.js';

const LIVES = [['1 hour', '1h'], ['1 day', '1d'], ['1 week', '7d'], ['1 month', '30d']];
const USUAL_LIFE = '7d';
const WIDTHS = [['Small', '640'], ['Medium', '1280'], ['Large', '2560'], ['Full', '']];
const USUAL_WIDTH = '2560';
const SHOWN = 4; // small pictures above the form

// full: the server has links with names, albums and bindings.
export function openShareDialog(photos, { full, onMade }) {
  const form = makeForm(full);
  const dialog = openDialog(`Share ${count(photos.length, 'photo')}`, strip(photos), form);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('[type=submit]');
    button.disabled = true;
    try {
      const link = await makeLink(photos.map(({ id }) => id), termsOf(new FormData(form)));
      form.replaceWith(made(link));
      dialog.querySelector('.link-field button').focus();
      onMade();
    } catch (error) {
      toastError(error, 'The link was not made.');
      button.disabled = false;
    }
  });
}

// Only what differs from the server's own defaults.
function termsOf(data) {
  const terms = { expires_in: data.get('life') };
  if (data.get('width')) terms.width = Number(data.get('width'));
  if (data.get('name')?.trim()) terms.name = data.get('name').trim();
  if (data.get('bound')) terms.bound = true;
  if (data.get('original')) terms.original = true;
  return terms;
}

function strip(photos) {
  const shown = photos.slice(0, SHOWN).map((photo) =>
    element('img', { src: sizesOf(photo)[0][1], alt: describe(photo), width: 72, height: 72 }));
  const more = photos.length - shown.length;
  return element('div.strip', {}, ...shown, more > 0 && element('span.muted', {}, `and ${more} more`));
}

function makeForm(full) {
  return element('form', {},
    choice('Ends after', 'life', LIVES, USUAL_LIFE),
    choice('Size', 'width', WIDTHS, USUAL_WIDTH),
    full && choice('Who can open it', 'bound', [['Anyone with the link', ''], ['Only this browser', 'yes']], ''),
    full && originals(),
    full && element('label.field', {}, element('span', {}, 'Name ', element('span.muted', {}, '(whoever opens it sees it)')),
      element('input', { type: 'text', name: 'name', maxLength: 100, autocomplete: 'off' })),
    element('div.buttons', {}, element('button.primary', { type: 'submit' }, icon('link'), element('span', {}, 'Make a link'))));
}

// What a camera wrote into a file goes along with it: said where it is chosen.
function originals() {
  const fieldset = choice('What can be downloaded', 'original', [['Pictures', ''], ['Originals too', 'yes']], '');
  fieldset.append(element('p.muted.small.hint', { id: 'about-originals' },
    'An original may say where, when and with which device it was taken. Pictures never do.'));
  fieldset.setAttribute('aria-describedby', 'about-originals');
  return fieldset;
}

// A row of which one is chosen.
function choice(title, name, options, usual) {
  return element('fieldset.choice', {}, element('legend', {}, title),
    element('div.segments', {}, ...options.map(([label, value]) =>
      element('label', {}, element('input', { type: 'radio', name, value, checked: value === usual }),
        element('span', {}, label)))));
}

function made(link) {
  const url = addressOf(link);
  return element('div.made', {},
    linkField(url, 'The link'),
    element('p.muted.center', {}, `It ${ends(link.expires)}.`),
    element('div.buttons.center', {},
      element('a.quiet', { href: local(url), target: '_blank', rel: 'noopener' }, icon('open'), element('span', {}, 'Open')),
      navigator.share && element('button.quiet', {
        type: 'button',
        // A person who changes their mind is no error.
        onclick: () => navigator.share({ url }).catch(() => {})
      }, icon('share'), element('span', {}, 'Send'))));
}

// The page of a link where it has one, else its picture.
export function addressOf(link) {
  return new URL(link.page ?? link.url, location.origin).href;
}
