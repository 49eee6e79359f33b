// Single keys, for those who want them: they act outside of fields only, and can be turned off.

import { $, $$, on } from './dom.js';

const OFF = 'shortcuts=off; path=/; max-age=31536000; samesite=lax', ON = 'shortcuts=on; path=/; max-age=31536000; samesite=lax';

export function keys(list) {
  const help = $('#keys'), wanted = $('[data-shortcuts-switch]');
  const acts = {
    '/': () => $('[data-search]')?.focus(),
    j: () => list?.move?.(1),
    k: () => list?.move?.(-1),
    x: () => list?.toggle?.(),
    a: () => $('[data-action]')?.focus(),
    p: () => $('[data-pause]')?.click(),
    '?': () => help?.togglePopover(),
  };
  // What the browser's own keys do not do in a table of boxes; these are no single letters, and stay.
  const rows = {
    ArrowDown: (event) => list.move(1, event),
    ArrowUp: (event) => list.move(-1, event),
    Enter: () => list.enter(),
  };

  on(document, 'keydown', (event) => {
    if (event.defaultPrevented || event.altKey || event.isComposing) return;
    const act = chosen(event);
    if (!act) return;
    event.preventDefault();
    act(event);
  });

  function chosen(event) {
    const { target, key } = event, typing = target.matches('input:not([type=checkbox]), select, textarea, [contenteditable]');
    if (typing || $('dialog[open]:not([popover])')) return null;
    if (event.ctrlKey || event.metaKey) return key === 'a' && list?.page && list.boxes().length ? list.page : null;
    if (list?.inRow?.() && rows[key] && target.matches('input[name=worker]')) return rows[key];
    if (key === 'Escape') return help?.matches(':popover-open') ? null : list?.clear;
    return document.body.dataset.shortcuts === 'off' ? null : acts[key];
  }

  // The list names what works on this page.
  on(help, 'beforetoggle', () => {
    for (const key of $$('dt[data-needs]', help)) key.hidden = key.nextElementSibling.hidden = !$(key.dataset.needs);
  });

  on(wanted, 'change', () => {
    document.body.dataset.shortcuts = wanted.checked ? 'on' : 'off';
    document.cookie = wanted.checked ? ON : OFF;
  });
}
