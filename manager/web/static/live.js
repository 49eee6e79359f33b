// News from the manager: rows change in place, ages tick, and a lost connection is said.

import { $, announce, on } from './dom.js';
import { freeze, learn, serverNow, span, tick } from './ages.js';
import { parse, patchRegions, patchRow, patchRows } from './patch.js';

const LATE = 15, RETRY = 3000, SETTLE = 250;         // seconds without a word; milliseconds; milliseconds

export function live(list) {
  const box = $('[data-live]');
  if (!box) return;
  const word = $('[data-live-word]', box), dot = $('.dot', box), button = $('[data-pause]', box);
  let source = null, seq = null, heard = serverNow(), paused = false, lost = false, waiting = null, missed = false;

  function open() {
    source?.close();
    const url = new URL(box.dataset.live, location.href);
    if (seq !== null) url.searchParams.set('since', seq);
    source = new EventSource(url);
    source.onopen = () => hear(true);
    source.onerror = () => {
      lose();
      if (source.readyState === EventSource.CLOSED) setTimeout(() => lost && open(), RETRY);
    };
    source.onmessage = (event) => { seq = event.lastEventId; hear(true); news(JSON.parse(event.data)); };
    on(source, 'tick', (event) => { hear(true); learn(Number(event.data)); });
    on(source, 'reload', (event) => { seq = event.lastEventId; hear(true); settle(); });
  }

  function hear() {
    heard = serverNow();
    if (!lost) return;
    lost = false;
    freeze(false);
    list?.connected(true);
    connection(false);
    announce('Connected again');
  }

  function lose() {
    if (lost) return;
    lost = true;
    list?.connected(false);
    connection(true);
    freeze(true);
  }

  function connection(gone) {
    const notice = $('[data-lost]');
    if (!notice) return;
    $('[data-as-of]', notice).textContent = `as of ${clock(heard)}`;
    notice.hidden = !gone;
    $('#summary').hidden = gone;
  }

  // A message carries rows and regions as HTML, or is a bell only: then the page fetches itself.
  function news(message) {
    learn(message.now);
    if (paused) { missed = true; return; }
    if (!message.rows) { settle(); return; }
    let stale = false;
    for (const [id, html] of Object.entries(message.rows)) {
      const row = document.getElementById(`w-${id}`), listed = message.listed.includes(id);
      if (row) patchRow(row, parse(html).firstElementChild);
      stale ||= Boolean(row) !== listed;
    }
    for (const [id, html] of Object.entries(message.regions)) {
      const holder = document.implementation.createHTMLDocument();
      holder.body.innerHTML = `<div id="${id}">${html}</div>`;
      const region = document.getElementById(id);
      if (region) patchRegions(holder);
    }
    list?.show();
    if (stale) offer();
    tick();
  }

  // The order and the rows themselves change only while nobody is at work on the list.
  function offer() {
    const show = $('[data-refresh]');
    if (list?.engaged() && show) show.hidden = false;
    else settle();
  }

  function settle() {
    waiting ??= setTimeout(() => { waiting = null; refresh(); }, SETTLE);
  }

  async function refresh() {
    let reply;
    try {
      reply = await fetch(location.href, { headers: { Accept: 'text/html' } });
    } catch {
      return;                                        // the event source says what became of the connection
    }
    if (!reply.ok) return;
    const next = new DOMParser().parseFromString(await reply.text(), 'text/html');
    const body = document.getElementById('rows'), newer = next.getElementById('rows');
    if (Boolean(body) !== Boolean(newer)) { location.reload(); return; }
    if (body) patchRows(body, newer);
    patchRegions(next);
    const show = $('[data-refresh]');
    if (show) show.hidden = true;
    learn(Number(next.body.dataset.now));
    list?.show();
    tick();
  }

  function pause() {
    paused = !paused;
    button.setAttribute('aria-pressed', paused);
    $('span', button).textContent = paused ? 'Resume' : 'Pause';
    $('use', button).setAttribute('href', paused ? '#i-play' : '#i-pause');
    if (!paused && missed) { missed = false; refresh(); }
    beat();
  }

  function beat() {
    const silent = serverNow() - heard;
    if (!lost && silent > LATE * 2) { lose(); open(); }
    box.classList.toggle('off', paused || lost || silent > LATE);
    word.textContent = lost ? `Not live · as of ${clock(heard)}`
      : paused ? `Paused · since ${clock(pausedAt())}`
      : `${silent > LATE ? 'Late' : 'Live'} · updated ${span(silent)} ago`;
    if (!paused) tick();
  }

  let stopped = null;
  const pausedAt = () => (stopped ??= serverNow());
  const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });

  dot.hidden = button.hidden = false;
  on(button, 'click', () => { stopped = null; pause(); });
  on($('[data-retry]'), 'click', open);
  on($('[data-refresh]'), 'click', refresh);
  on(window, 'pagehide', () => source?.close());
  on(window, 'pageshow', (event) => { if (event.persisted) { open(); refresh(); } });
  setInterval(beat, 1000);
  open();
  beat();
}
