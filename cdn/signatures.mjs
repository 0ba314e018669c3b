// What a signature is compared with, in the JavaScript that every CDN runs (see core.mjs): the keys, and the paths that
// it may be over. Computing it is the adapters' part, since each runtime has its own crypto.

// The keys of a key file that are valid now, in its order: { key, salt } in hex.
export function validKeys(file, now) {
  const keys = [];
  file.split('\n').forEach((line) => {
    const words = line.split('#')[0].split(/[ \t\r]+/).filter((word) => word !== '');
    const bound = (name, otherwise) => {
      const word = words.slice(3).filter((candidate) => candidate.indexOf(name + '=') === 0)[0];
      return word ? Number(word.slice(name.length + 1)) : otherwise;
    };
    if (words.length < 3 || now < bound('not-before', 0) || now > bound('not-after', Infinity)) return;
    keys.push({ key: words[1], salt: words[2] });
  });
  return keys;
}

// The paths that a link's signature may be over: its own, and with "*" for the one width that it names, where that is
// on the ladder. `sizes`: the ladder's widths, as text.
export function signedPaths(path, sizes) {
  const segments = path.split('/');
  let at = 0;
  for (let i = 1; /:|%3A/i.test(segments[i]); i++) {
    if (/^w(idth)?:/.test(segments[i])) at = at ? -1 : i;
  }
  const option = at > 0 ? segments[at].split(':') : [];
  if (option.length !== 2 || sizes.indexOf(option[1]) < 0) return [path];
  segments[at] = option[0] + ':*';
  return [path, segments.join('/')];
}

// Whether two texts are the same, in time that does not depend on where they differ. A signature has one spelling, so
// that its text may be compared.
export function isEqual(given, expected) {
  let difference = given.length ^ expected.length;
  for (let i = 0; i < expected.length; i++) {
    difference |= given.charCodeAt(i % (given.length || 1)) ^ expected.charCodeAt(i);
  }
  return difference === 0;
}
