// The few helpers that the other modules share.

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
export const on = (node, type, act) => node?.addEventListener(type, act);
export const announce = (text) => { $('[data-announce]').textContent = text; };

const STAYS = 8000;                                  // milliseconds

// Says something to everybody: in sight wherever the page is scrolled to, also over a dialog, and aloud.
export function say(text) {
  const note = document.createElement('p');
  Object.assign(note, { className: 'saying sheet', popover: 'manual' });
  note.setAttribute('role', 'alert');
  $('.saying')?.remove();
  ($('dialog[open]') ?? document.body).append(note);
  note.showPopover();
  note.textContent = text;
  setTimeout(() => note.remove(), STAYS);
}

export const unsent = () => say('No connection to the manager: nothing was sent. Try again when it is back.');
