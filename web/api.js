// What the page asks of the service, by the names of docs/http-api.md. Every refusal is an ApiError.

export class ApiError extends Error {
  // status: HTTP's, or 0 where no answer came. type: the last word of the problem's type, or ''.
  // retryAfter: seconds, or null. requestId: what an operator finds the request by, or ''.
  constructor({ status = 0, type = '', message, retryAfter = null, requestId = '' }) {
    super(message);
    Object.assign(this, { status, type, retryAfter, requestId });
  }

  // It may well work a little later.
  get isTransient() {
    return [0, 408, 409, 429, 500, 502, 503, 504].includes(this.status) || this.type === 'digest_mismatch';
  }
}

export function connectionLost() {
  return new ApiError({ message: 'The server cannot be reached.' });
}

// Makes the error of a refusal; body is its text, which need not be a problem document.
export function refusal(status, body, header) {
  let problem = {};
  try {
    problem = JSON.parse(body) ?? {};
  } catch {
    // The answer of something that is not ours on the way; the status says enough.
  }
  const seconds = Number.parseInt(header('Retry-After') ?? '', 10);
  return new ApiError({
    status,
    type: String(problem.type ?? '').split(':').at(-1),
    message: problem.detail || `The server answered with status ${status}.`,
    retryAfter: Number.isNaN(seconds) ? null : seconds,
    requestId: problem.request_id ?? header('X-Request-ID') ?? ''
  });
}

async function ask(method, path, body) {
  let response;
  let text;
  try {
    response = await fetch(path, {
      method,
      cache: 'no-store',
      credentials: 'same-origin',
      headers: body ? { 'Content-Type': 'application/json' } : {},
      body: body && JSON.stringify(body)
    });
    text = await response.text();
  } catch {
    throw connectionLost();
  }
  if (!response.ok) throw refusal(response.status, text, (name) => response.headers.get(name));
  return text ? JSON.parse(text) : null;
}

// What an older server does not have is null.
async function askIfThere(method, path) {
  try {
    return await ask(method, path);
  } catch (error) {
    if ([404, 405, 501].includes(error.status)) return null;
    throw error;
  }
}

// Whether the server has a collection at all; a refusal for want of a session says that it does.
async function has(path) {
  try {
    return (await askIfThere('GET', path)) !== null;
  } catch (error) {
    return error.status === 401;
  }
}

const PATIENCE = 5; // times that the server may ask for a break

// For one of many changes: a break that the server asks for is taken.
async function patiently(method, path) {
  for (let breaks = 0; ; breaks += 1) {
    try {
      return await ask(method, path);
    } catch (error) {
      if (error.status !== 429 || breaks === PATIENCE) throw error;
      await new Promise((resolve) => { setTimeout(resolve, 1000 * Math.max(1, error.retryAfter ?? 1)); });
    }
  }
}

const one = (collection, id) => `/api/${collection}/${encodeURIComponent(id)}`;

export const hasLinks = () => has('/api/links');
export const hasSessions = () => has('/api/sessions');

// ---- Photos ----

export const photos = (cursor) => ask('GET', `/api/photos${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ''}`);
export const deletePhoto = (id) => patiently('DELETE', one('photos', id));
// The file as it was added; for the photo's owner.
export const originalOf = ({ id }) => `${one('photos', id)}/original`;
export const restorePhoto = (id) => patiently('POST', `${one('photos', id)}/restore`);

// Those that can be brought back. A server without that answers with what is not deleted.
export async function deletedPhotos() {
  const { photos: list } = await ask('GET', '/api/photos?deleted=1');
  return list.filter((photo) => photo.restorable_until);
}

// ---- Links ----

export const links = async () => (await askIfThere('GET', '/api/links'))?.links ?? [];
export const revokeLink = (id) => ask('DELETE', one('links', id));

// terms: what docs/http-api.md says of POST /api/links, without the photos.
export function makeLink(ids, terms) {
  if (ids.length === 1) return ask('POST', `${one('photos', ids[0])}/links`, terms);
  return ask('POST', '/api/links', { photos: ids, ...terms });
}

// ---- Sessions ----

// The edge says with the page whether a cookie of a session came: who has none need not ask, and be refused.
function mayHaveSession() {
  const [page] = performance.getEntriesByType('navigation');
  const hint = page?.serverTiming?.find(({ name }) => name === 'session');
  return hint ? hint.description !== '-' : true;
}

let sessionIsLikely = mayHaveSession();

export async function makeSession() {
  await ask('POST', '/api/sessions');
  sessionIsLikely = true;
}

// null where there is none.
export async function currentSession() {
  if (!sessionIsLikely) return null;
  try {
    return await ask('GET', '/api/sessions/current');
  } catch (error) {
    if (error.status !== 401) throw error;
    sessionIsLikely = false;
    return null;
  }
}

export const sessions = async () => (await askIfThere('GET', '/api/sessions'))?.sessions ?? [];
export const endSession = (id) => ask('DELETE', one('sessions', id));
export const endCurrentSession = () => ask('DELETE', '/api/sessions/current');
export const makeRecoveryLink = () => ask('POST', '/api/sessions/recovery', {});
export async function recover(secret) {
  await ask('POST', '/api/sessions', { recovery: secret });
  sessionIsLikely = true;
}

// ---- API keys ----

// null where the server has none.
export const apiKeys = async () => (await askIfThere('GET', '/api/keys'))?.keys ?? null;
export const makeApiKey = (name) => ask('POST', '/api/keys', { name });
export const revokeApiKey = (id) => ask('DELETE', one('keys', id));
