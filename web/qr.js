// A link as a QR code, drawn by qrcode-generator of the Debian package; where the server has it not, there is none.

const LIBRARY = '/qrcode.js';
const QUIET = 4; // modules around the code, which readers need
const SVG = 'http://www.w3.org/2000/svg';

let library = null;

function load() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = LIBRARY;
    script.onload = () => resolve(globalThis.qrcode);
    script.onerror = () => {
      script.remove();
      library = null;
      reject(new Error('no QR library'));
    };
    document.head.append(script);
  });
  return library;
}

// An <svg>, or null. Black on white in the dark as well: not every reader knows better.
export async function qrCode(text) {
  let make;
  try {
    make = await load();
  } catch {
    return null;
  }
  const code = make(0, 'M'); // the smallest that holds it; a seventh of it may be lost
  code.addData(text);
  code.make();
  const modules = code.getModuleCount();
  const svg = document.createElementNS(SVG, 'svg');
  const side = modules + 2 * QUIET;
  svg.setAttribute('viewBox', `0 0 ${side} ${side}`);
  svg.setAttribute('class', 'qr');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', 'QR code of the link');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', darkModules(code, modules));
  svg.append(path);
  return svg;
}

function darkModules(code, modules) {
  let path = '';
  for (let row = 0; row < modules; row += 1) {
    for (let column = 0; column < modules; column += 1) {
      if (code.isDark(row, column)) path += `M${column + QUIET} ${row + QUIET}h1v1h-1z`;
    }
  }
  return path;
}
