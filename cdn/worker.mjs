// Cloudflare Worker in front of the thumbnail location. Its settings are the environment's: see README.md.
import { cacheControl, decide, problem, refuse, splitTarget } from './core.mjs';
import { isEqual, signedPaths, validKeys } from './signatures.mjs';

const HMAC = { name: 'HMAC', hash: 'SHA-256' };
const imported = new Map();

function bytesOf(text) {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

function fromHex(hex) {
  return Uint8Array.from(hex.match(/../g), (digits) => parseInt(digits, 16));
}

function base64url(buffer) {
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return text.replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
}

// Importing costs more than signing, and the keys of an isolate are few.
function importKey(hex) {
  if (!imported.has(hex)) {
    imported.set(hex, crypto.subtle.importKey('raw', fromHex(hex), HMAC, false, ['sign']));
  }
  return imported.get(hex);
}

function message(key, path) {
  const salt = fromHex(key.salt);
  const bytes = new Uint8Array(salt.length + path.length);
  bytes.set(salt);
  bytes.set(bytesOf(path), salt.length);
  return bytes;
}

async function sign(key, path, settings) {
  const mac = await crypto.subtle.sign('HMAC', await importKey(key.key), message(key, path));
  return base64url(mac.slice(0, settings.signatureSize));
}

async function isSigned(target, keys, settings) {
  for (const path of signedPaths(target.path, settings.sizes)) {
    for (const key of keys) {
      if (isEqual(target.signature, await sign(key, path, settings))) return true;
    }
  }
  return false;
}

function settingsOf(env) {
  const prefix = env.THUMB_PREFIX || '/t/';
  return {
    prefix,
    originPrefix: env.THUMB_ORIGIN_PREFIX || prefix,
    origin: env.THUMB_ORIGIN || '',
    keys: env.THUMB_KEYS,
    originKeys: env.THUMB_ORIGIN_KEYS,
    formats: (env.THUMB_FORMATS ?? 'avif webp').split(' ').filter(Boolean),
    presets: JSON.parse(env.THUMB_PRESETS || '{}'),
    signatureSize: Number(env.THUMB_SIGNATURE_SIZE || 32),
    sizes: (env.THUMB_SIZES || '').split(' ').filter(Boolean),
    maxAge: Number(env.THUMB_MAX_AGE || 2592000)
  };
}

// Scheme and host, and what comes after them: the raw bytes, which are what was signed.
function splitUrl(url) {
  const slash = url.indexOf('/', url.indexOf('://') + 3);
  return slash < 0 ? { site: url, target: '/' } : { site: url.slice(0, slash), target: url.slice(slash) };
}

async function originRequest(request, settings, now) {
  const url = splitUrl(request.url);
  const target = splitTarget(url.target.slice(settings.prefix.length));
  if (!await isSigned(target, validKeys(settings.keys, now), settings)) {
    refuse('bad_signature', 'the link\'s signature is not valid');
  }
  const accept = request.headers.get('accept') || '';
  const decision = decide(target.path, { method: request.method, accept }, settings, now);
  const site = settings.origin || url.site;
  // By name and with its cookie; what comes back is kept for nobody.
  if (decision.bound) {
    const init = { method: request.method, headers: request.headers, cf: { cacheTtl: -1 } };
    return { url: site + url.target, init, decision };
  }
  const own = validKeys(settings.originKeys, now)[0];
  if (!own) throw new Error('THUMB_ORIGIN_KEYS holds no key that is valid now');
  const headers = new Headers(request.headers);
  headers.set('accept', decision.accept);
  headers.delete('cookie');
  // The edge leaves the query out. Cloudflare does not: its cache then keeps one object for each Accept.
  const path = settings.originPrefix + await sign(own, decision.path, settings) + decision.path;
  const origin = site + path + '?' + decision.accept;
  return { url: origin, init: { method: request.method, headers, cf: { cacheEverything: true } }, decision };
}

// The cached object is shared by links that end at different times; each answer says how long its own link lets it
// live.
function answer(response, decision, settings, now) {
  if (decision.bound || decision.expires === 0 || response.status >= 400) return response;
  const own = new Response(response.body, response);
  own.headers.set('cache-control', cacheControl(decision.expires, now, settings.maxAge));
  own.headers.delete('age');
  return own;
}

export default {
  async fetch(request, env) {
    const settings = settingsOf(env);
    const now = Math.floor(Date.now() / 1000);
    if (!splitUrl(request.url).target.startsWith(settings.prefix)) return fetch(request);
    try {
      const { url, init, decision } = await originRequest(request, settings, now);
      return answer(await fetch(url, init), decision, settings, now);
    } catch (e) {
      if (!e.kind) throw e;
      const { status, headers, body } = problem(e, request.headers.get('cf-ray') || undefined);
      return new Response(request.method === 'HEAD' ? null : body, { status, headers });
    }
  }
};
