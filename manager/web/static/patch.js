// Makes what is shown what the server rendered, and keeps what the reader is doing. An element that means the same stays
// the same element: so the focus, selected text, a half-typed field, an open <details>, a scroll position and a
// half-made click are not lost.

import { $, $$ } from './dom.js';

const FOCUSABLE = ':is(a[href], button, input, select, textarea, summary, [tabindex]):not(:disabled, [type=hidden], [tabindex="-1"])';

const BOX = 'input[name=worker]:enabled';

// What is the reader's, and no redraw changes.
const KEPT = { DETAILS: 'open' };

export function parse(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content;
}

// `next` is an element or a fragment; its children may move. A focus whose element goes passes to what is in its place.
export function replaceInside(node, next) {
  const held = $$(FOCUSABLE, node).indexOf(document.activeElement);
  become(node, next);
  if (held < 0 || $$(FOCUSABLE, node).includes(document.activeElement)) return;
  const left = $$(FOCUSABLE, node);
  focusOn(left[Math.min(held, left.length - 1)] ?? $('input:enabled', node.closest('tr') ?? node) ?? node);
}

// What cannot have the focus otherwise has it for as long as it stays there.
function focusOn(node) {
  if (!node.matches(FOCUSABLE)) node.tabIndex = -1;
  node.focus({ preventScroll: true });
}

// What an element is about: two of one key are the same thing before and after, whatever has changed in it.
function keyOf(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return '';
  if (node.id) return node.id;
  switch (node.localName) {
    case 'a': return node.getAttribute('href') ?? '';
    case 'form': return node.getAttribute('action') ?? '';
    case 'button': return `${node.name} ${node.value} ${node.getAttribute('formaction') ?? ''}`;
    case 'input': return `${node.name} ${['checkbox', 'radio'].includes(node.type) ? node.value : ''}`;
    case 'li': case 'tr': return $('a[href]', node)?.getAttribute('href') ?? $('input[value]', node)?.value ?? node.textContent;
    default: return '';
  }
}

function become(node, next) {
  const here = [...node.childNodes], wanted = [...next.childNodes];
  const kinds = new Map();
  for (const child of here) {
    const kind = kindOf(child);
    kinds.set(kind, [...(kinds.get(kind) ?? []), child]);
  }
  const chosen = wanted.map((newer) => kinds.get(kindOf(newer))?.shift() ?? null);
  for (const child of [...kinds.values()].flat()) child.remove();
  wanted.forEach((newer, i) => {
    const old = chosen[i], at = node.childNodes[i] ?? null;
    if (old && old !== at) moveBefore(node, old, at);
    else if (!old) node.insertBefore(newer, at);
    if (old) renew(old, newer);
  });
}

const kindOf = (node) => `${node.nodeName} ${keyOf(node)}`;

// Where a browser can, without what moving an element costs it: the focus, among others.
function moveBefore(parent, node, at) {
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  parent.insertBefore(node, at);
  focused?.focus({ preventScroll: true });
}

function renew(old, newer) {
  if (old.isEqualNode(newer)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) { if (old.data !== newer.data) old.data = newer.data; return; }
  for (const { name } of [...old.attributes, ...newer.attributes]) {
    const value = newer.getAttribute(name);
    if (KEPT[old.nodeName] === name || old.getAttribute(name) === value) continue;
    if (value === null) old.removeAttribute(name);
    else old.setAttribute(name, value);
  }
  become(old, newer);
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
  const box = $('input', row), status = $('.status', row), held = row.contains(document.activeElement);
  box.checked = false;
  box.disabled = true;
  row.classList.add('removed');
  status.className = 'status offline';
  $('use', status).setAttribute('href', '#s-offline');
  status.lastChild.textContent = 'Removed';
  for (const cell of $$('.c-now, .c-pending', row)) cell.replaceChildren();
  if (held) $(BOX, neighbour(row, 'nextElementSibling') ?? neighbour(row, 'previousElementSibling') ?? row)?.focus();
}

function neighbour(row, side) {
  let next = row[side];
  while (next && !$(BOX, next)) next = next[side];
  return next;
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
