// One upload, once: the file itself as the body of POST /api/photos, with what makes a repetition harmless.

import { ApiError, connectionLost, refusal } from './api.js';

// A connection over which nothing moved for that long is lost, whatever the system still believes.
const SILENCE = 45_000; // ms

// fetch() tells nothing of what has been sent; XMLHttpRequest does. Resolves with the photo, rejects with an ApiError,
// or with the signal's reason.
export function sendPhoto(file, { key, onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let silence;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => request.abort(), SILENCE);
    };
    const ended = (settle, value) => {
      clearTimeout(silence);
      signal.removeEventListener('abort', abort);
      settle(value);
    };
    const abort = () => request.abort();
    request.upload.onprogress = (event) => {
      heard();
      onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      const answer = parsed(request);
      if (answer instanceof ApiError) ended(reject, answer);
      else ended(resolve, answer);
    };
    request.onerror = () => ended(reject, connectionLost());
    request.onabort = () => ended(reject, signal.aborted ? signal.reason : connectionLost());

    contentDigest(file).then((digest) => {
      signal.throwIfAborted();
      signal.addEventListener('abort', abort);
      request.open('POST', '/api/photos');
      request.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
      request.setRequestHeader('Idempotency-Key', key);
      if (digest) request.setRequestHeader('Content-Digest', digest);
      heard();
      request.send(file);
    }).catch((error) => ended(reject, error));
  });
}

function parsed(request) {
  if (request.status < 200 || request.status > 299) {
    return refusal(request.status, request.responseText, (name) => request.getResponseHeader(name));
  }
  try {
    return JSON.parse(request.responseText);
  } catch {
    return connectionLost();
  }
}

// RFC 9530's; null where the browser keeps its digests for secure contexts, and this is none.
async function contentDigest(file) {
  let bytes;
  try {
    bytes = await file.arrayBuffer();
  } catch {
    throw new ApiError({ status: 400, type: 'unreadable', message: 'This file cannot be read any more.' });
  }
  if (!globalThis.crypto?.subtle) return null;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return `sha-256=:${btoa(String.fromCharCode(...digest))}:`;
}

// 128 random bits in hex: names one upload through all its repetitions.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
