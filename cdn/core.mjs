// The contract in the JavaScript that every CDN runs: what a link says, its canonical path, what the client accepts,
// how long the answer may be kept. Each function decides as its C++ counterpart in contract/ does; both are tested on
// contract/vectors and on generated links. Which signatures are right is in signatures.mjs.
//
// CloudFront's runtime is ES 5.1 with const, let and arrow functions: no classes, destructuring, spread, default
// arguments, for-of. Text is a string of bytes, one a character. A refusal is thrown as { kind, detail }. Comments
// stand on lines of their own, so that build.mjs can leave them out.

const TITLES = { 400: 'Bad Request', 403: 'Forbidden', 405: 'Method Not Allowed', 410: 'Gone' };
const STATUS = { bad_signature: 403, bad_method: 405, expired: 410 };
const RESERVED = /[^A-Za-z0-9\-._~]/g;
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export function refuse(kind, detail) {
  throw { kind: kind, detail: detail };
}

// What is answered to a refused request: problem details (RFC 9457), never kept by any cache.
export function problem(refusal, requestId) {
  const status = STATUS[refusal.kind] || 400;
  return {
    status: status,
    title: TITLES[status],
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    body: JSON.stringify({
      type: 'urn:thumbgate:problem:' + refusal.kind,
      title: TITLES[status],
      status: status,
      detail: refusal.detail,
      request_id: requestId
    }) + '\n'
  };
}

// A member that is the object's own: "constructor" is no option.
function own(object, name) {
  return Object.prototype.hasOwnProperty.call(object, name) ? object[name] : undefined;
}

// ---- Text ----

// Digits alone, at most 20 of them; -1 for anything else.
function decimal(text, max) {
  const value = text === '' || text.length > 20 || /[^0-9]/.test(text) ? -1 : Number(text);
  return value > max ? -1 : value;
}

function unescapeBytes(text) {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) refuse('malformed', 'a "%" that is not followed by two hex digits');
  return text.replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

function escapeBytes(text, unsafe) {
  return text.replace(unsafe, (c) => '%' + ('0' + c.charCodeAt(0).toString(16)).slice(-2).toUpperCase());
}

// null for what is not base64url; unused trailing bits may be set.
export function decodeBase64(text) {
  if (text.length % 4 === 1 || /[^A-Za-z0-9_-]/.test(text)) return null;
  let bytes = '';
  let pending = 0;
  let bits = 0;
  for (let i = 0; i < text.length; i++) {
    pending = (pending << 6 | DIGITS.indexOf(text.charAt(i))) & 0x3FFF;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += String.fromCharCode(pending >> bits & 0xFF);
    }
  }
  return bytes;
}

// ---- Options: (link, arguments, presets) ----

function bad(option, argument, wanted) {
  const shown = escapeBytes(argument, /[^A-Za-z0-9\-._~:+,]/g);
  refuse('bad_argument', 'option "' + option + '" takes ' + wanted + ', not "' + shown + '"');
}

function oneOf(option, text, choices) {
  if (choices.indexOf(text) < 0) bad(option, text, choices.join(', '));
  return text;
}

function flag(option, text) {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].indexOf(text) >= 0) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].indexOf(text) < 0) bad(option, text, '1 or 0');
  return false;
}

function number(option, text, max, wanted) {
  const value = decimal(text, max);
  if (value < 0) bad(option, text, wanted);
  return value;
}

function pixels(option, text) {
  return number(option, text, 65535, 'a number of pixels from 0 to 65535');
}

function width(link, args) {
  link.width = pixels('width', args[0]);
}

function height(link, args) {
  link.height = pixels('height', args[0]);
}

function enlarge(link, args) {
  link.enlarge = flag('enlarge', args[0]);
}

function extend(link, args) {
  if (flag('extend', args[0])) leave(link);
}

function size(link, args) {
  args.forEach((text, i) => {
    if (text !== '') ([width, height, enlarge, extend][i] || leave)(link, [text]);
  });
}

function resizingType(link, args) {
  const known = ['fit', 'fill', 'force'];
  if (known.indexOf(args[0]) < 0) leave(link);
  else link.resizing = args[0];
}

function resize(link, args) {
  if (args[0] !== '') resizingType(link, args);
  size(link, args.slice(1));
}

function gravity(link, args) {
  const known = ['ce', 'no', 'so', 'ea', 'we', 'noea', 'nowe', 'soea', 'sowe', 'sm'];
  const plain = args.slice(1).every((text) => text === '' || text === '0');
  if (!plain || known.indexOf(args[0]) < 0) leave(link);
  else link.gravity = args[0];
}

function quality(link, args) {
  link.quality = number('quality', args[0], 100, 'a number from 0 to 100');
}

// In thousandths.
function dpr(link, args) {
  const parts = args[0].split('.');
  const fraction = parts.length > 1 ? parts[1] : '0';
  const whole = decimal(parts[0], 10);
  const thousandths = decimal((fraction + '00').slice(0, 3), 999);
  const value = whole * 1000 + thousandths;
  const fits = parts.length < 3 && fraction !== '' && fraction.length < 4 && whole >= 0 && thousandths >= 0;
  if (!fits || value === 0 || value > 10000) {
    bad('dpr', args[0], 'a number above 0, up to 10, with at most three decimals');
  }
  link.dpr = value;
}

function format(link, args) {
  const name = oneOf('format', args[0], 'jpeg jpg png webp avif gif jxl'.split(' '));
  link.format = name === 'jpg' ? 'jpeg' : name;
}

// What this function does not know is for the edge to judge: the link passes as it is.
function leave(link) {
  link.bound = true;
}

// Up to 2^63 - 1, which is more than a number holds exactly.
function expires(link, args) {
  const digits = args[0].replace(/^0+/, '');
  const fits = digits.length < 19 || (digits.length === 19 && digits <= '9223372036854775807');
  link.expires = number('expires', args[0], fits ? Infinity : -1, 'a time in unix seconds');
}

// A link that can be revoked, or is for one session, is for the edge to judge as well: `bound`.
function linkId(link, args) {
  if (!/^[\w-]{1,64}$/.test(args[0])) bad('lid', args[0], '1 to 64 letters, digits, "-" and "_"');
  link.bound = link.named = true;
}

function session(link, args) {
  if (!/^[0-9a-f]{32}$/.test(args[0])) bad('sid', args[0], '32 hex digits in lower case');
  link.bound = true;
}

function cachebuster(link, args) {
  if (args[0].length > 256) bad('cachebuster', '...', 'at most 256 bytes');
  link.cachebuster = args[0];
}

function preset(link, args, presets) {
  args.forEach((name) => {
    const options = own(presets, name);
    if (options === undefined) bad('preset', name, 'the name of a configured preset');
    options.split('/').forEach((option) => {
      if (option !== '') applyOption(link, option, presets);
    });
  });
}

// Name and synonyms, how many arguments at most, what it does.
const RULES = [
  ['resize rs', 8, resize],
  ['size s', 7, size],
  ['resizing_type rt', 1, resizingType],
  ['width w', 1, width],
  ['height h', 1, height],
  ['enlarge el', 1, enlarge],
  ['gravity g', 3, gravity],
  ['quality q', 1, quality],
  ['dpr', 1, dpr],
  ['format f ext', 1, format],
  ['cachebuster cb', 1, cachebuster],
  ['preset pr', 16, preset],
  ['expires exp', 1, expires],
  ['lid', 1, linkId],
  ['sid', 1, session]
];

function applyOption(link, text, presets) {
  const args = text.split(':');
  const name = args.shift();
  const rule = RULES.filter((candidate) => candidate[0].split(' ').indexOf(name) >= 0)[0];
  if (!rule) return leave(link);
  if (args.length > rule[1]) {
    refuse('bad_argument', 'option "' + rule[0].split(' ')[0] + '" takes at most ' + rule[1] + ' arguments');
  }
  rule[2](link, args, presets);
}

// ---- Links ----

// `target`: what follows the location's prefix, with or without a query.
export function splitTarget(target) {
  const whole = target.split('?')[0];
  const slash = whole.indexOf('/');
  if (whole.length > 8192) refuse('malformed', 'the link is longer than 8192 bytes');
  if (slash < 1) refuse('malformed', 'a link is <signature>/<options>/<source>');
  return { signature: whole.slice(0, slash), path: whole.slice(slash) };
}

// Source and format, at the one separator there may be.
function splitFormat(text, separator) {
  const parts = text.split(separator);
  if (parts.length > 2) refuse('bad_source', 'more than one "' + separator + '" in the source');
  return parts;
}

function readPlain(link, rest) {
  const parts = splitFormat(rest, '@');
  link.source = unescapeBytes(parts[0]);
  if (parts[1]) format(link, [unescapeBytes(parts[1])]);
}

function readBase64(link, rest) {
  const parts = splitFormat(unescapeBytes(rest).replace(/\//g, ''), '.');
  let digits = parts[0];
  while (digits.slice(-1) === '=') digits = digits.slice(0, -1);
  link.source = decodeBase64(digits);
  if (link.source === null) refuse('bad_source', 'the source is neither "plain/..." nor base64url');
  if (parts[1]) format(link, [parts[1]]);
}

function readSource(link, rest) {
  const slash = rest.indexOf('/');
  if (slash > 0 && unescapeBytes(rest.slice(0, slash)) === 'plain') readPlain(link, rest.slice(slash + 1));
  else readBase64(link, rest);
  if (link.source === '') refuse('bad_source', 'the link names no source');
  if (/[\x00-\x1f]/.test(link.source)) refuse('bad_source', 'the source holds a control character');
}

// `path`: what the signature covers. `presets`: options by name, joined by "/".
export function parseLink(path, presets) {
  if (/[^!-~]|#/.test(path)) refuse('malformed', 'the path holds a byte that must be percent-encoded');
  const link = {
    resizing: 'fit', width: 0, height: 0, enlarge: false, gravity: 'ce', dpr: 1000, quality: 0, format: '', expires: 0,
    cachebuster: '', source: '', named: false, bound: false
  };
  if (own(presets, 'default') !== undefined) applyOption(link, 'preset:default', presets);
  let rest = path.slice(1);
  for (let count = 0; rest !== ''; count++) {
    const slash = rest.indexOf('/');
    const segment = unescapeBytes(slash < 0 ? rest : rest.slice(0, slash));
    if (segment.indexOf(':') < 0) break;
    if (count === 64) refuse('malformed', 'more than 64 options');
    applyOption(link, segment, presets);
    rest = slash < 0 ? '' : rest.slice(slash + 1);
  }
  readSource(link, rest);
  if (link.named && link.expires === 0) refuse('bad_argument', 'option "lid" needs "exp"');
  return link;
}

function scaled(side, factor) {
  return side === 0 ? 0 : Math.max(1, Math.min(65535, Math.floor((side * factor + 500) / 1000)));
}

// The one spelling of the conversion that a link describes: see contract/canonical.hpp for the rules.
export function canonicalPath(link) {
  const sized = link.width > 0 || link.height > 0;
  const type = link.width > 0 && link.height > 0 ? link.resizing : 'fit';
  const folds = sized && (type !== 'fill' || link.enlarge);
  const factor = folds ? link.dpr : 1000;
  const kept = folds || (!sized && link.dpr > 1000 && !link.enlarge) ? 1000 : link.dpr;
  let path = '/';
  const add = (name, value, byDefault) => {
    if (value !== byDefault) path += name + ':' + value + '/';
  };
  add('rt', type, 'fit');
  add('w', scaled(link.width, factor), 0);
  add('h', scaled(link.height, factor), 0);
  add('el', link.enlarge && (sized || kept > 1000) ? 1 : 0, 0);
  add('g', type === 'fill' ? link.gravity : 'ce', 'ce');
  add('dpr', kept / 1000, 1);
  add('q', /png|gif/.test(link.format) ? 0 : link.quality, 0);
  add('cb', escapeBytes(link.cachebuster, RESERVED), '');
  add('f', link.format, '');
  return path + 'plain/' + escapeBytes(link.source, /[^A-Za-z0-9\-._~\/:]/g);
}

// ---- Accept and caching ----

function trim(text) {
  return text.replace(/^[ \t]+/, '').replace(/[ \t]+$/, '');
}

function refusesMember(parameter) {
  const at = parameter.indexOf('=');
  const weight = trim(parameter.slice(at + 1));
  const isWeight = at >= 0 && trim(parameter.slice(0, at)).toLowerCase() === 'q';
  return isWeight && weight.charAt(0) === '0' && !/[^0.]/.test(weight);
}

// Whether an Accept header names the media type, with a weight above zero.
function names(header, type) {
  return header.split(',').some((member) => {
    const parts = member.split(';');
    return trim(parts[0]).toLowerCase() === type && !parts.slice(1).some(refusesMember);
  });
}

// The Accept header in one of a few spellings, so that a CDN keeps one object for all who accept the same. `offered`:
// formats that the edge negotiates; a format named in the link is not negotiated.
export function normalisedAccept(link, header, offered) {
  if (link.format !== '') return 'image/' + link.format;
  const types = ['image/avif', 'image/webp'].filter(
    (type) => offered.indexOf(type.slice(6)) >= 0 && names(header, type));
  return types.join(',') || 'image/jpeg,image/png';
}

// A link that ends is never kept or served beyond its end.
export function cacheControl(expiry, now, maxAge) {
  if (expiry === 0) return 'public, max-age=' + maxAge;
  const age = Math.min(Math.max(expiry - now, 0), maxAge);
  return 'public, max-age=' + age + ', s-maxage=' + age + ', must-revalidate';
}

// ---- The decision ----

// What becomes of a request whose signature is valid: the path to ask the edge for, still to be signed, and the Accept
// header to ask it with. Where the link is `bound`, the edge has to be asked with the viewer's own request.
export function decide(path, request, config, now) {
  let link = null;
  let refusal = null;
  try {
    link = parseLink(path, config.presets);
  } catch (e) {
    if (!e.kind) throw e;
    refusal = e;
  }
  if (link && link.expires !== 0 && link.expires < now) refuse('expired', 'the link has expired');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    refuse('bad_method', 'a thumbnail is fetched with GET or HEAD');
  }
  if (refusal) throw refusal;
  return {
    path: canonicalPath(link),
    accept: normalisedAccept(link, request.accept, config.formats),
    expires: link.expires,
    bound: link.bound
  };
}
