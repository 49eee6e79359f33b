// What keeps the reader's hand where it was: on a page that redraws itself, and on one that a form leads to anew.

import { $, on, say } from './dom.js';

const MOMENT = 600;                                  // milliseconds in which nobody sees that something moved, and stops
const CONTROL = 'a, button, input, label, select, summary';

let at = null, slid = null, until = 0;               // where the pointer is; what came under it, and until when that is news

const under = () => at && document.elementFromPoint(...at)?.closest(CONTROL);

// Redraws; what slid under a pointer that rests is not what the reader is about to press.
export function steadily(redraw) {
  const before = under();
  redraw();
  const now = under();
  if (now === before) return;
  slid = now;
  until = performance.now() + MOMENT;
}

// A press counts for nothing on what has only just slid there. A key is pressed on what has the focus, which stays.
export function guard() {
  on(document, 'pointermove', ({ clientX, clientY }) => { at = [clientX, clientY]; });
  on(document.documentElement, 'pointerleave', () => { at = null; });
  document.addEventListener('click', (event) => {
    if (!event.detail || performance.now() > until || !slid?.contains(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    say('This has only just moved here, so nothing was done. Press again if you mean it.');
  }, true);
}

const KEY = 'farmhand-place';

// A form that changes something leads to the page anew: there the reader goes on at the same place and the same control.
export function place() {
  const kept = JSON.parse(sessionStorage.getItem(KEY));
  forget();
  if (kept?.path === location.pathname) resume(kept);
  on(document, 'submit', ({ target: form, submitter, defaultPrevented }) => {
    if (defaultPrevented || form.method !== 'post') return;
    const control = form.closest('dialog') ? $('[data-apply]') : submitter;
    const { id, name, value } = control ?? {}, row = control?.closest('tr[id]')?.id;
    sessionStorage.setItem(KEY, JSON.stringify({ path: location.pathname, y: scrollY, id, name, value, row }));
  });
}

// The form has led nowhere.
export const forget = () => sessionStorage.removeItem(KEY);

function resume({ y, id, name, value, row }) {
  if ($('.made, .code')) return;                     // what is shown this once is at the page's head
  const found = [
    $('main [aria-invalid=true]'),
    id && document.getElementById(id),
    name && $(`button[name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]`),
    row && $(`#${CSS.escape(row)} input`),
    !name && !id && $('[data-action]'),
  ];
  if (!location.hash) scrollTo(0, y);
  found.find((node) => node && !node.disabled)?.focus();
  const told = $('.notice.told');
  if (told && told.getBoundingClientRect().bottom < 0) say(told.textContent.trim());
}
