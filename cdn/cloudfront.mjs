// CloudFront Function, runtime 2.0, for viewer requests and viewer responses of the thumbnail behaviour. build.mjs
// makes one file of it and what it imports, and puts in `CONFIG`, `crypto` and `store` (the key value store, or null).
import { cacheControl, decide, parseLink, problem, refuse, splitTarget } from './core.mjs';
import { isEqual, signedPaths, validKeys } from './signatures.mjs';

// Carries the link's end from the request to the response, where the path no longer says it.
const EXPIRES = 'x-thumb-expires';

function sign(key, path) {
  const mac = crypto.createHmac('sha256', Buffer.from(key.key, 'hex'));
  mac.update(Buffer.from(key.salt, 'hex'));
  mac.update(path);
  const base64 = mac.digest().slice(0, CONFIG.signature_size).toString('base64');
  return base64.replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
}

function keyFile(name) {
  return store === null ? CONFIG[name] : store.get(name);
}

async function onRequest(event, now) {
  const request = event.request;
  const target = splitTarget(request.uri.slice(CONFIG.prefix.length));
  const keys = await keyFile('keys');
  const paths = signedPaths(target.path, CONFIG.sizes);
  const signers = validKeys(keys, now).filter(
    (key) => paths.some((path) => isEqual(target.signature, sign(key, path))));
  if (signers.length === 0) {
    refuse('bad_signature', 'the link\'s signature is not valid');
  }
  const accept = request.headers.accept ? request.headers.accept.value : '';
  const decision = decide(target.path, { method: request.method, accept: accept }, CONFIG, now);
  if (decision.bound) return request;
  const ownKeys = await keyFile('origin_keys');
  const own = validKeys(ownKeys, now)[0];
  request.uri = CONFIG.origin_prefix + sign(own, decision.path) + decision.path;
  request.querystring = {};
  request.cookies = {};
  request.headers.accept = { value: decision.accept };
  delete request.headers[EXPIRES];
  if (decision.expires !== 0) request.headers[EXPIRES] = { value: String(decision.expires) };
  return request;
}

function isBelow(uri, prefix) {
  return uri.indexOf(prefix) === 0;
}

// The request of a viewer response may be the viewer's or the rewritten one: only the former's path names an end.
function expiryOf(request) {
  if (isBelow(request.uri, CONFIG.prefix)) {
    const link = parseLink(splitTarget(request.uri.slice(CONFIG.prefix.length)).path, CONFIG.presets);
    // What the edge says of a bound link stands.
    if (link.bound) return 0;
    if (link.expires !== 0) return link.expires;
  }
  const header = request.headers[EXPIRES];
  return header && isBelow(request.uri, CONFIG.origin_prefix) ? Number(header.value) : 0;
}

function onResponse(event, now) {
  const response = event.response;
  const expiry = response.statusCode < 400 ? expiryOf(event.request) : 0;
  if (expiry !== 0) {
    response.headers['cache-control'] = { value: cacheControl(expiry, now, CONFIG.max_age) };
    delete response.headers.age;
  }
  return response;
}

function refused(refusal, event) {
  const answer = problem(refusal, event.context.requestId);
  const headers = {};
  Object.keys(answer.headers).forEach((name) => {
    headers[name] = { value: answer.headers[name] };
  });
  return {
    statusCode: answer.status, statusDescription: answer.title, headers: headers,
    body: { encoding: 'text', data: answer.body }
  };
}

async function handler(event) {
  const now = Math.floor(Date.now() / 1000);
  if (event.response) return onResponse(event, now);
  if (!isBelow(event.request.uri, CONFIG.prefix)) return event.request;
  try {
    return await onRequest(event, now);
  } catch (e) {
    if (!e.kind) throw e;
    return refused(e, event);
  }
}
