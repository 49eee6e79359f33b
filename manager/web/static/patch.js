// Puts what the server rendered in place of what is shown, and keeps what the reader is doing:
// rows, ticked boxes, an open menu and the focus stay where they are.

import { $, $$ } from './dom.js';

const FOCUSABLE = 'a[href], button, input, select';

export function parse(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content;
}

// `next` is an element or a fragment; its children move.
export function replaceInside(node, next) {
  const newer = document.createElement(node.localName);
  newer.replaceChildren(...next.childNodes);
  if (node.innerHTML === newer.innerHTML) return;
  const held = $$(FOCUSABLE, node).indexOf(document.activeElement);
  node.replaceChildren(...newer.childNodes);
  if (held >= 0) ($$(FOCUSABLE, node)[held] ?? node.closest('tr')?.querySelector('input'))?.focus();
}

export function patchRow(row, next) {
  row.dataset.restartable = next.dataset.restartable;
  [...row.cells].forEach((cell, i) => {
    if (cell.classList.contains('c-check')) return;
    cell.className = next.cells[i].className;
    replaceInside(cell, next.cells[i]);
  });
}

// A worker that is no more keeps its place until the list is loaded again.
export function markRemoved(row) {
  const box = $('input', row), status = $('.status', row);
  box.checked = false;
  box.disabled = true;
  row.classList.add('removed');
  status.className = 'status offline';
  $('use', status).setAttribute('href', '#s-offline');
  status.lastChild.textContent = 'Removed';
  for (const cell of $$('.c-now, .c-pending', row)) cell.replaceChildren();
}

// The regions of a page that a newer version of the same page replaces.
export function patchRegions(next, except) {
  for (const region of $$('[data-patch]')) {
    const newer = next.getElementById(region.id);
    if (newer && !except.includes(region.id)) replaceInside(region, newer);
  }
}

// Make the table's rows those of `next`, in its order, without touching a row that stays.
export function patchRows(body, next) {
  const wanted = [...next.rows];
  const ids = new Set(wanted.map((row) => row.id));
  for (const row of [...body.rows]) if (!ids.has(row.id)) row.remove();
  wanted.forEach((newer, i) => {
    const row = document.getElementById(newer.id);
    if (row) patchRow(row, newer);
    if (body.rows[i] !== row || !row) body.insertBefore(row ?? newer, body.rows[i] ?? null);
  });
}
