// Ages tick in the page, from the server's times: a wrong clock on this computer does not matter.
// The words are those of moments.py; a test compares the two.

import { $$ } from './dom.js';

const STEPS = [[60, 1, 's'], [3600, 60, 'min'], [86400, 3600, 'h'], [Infinity, 86400, 'd']];
let ahead = Number(document.body.dataset.now) - Date.now() / 1000;
let frozen = null;

// Clocks show the manager's time of day wherever the reader is, as its own words do.
const MIDNIGHT = Date.parse(`1970-01-01T00:00${document.body.dataset.zone}`);

export const clock = (seconds) => new Date(seconds * 1000 - MIDNIGHT).toISOString().slice(11, 19);
export const serverNow = () => frozen ?? Date.now() / 1000 + ahead;
export const learn = (now) => { ahead = now - Date.now() / 1000; };
export const freeze = (still) => { frozen = still ? serverNow() : null; };

export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [, unit, word] = STEPS.find(([limit]) => whole < limit);
  return `${Math.floor(whole / unit)} ${word}`;
}

export function tick(root = document) {
  const now = serverNow();
  for (const time of $$('time[data-ago], time[data-for], time[data-left]', root)) {
    const { ago, for: since, left } = time.dataset;
    const text = ago ? `${span(now - ago)} ago` : left ? `${span(left - now)} left` : span(now - since);
    if (time.textContent !== text) time.textContent = text;
  }
  for (const words of $$('[data-due]', root)) words.hidden = now < words.dataset.due;
}
