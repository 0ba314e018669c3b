// Numbers and times in words. Times are the API's, unix seconds.

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'];

export function size(bytes) {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toLocaleString('en', { maximumFractionDigits: digits })} ${UNITS[unit]}`;
}

export function count(number, noun) {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

const SPANS = [['day', 86_400], ['hour', 3600], ['minute', 60]];

// "3 days", "5 hours", "less than a minute": the largest unit alone, rounded.
export function span(seconds) {
  for (const [name, length] of SPANS) {
    if (seconds >= length) return count(Math.round(seconds / length), name);
  }
  return 'less than a minute';
}

export function ago(time, now = Date.now() / 1000) {
  return now - time < 60 ? 'just now' : `${span(now - time)} ago`;
}

export function ends(time, now = Date.now() / 1000) {
  if (!time) return 'never ends';
  return time <= now ? 'has ended' : `ends in ${span(time - now)}`;
}

export function date(time) {
  return new Date(time * 1000).toLocaleDateString(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
}

export function moment(time) {
  return new Date(time * 1000).toLocaleString(undefined, { dateStyle: 'long', timeStyle: 'short' });
}
