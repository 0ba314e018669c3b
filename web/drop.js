// Photos by hand: dropped (folders too), pasted, or chosen in the browser's own dialog.

import { show } from './dom.js';

const PICTURE = /\.(jpe?g|png|webp|avif|hei[cf]|gif|tiff?|jxl)$/i;
const MOST = 5000; // files of one drop: a whole disk is a mistake

// take(files, others): the pictures, and how many files were none.
export function acceptFiles({ input, buttons, hint, take }) {
  for (const button of buttons) button.addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    sort([...input.files], take);
    input.value = '';
  });
  document.addEventListener('paste', (event) => {
    const files = [...event.clipboardData.files];
    if (files.length) sort(files, take);
  });
  acceptDrops(hint, take);
}

function acceptDrops(hint, take) {
  const holdsFiles = (event) => event.dataTransfer?.types.includes('Files') && !document.querySelector('dialog[open]');
  let depth = 0; // entering a child comes before leaving its parent
  const reset = () => {
    depth = 0;
    show(hint, false);
  };
  document.addEventListener('dragenter', (event) => {
    if (!holdsFiles(event)) return;
    depth += 1;
    show(hint, true);
  });
  document.addEventListener('dragleave', (event) => {
    if (!holdsFiles(event)) return;
    depth -= 1;
    if (depth <= 0) reset();
  });
  // Without this the browser would leave the page and show the file.
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', async (event) => {
    event.preventDefault();
    const accepted = holdsFiles(event);
    reset();
    if (accepted) sort(await filesOf(event.dataTransfer), take);
  });
}

function sort(files, take) {
  const pictures = files.filter((file) => file.type.startsWith('image/') || PICTURE.test(file.name));
  take(pictures, files.length - pictures.length);
}

// The entries have to be asked for before the event is over; what is in folders comes later.
async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const files = [];
  while (entries.length && files.length < MOST) {
    const entry = entries.shift();
    if (entry.isFile) files.push(await new Promise((resolve) => { entry.file(resolve, () => resolve(null)); }));
    else entries.push(...await childrenOf(entry));
  }
  return files.filter(Boolean); // without what may not be read
}

// A folder is read in portions; an empty one is the end.
async function childrenOf(folder) {
  const reader = folder.createReader();
  const children = [];
  for (;;) {
    const portion = await new Promise((resolve) => { reader.readEntries(resolve, () => resolve([])); });
    if (portion.length === 0) return children;
    children.push(...portion);
  }
}
