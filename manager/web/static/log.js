// A log that grows: lines come at its end, and follow while the reader is there. Whoever scrolls up reads in peace.

import { $, on } from './dom.js';

const KEPT = 1000;                                   // lines on the page; older ones go, "Open" has them all
const HELD = 2000;                                   // lines that wait for a reader who has scrolled up
const NEAR = 8;                                      // pixels from the end that count as the end
const RETRY = 3000;                                  // milliseconds

// Text alone, in one of the styles that logtext.py knows: nothing in a log becomes markup.
function element(spans) {
  const line = document.createElement('span');
  for (const [style, text] of spans) {
    if (!style) { line.append(text); continue; }
    const piece = document.createElement('i');
    piece.className = style;
    piece.textContent = text;
    line.append(piece);
  }
  return line;
}

function follow(section) {
  const pre = $('pre', section), button = $('[data-log-follow]', section), word = $('[data-log-word]', section);
  let source = null, offset = null, following = true, held = [], dropped = 0, open = null, over = false, lost = false;

  const atEnd = () => pre.scrollHeight - pre.scrollTop - pre.clientHeight <= NEAR;
  const toEnd = () => { pre.scrollTop = pre.scrollHeight; };

  function listen() {
    source?.close();
    const url = new URL(section.dataset.log, location.href);
    if (offset !== null) url.searchParams.set('from', offset);
    source = new EventSource(url);
    on(source, 'open', () => { lost = false; say(); });
    on(source, 'message', (event) => { offset = event.lastEventId; take(JSON.parse(event.data)); });
    on(source, 'over', (event) => { over = JSON.parse(event.data).status; source.close(); say(); });
    on(source, 'error', () => {
      lost = true;
      say();
      if (source.readyState === EventSource.CLOSED) setTimeout(() => section.isConnected && lost && listen(), RETRY);
    });
  }

  function take({ lines, open: unfinished, skipped }) {
    if (skipped) { dropped += held.length; held = [[['faint', `… ${skipped.toLocaleString()} bytes left out here`]]]; }
    held.push(...lines);
    if (held.length > HELD) { dropped += held.length - HELD; held = held.slice(-HELD); }
    open = unfinished.length ? unfinished : null;
    if (following) show();
    say();
  }

  function show() {
    if (dropped) held.unshift([['faint', `… ${dropped.toLocaleString()} lines left out here`]]);
    $('[data-open]', pre)?.remove();
    pre.append(...held.slice(-KEPT).map(element));
    if (open) {
      const last = element(open);
      last.dataset.open = '';
      pre.append(last);
    }
    while (pre.childElementCount > KEPT) pre.firstElementChild.remove();
    held = [];
    dropped = 0;
    toEnd();
  }

  function say() {
    const waiting = held.length + dropped;
    word.textContent = [
      over ? `The task is over: ${over}` : lost ? 'Not live: no connection to the manager' : following ? 'Live' : 'Paused',
      !following && waiting && `${waiting.toLocaleString()} new lines`,
    ].filter(Boolean).join(' · ');
    $('span', button).textContent = following ? 'Pause log' : 'Follow log';
    $('use', button).setAttribute('href', following ? '#i-pause' : '#i-play');
  }

  function turn(yes) {
    if (following === yes) return;
    following = yes;
    if (yes) show();
    say();
  }

  on(pre, 'scroll', () => turn(atEnd()));
  on(button, 'click', () => turn(!following));
  on(document, 'visibilitychange', () => { if (!over) document.hidden ? source.close() : listen(); });
  on(window, 'pagehide', () => source.close());
  button.hidden = false;
  toEnd();
  listen();
  return () => source.close();
}

// The log of a page. Its task may end and another begin: then the page as it is now has another section.
export function log() {
  let end = null;
  function begin() {
    const section = $('#log');
    end?.();
    end = section?.dataset.log ? follow(section) : null;
    if (section && !end) { const pre = $('pre', section); pre.scrollTop = pre.scrollHeight; }
  }
  on(document, 'renewed', ({ detail: next }) => {
    const section = $('#log'), newer = $('#log', next);
    if (section?.dataset.task === newer?.dataset.task) return;
    $('#log-here').replaceChildren(...(newer ? [newer] : []));
    begin();
  });
  if ($('#log-here')) begin();
}
