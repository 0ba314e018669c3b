// The uploads of this page, without a pixel of it: which runs, which waits, and when one is tried again. It knows of
// the browser only what it is given, so that it runs in Node as well.
//
// An upload is { id, file, key, state, fraction, error, photo, attempts, retryAt }. Its state is
//   waiting    for its turn
//   sending    fraction (0 to 1) of its bytes have left; at 1 the server is looking at the picture
//   retrying   something went wrong that may pass; again at retryAt (ms, as the clock says)
//   paused     by the person
//   failed     error says why
//   done       photo is the server's answer
// Every change is an event 'change' with detail = the upload, or null where it is about the queue as a whole.

const AT_ONCE = 3;
const MOST_ATTEMPTS = 8; // that were answered; without a connection it is tried for as long as the page is open
const FIRST_DELAY = 1000; // ms, doubled each time
const LONGEST_DELAY = 30_000;

export class UploadQueue extends EventTarget {
  #send;
  #newKey;
  #timer;
  #jitter;
  #wake = null;
  #heldUntil = 0;
  #nextId = 1;
  uploads = [];

  // send(file, { key, onProgress, signal }) resolves with a photo or rejects with an ApiError.
  // timer: { now(), set(callback, ms), clear(handle) }. jitter(): 0 to 1.
  constructor({ send, newKey, timer = systemTimer, jitter = Math.random }) {
    super();
    this.#send = send;
    this.#newKey = newKey;
    this.#timer = timer;
    this.#jitter = jitter;
  }

  add(files) {
    const added = files.map((file) => ({
      id: this.#nextId++,
      file,
      key: this.#newKey(),
      state: 'waiting',
      fraction: 0,
      error: null,
      photo: null,
      attempts: 0,
      retryAt: 0
    }));
    this.uploads.push(...added);
    this.#tell(null);
    this.#run();
    return added;
  }

  // Until when (ms) the server wants none of us to ask; 0 when it does not.
  get heldUntil() {
    return this.#heldUntil > this.#timer.now() ? this.#heldUntil : 0;
  }

  pause(upload) {
    if (!['waiting', 'sending', 'retrying'].includes(upload.state)) return;
    this.#set(upload, { state: 'paused', fraction: 0 });
    upload.controller?.abort();
    this.#run();
  }

  // What was paused or has failed; with the same key, so that what the server got all the same is not there twice.
  resume(upload) {
    if (!['paused', 'failed', 'retrying'].includes(upload.state)) return;
    this.#set(upload, { state: 'waiting', error: null, attempts: 0, retryAt: 0 });
    this.#run();
  }

  remove(upload) {
    this.uploads = this.uploads.filter((other) => other !== upload);
    upload.controller?.abort();
    this.#tell(null);
    this.#run();
  }

  // Forgets what has come to an end.
  clearEnded() {
    this.uploads = this.uploads.filter((upload) => !['done', 'failed'].includes(upload.state));
    this.#tell(null);
  }

  // The connection is back: no reason to wait any longer.
  connectionIsBack() {
    for (const upload of this.uploads) {
      if (upload.state === 'retrying' && upload.error.status === 0) upload.retryAt = 0;
    }
    this.#run();
  }

  count(...states) {
    return this.uploads.filter((upload) => states.includes(upload.state)).length;
  }

  #run() {
    const now = this.#timer.now();
    for (const upload of this.uploads) {
      if (upload.state === 'retrying' && upload.retryAt <= now) this.#set(upload, { state: 'waiting' });
    }
    if (!this.heldUntil) {
      let free = AT_ONCE - this.count('sending');
      for (const upload of this.uploads) {
        if (free > 0 && upload.state === 'waiting') {
          free -= 1;
          this.#start(upload);
        }
      }
    }
    this.#wakeLater();
  }

  async #start(upload) {
    const controller = new AbortController();
    this.#set(upload, { state: 'sending', fraction: 0, error: null, controller });
    // What an attempt that was given up says afterwards is of no interest.
    const isCurrent = () => upload.controller === controller && upload.state === 'sending';
    try {
      const photo = await this.#send(upload.file, {
        key: upload.key,
        signal: controller.signal,
        onProgress: (fraction) => isCurrent() && this.#set(upload, { fraction })
      });
      if (isCurrent()) this.#set(upload, { state: 'done', fraction: 1, photo });
    } catch (error) {
      if (isCurrent()) this.#failed(upload, error);
    }
    this.#run();
  }

  #failed(upload, error) {
    // A held back queue is nobody's fault, and a lost connection not the server's.
    const counts = error.status !== 0 && error.status !== 429;
    const attempts = upload.attempts + 1;
    if (!error.isTransient || (counts && attempts >= MOST_ATTEMPTS)) {
      this.#set(upload, { state: 'failed', error, attempts });
      return;
    }
    const delay = this.#delay(error, attempts);
    const retryAt = this.#timer.now() + delay;
    if (error.status === 429) this.#heldUntil = Math.max(this.#heldUntil, retryAt);
    this.#set(upload, { state: 'retrying', error, attempts, retryAt });
  }

  #delay(error, attempts) {
    const most = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (attempts - 1));
    const ours = most * (0.5 + 0.5 * this.#jitter());
    return error.retryAfter === null ? ours : Math.max(error.retryAfter * 1000, 1) + 500 * this.#jitter();
  }

  #wakeLater() {
    if (this.#wake !== null) this.#timer.clear(this.#wake);
    this.#wake = null;
    const times = this.uploads.filter((upload) => upload.state === 'retrying').map((upload) => upload.retryAt);
    if (this.heldUntil) times.push(this.#heldUntil);
    if (times.length === 0) return;
    const delay = Math.max(0, Math.min(...times) - this.#timer.now());
    this.#wake = this.#timer.set(() => {
      this.#wake = null;
      this.#tell(null);
      this.#run();
    }, delay);
  }

  #set(upload, change) {
    Object.assign(upload, change);
    this.#tell(upload);
  }

  #tell(upload) {
    this.dispatchEvent(new CustomEvent('change', { detail: upload }));
  }
}

const systemTimer = {
  now: () => Date.now(),
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (handle) => clearTimeout(handle)
};
