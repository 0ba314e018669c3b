// A ThumbHash (Evan Wallace's format, https://evanw.github.io/thumbhash/) as a picture of at most 32 pixels a side: what
// is shown until the thumbnail is there.
//
// The hash is a header of 3 bytes (5 with alpha), two more for transparency, and cosine coefficients of 4 bits each:
// luminance L, yellow-blue P, red-green Q and alpha A, low frequencies first.

const LONGER_SIDE = 32;

// base64 → { width, height, rgba }, or null where it is none.
export function decodeThumbHash(base64) {
  let hash;
  try {
    hash = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
  const head = readHeader(hash);
  const start = head?.hasAlpha ? 6 : 5;
  if (!head || hash.length < start) return null;
  const channels = readChannels(hash, head, start);
  return channels && paint(head, channels);
}

function readHeader(hash) {
  if (hash.length < 5) return null;
  const low = hash[0] | (hash[1] << 8) | (hash[2] << 16);
  const high = hash[3] | (hash[4] << 8);
  const hasAlpha = Boolean(low >> 23);
  const isLandscape = Boolean(high >> 15);
  const long = hasAlpha ? 5 : 7;
  const stored = Math.max(3, high & 7);
  return {
    hasAlpha,
    l: { mean: (low & 63) / 63, scale: ((low >> 18) & 31) / 31 },
    p: { mean: ((low >> 6) & 63) / 31.5 - 1, scale: ((high >> 3) & 63) / 63 },
    q: { mean: ((low >> 12) & 63) / 31.5 - 1, scale: ((high >> 9) & 63) / 63 },
    a: hasAlpha ? { mean: (hash[5] & 15) / 15, scale: (hash[5] >> 4) / 15 } : { mean: 1, scale: 0 },
    columns: isLandscape ? long : stored,
    rows: isLandscape ? stored : long,
    ratio: isLandscape ? long / (high & 7) : (high & 7) / long
  };
}

// Which frequencies a channel has: a triangle of nx by ny without the mean.
function* frequencies(nx, ny) {
  for (let y = 0; y < ny; y += 1) {
    for (let x = y === 0 ? 1 : 0; x * ny < nx * (ny - y); x += 1) yield [x, y];
  }
}

function readChannels(hash, head, start) {
  let nibble = 2 * start;
  const read = ({ mean, scale }, nx, ny, gain) => {
    const terms = [];
    for (const [x, y] of frequencies(nx, ny)) {
      const bits = (hash[nibble >> 1] >> ((nibble & 1) * 4)) & 15;
      nibble += 1;
      terms.push([x, y, (bits / 7.5 - 1) * scale * gain]);
    }
    return { mean, terms };
  };
  const l = read(head.l, head.columns, head.rows, 1);
  // Colours were quantised to the middle of their range: a little more of them looks like the original.
  const p = read(head.p, 3, 3, 1.25);
  const q = read(head.q, 3, 3, 1.25);
  const a = head.hasAlpha ? read(head.a, 5, 5, 1) : { mean: 1, terms: [] };
  return nibble <= 2 * hash.length ? { l, p, q, a } : null;
}

function paint({ ratio }, { l, p, q, a }) {
  const width = Math.max(1, Math.round(ratio > 1 ? LONGER_SIDE : LONGER_SIDE * ratio));
  const height = Math.max(1, Math.round(ratio > 1 ? LONGER_SIDE / ratio : LONGER_SIDE));
  const across = cosines(width);
  const down = cosines(height);
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const value = ({ mean, terms }) =>
        terms.reduce((sum, [fx, fy, size]) => sum + size * across[x][fx] * down[y][fy] * 2, mean);
      const blue = value(l) - (2 / 3) * value(p);
      const red = (3 * value(l) - blue + value(q)) / 2;
      const at = 4 * (y * width + x);
      [red, red - value(q), blue, value(a)].forEach((part, i) => {
        rgba[at + i] = 255 * Math.min(1, Math.max(0, part));
      });
    }
  }
  return { width, height, rgba };
}

// [position][frequency]
function cosines(size) {
  return Array.from({ length: size }, (_, at) =>
    Array.from({ length: 7 }, (__, frequency) => Math.cos((Math.PI / size) * (at + 0.5) * frequency)));
}
