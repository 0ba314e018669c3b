// Makes the one file that a CloudFront Function is, of core.mjs, signatures.mjs and cloudfront.mjs.
//
//   node cdn/build.mjs --keys FILE --origin-keys FILE [option…] >function.js
//   node cdn/build.mjs --key-value-store [option…] >function.js
//
//   --keys FILE            key file: the links' keys
//   --origin-keys FILE     key file: the key of the CDN's own, which the edge's location for it knows
//   --key-value-store      both come from the function's key value store, as the values `keys` and `origin_keys`
//   --prefix /t/           what links begin with
//   --origin-prefix /t/    what the edge's location for the CDN begins with; by default the same
//   --formats avif,webp    as in thumb_formats; empty for none
//   --max-age 2592000      as in thumb_max_age, in seconds
//   --preset NAME=OPTIONS  as in thumb_preset; may be repeated
//   --signature-size 32    as in thumb_signature_size, of either side
//   --sizes 160,320        as in thumb_sizes
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { minify } from './minify.mjs';

export const LIMIT = 10240;

// What the function keeps of a link: names that nothing outside the function knows.
const LINK_MEMBERS = [
  'resizing', 'width', 'height', 'enlarge', 'gravity', 'dpr', 'quality', 'format', 'expires', 'cachebuster', 'source',
  'named', 'bound', 'signature'
];

// As a script: without the module syntax.
function scriptOf(name) {
  const text = readFileSync(new URL(name, import.meta.url), 'utf8');
  return text.replace(/^import [^;]*;$/gm, '').replace(/^export /gm, '');
}

// The lines of a key file without its comments. A file that holds no key is an error here, not at the edge.
function keyLines(text) {
  const lines = text.split('\n').map((line) => line.split('#')[0].trim()).filter(Boolean);
  const isKey = /^\S+ +([0-9A-Fa-f]{2})+ +([0-9A-Fa-f]{2})+( +not-(before|after)=[0-9]+)*$/;
  if (lines.length === 0 || !lines.every((line) => isKey.test(line))) throw new Error('not a key file');
  return lines.join('\n');
}

// `config`: prefix, origin_prefix, formats, max_age, presets, signature_size (default: 32), sizes (as text, default:
// none); keys and origin_keys, the text of key files, unless the key value store has them.
export function buildCloudFront(config) {
  const inStore = config.keys === undefined;
  const constants = {
    signature_size: 32, sizes: [], ...config,
    ...(inStore ? {} : { keys: keyLines(config.keys), origin_keys: keyLines(config.origin_keys) })
  };
  const code = (inStore ? "import cf from 'cloudfront';\n" : '') + minify([
    inStore ? 'const store = cf.kvs();' : 'const store = null;',
    "const crypto = require('crypto');",
    `const CONFIG = ${JSON.stringify(constants)};`,
    scriptOf('core.mjs'),
    scriptOf('signatures.mjs'),
    scriptOf('cloudfront.mjs')
  ].join('\n'), ['handler', 'cf'], LINK_MEMBERS);
  if (Buffer.byteLength(code) > LIMIT) {
    throw new Error(`${Buffer.byteLength(code)} bytes: CloudFront takes ${LIMIT}; put the keys into a key value store`);
  }
  return code;
}

function configOf(options) {
  const read = (file) => readFileSync(file, 'utf8');
  const inStore = options['key-value-store'];
  if (!inStore && !(options.keys && options['origin-keys'])) {
    throw new Error('--keys and --origin-keys, or --key-value-store');
  }
  return {
    prefix: options.prefix,
    origin_prefix: options['origin-prefix'] ?? options.prefix,
    formats: options.formats.split(',').filter(Boolean),
    max_age: Number(options['max-age']),
    signature_size: Number(options['signature-size']),
    sizes: options.sizes.split(',').filter(Boolean),
    presets: Object.fromEntries(options.preset.map((text) => [text.split('=')[0], text.slice(text.indexOf('=') + 1)])),
    ...(inStore ? {} : { keys: read(options.keys), origin_keys: read(options['origin-keys']) })
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      keys: { type: 'string' },
      'origin-keys': { type: 'string' },
      'key-value-store': { type: 'boolean' },
      prefix: { type: 'string', default: '/t/' },
      'origin-prefix': { type: 'string' },
      formats: { type: 'string', default: 'avif,webp' },
      'max-age': { type: 'string', default: '2592000' },
      'signature-size': { type: 'string', default: '32' },
      sizes: { type: 'string', default: '' },
      preset: { type: 'string', multiple: true, default: [] }
    }
  });
  try {
    process.stdout.write(buildCloudFront(configOf(values)));
  } catch (e) {
    console.error(`cdn/build.mjs: ${e.message}`);
    process.exitCode = 1;
  }
}
