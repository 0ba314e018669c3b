// Elements in one line each. Text is always a text node: nothing that comes from outside is read as markup.

// element('button.quiet', { type: 'button', onclick: close }, 'Close')
// Properties that begin with "on" are listeners, those with "-" in their name attributes, null ones are left out.
export function element(selector, properties = {}, ...children) {
  const [tag, ...classes] = selector.split('.');
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(' ');
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name.includes('-') || name === 'role' || name === 'for') made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child || child === 0));
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';

// One of the symbols at the end of index.html.
export function icon(name, size = '') {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', `icon ${size}`.trim());
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

// A button with an icon; where it has no text, label is what it is called.
export function iconButton(name, { label, text = '', kind = 'round', ...properties }) {
  return element(`button.${kind}`, {
    type: 'button',
    'aria-label': text ? null : label,
    title: text ? null : label,
    ...properties
  }, icon(name), text && element('span', {}, text));
}

export function show(target, visible) {
  target.hidden = !visible;
}

// The service's absolute URL as this origin's: the page fetches from nowhere else.
export function local(url) {
  const { pathname, search } = new URL(url, location.href);
  return pathname + search;
}
