// What is to be handed on: a field with its Copy button; for a link its QR code as well.

import { element, icon } from './dom.js';
import { qrCode } from './qr.js';
import { toast } from './toasts.js';

export async function copy(text) {
  try {
    // Only secure contexts have a clipboard, and a person may have denied it.
    await navigator.clipboard.writeText(text);
    toast('Copied');
  } catch {
    toast('It could not be copied: select it and copy it yourself.', { kind: 'error' });
  }
}

// label: what a screen reader calls the field.
export function copyField(text, label) {
  const field = element('input', {
    type: 'text', readOnly: true, value: text, 'aria-label': label, spellcheck: false, onfocus: () => field.select()
  });
  const button = element('button.primary', {
    type: 'button',
    onclick: () => {
      field.focus();
      copy(text);
    }
  }, icon('copy'), element('span', {}, 'Copy'));
  return element('div.field-row', {}, field, button);
}

export function linkField(url, label) {
  const place = element('div.qr-place', {});
  qrCode(url).then((code) => code && place.append(code));
  return element('div.link-field', {}, copyField(url, label), place);
}
