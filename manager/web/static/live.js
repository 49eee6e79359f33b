// News from the manager: rows change in place, ages tick, and a lost connection is said.

import { $, $$, announce, on, unsent } from './dom.js';
import { clock, freeze, learn, serverNow, span, tick } from './ages.js';
import { markRemoved, parse, patchRegions, patchRow, patchRows, replaceInside } from './patch.js';
import { steadily } from './steady.js';

const LATE = 20;                                     // seconds without a word, which comes every 8 s
const RETRY = 3000, SETTLE = 300, LINGER = 5000, QUIET = 1500;     // milliseconds
const SPARE = 10;                                    // a page that takes long to fetch is fetched less often
const NAMED = 3;                                     // who has failed is named, up to so many at once
const ORDER = 3000;                                  // nothing but the order has changed: that is worth less

export function live(list) {
  const box = $('[data-live]');
  if (!box) return;
  const word = $('[data-live-word]', box), button = $('[data-pause]', box), show = $('[data-refresh]');
  let source = null, seq = null, heard = serverNow(), pausedAt = null, lost = false;
  let quiet = null, batch = 0, failures = [];
  let coming = null, missed = false, dismissed = false, outdated = false, took = 0;

  function open() {
    source?.close();
    const url = new URL(box.dataset.live, location.href);
    url.searchParams.set('build', document.body.dataset.build);
    if (seq !== null) url.searchParams.set('since', seq);
    source = new EventSource(url);
    on(source, 'open', hear);
    on(source, 'message', (event) => steadily(() => news(told(event))));
    on(source, 'tick', (event) => steadily(() => passing(told(event))));
    on(source, 'reload', (event) => renew(told(event)));
    on(source, 'error', () => {
      connected(false);
      if (source.readyState !== EventSource.CLOSED) return;
      refresh();                                     // it may be that one has to sign in
      setTimeout(() => lost && open(), RETRY);
    });
  }

  // What it is by the manager's clock comes first: this computer's may have been set meanwhile.
  function told(event) {
    const message = JSON.parse(event.data);
    if (message.now) learn(message.now);
    hear(event);
    return message;
  }

  function hear(event) {
    if (event.lastEventId) seq = event.lastEventId;
    heard = serverNow();
    connected(true);
  }

  function connected(yes) {
    if (lost === !yes) return;
    lost = !yes;
    freeze(lost);
    if (!lost) heard = serverNow();
    list?.connected(yes);
    const notice = $('[data-lost]'), summary = $('#summary');
    if (notice) {
      $('[data-as-of]', notice).textContent = `as of ${clock(heard)}`;
      notice.hidden = yes;
      if (summary) summary.hidden = !yes;
    }
    if (yes) announce('Connected again');
    beat();
  }

  // A message carries rows and regions as HTML, or is a bell only: then the page fetches itself.
  function news(message) {
    if (pausedAt !== null) { missed = true; return; }
    if (!message.rows) { settle(); return; }
    const rowOf = (id) => document.getElementById(`w-${id}`);
    const changes = [];
    for (const row of message.gone.map(rowOf)) if (row) markRemoved(row);
    for (const [id, html] of Object.entries(message.rows)) {
      const row = rowOf(id);
      if (row) changes.push(update(row, parse(html).firstElementChild));
    }
    for (const [state, count] of Object.entries(message.counts)) {
      const chip = $(`[data-count="${state}"]`);
      if (chip && chip.textContent !== String(count)) chip.textContent = count;
    }
    replaceInside($('#summary'), parse(message.summary));
    if (!dismissed) replaceInside($('#toast'), parse(message.toast));
    tell(changes.filter(Boolean));
    list?.show();
    fade();
    tick();
    reordered(message.order);
    decided([...Object.keys(message.rows), ...message.gone]);
  }

  // Who was let in or turned away elsewhere is not to be asked about here any more.
  function decided(ids) {
    if (ids.some((id) => $(`#joining [value="${CSS.escape(id)}"]`))) offer('The list has changed · Show');
  }

  // The rows that the list has by now, in order; none where they are those that the manager told of before.
  function reordered(order) {
    if (!order) return;
    const shown = $$('#rows tr:not(.removed)').map((row) => row.id.slice(2)), here = new Set(shown), there = new Set(order);
    const came = order.filter((id) => !here.has(id)).length, left = shown.filter((id) => !there.has(id)).length;
    if (came || left) offer(came > left ? `${came - left} new ${came - left === 1 ? 'worker' : 'workers'} · Show` : 'The list has changed · Show');
    else if (order.some((id, i) => id !== shown[i])) offer('Order has changed · Sort again', ORDER);
    else if (show) show.hidden = true;
  }

  // One batch, one announcement; where something has failed, the first at once and by name.
  function tell(changes) {
    if (!changes.length) return;
    const failed = changes.filter(({ failure }) => failure);
    batch += changes.length - failed.length;
    failures.push(...failed.map(({ failure }) => failure));
    if (failed.length && quiet === null) speak();
    quiet ??= setTimeout(() => { quiet = null; speak(); }, QUIET);
  }

  function speak() {
    const more = failures.length - NAMED;
    const words = [...failures.slice(0, NAMED), more > 0 && `${more} more need attention`];
    if (batch) words.push(`${batch} ${batch === 1 ? 'worker' : 'workers'} changed`);
    if (batch || failures.length) announce(words.filter(Boolean).join('; '));
    batch = 0;
    failures = [];
  }

  // What there is to tell of a row that has become another; nothing where its status is the same.
  function update(row, newer) {
    const was = $('.status', row)?.className;
    patchRow(row, newer);
    const status = $('.status', row);
    if (status.className === was) return null;
    return { failure: status.classList.contains('error') ? `${$('.name', row).textContent}: ${status.textContent}` : '' };
  }

  // No event tells when a worker was last seen, so that comes as time passes.
  function passing(message) {
    if (pausedAt !== null) return;
    if (!message.seen) settle();
    if (message.summary) replaceInside($('#summary'), parse(message.summary));
    for (const [id, [epoch, late]] of Object.entries(message.seen ?? {})) {
      const cell = $(`#w-${CSS.escape(id)} .c-seen`), time = cell && $('time', cell);
      if (!time) continue;
      time.dataset.ago = epoch;
      cell.classList.toggle('bad', late);
    }
    tick();
    reordered(message.order);
  }

  // The manager cannot tell what is new since this page was made, or the page is of other code than the manager.
  function renew(message) {
    outdated ||= Boolean(message.outdated);
    if (pausedAt !== null) missed = true;
    else offer();
  }

  // What a click has brought is there when its page comes, and no screen reader says what is there from the beginning.
  function begin() {
    const words = $$('.notice.told, [data-toast] b').map((node) => ($('b', node) ?? node).textContent.trim());
    if (words.length && !$('.saying')) setTimeout(() => announce(words.join('. ')), SETTLE);
  }

  // A toast that is over has been read after a while; its address then says nothing of it any more.
  function fade() {
    const done = $('[data-toast="over"]');
    if (done) setTimeout(() => done.isConnected && dismiss(), LINGER);
  }

  function dismiss() {
    dismissed = true;
    $('#toast').replaceChildren();
    const url = new URL(location.href);
    url.searchParams.delete('follow');
    history.replaceState(null, '', url);
  }

  // Which rows there are, and their order, changes only while nobody is at work on the list.
  function offer(words = 'The list has changed · Show', after = SETTLE) {
    if (!list?.engaged() || !show) { settle(after); return; }
    show.textContent = words;
    show.hidden = false;
  }

  function settle(after = SETTLE) {
    coming ??= setTimeout(() => { coming = null; refresh(); }, Math.max(after, SPARE * took));
  }

  async function refresh() {
    if (outdated) { location.reload(); return; }
    const begun = performance.now();
    const reply = await fetch(location.href, { headers: { Accept: 'text/html' } }).catch(() => null);
    if (reply?.redirected) location.reload();        // to sign in
    if (!reply?.ok || reply.redirected) return;      // the stream says what became of the connection
    const next = new DOMParser().parseFromString(await reply.text(), 'text/html');
    const body = $('#rows'), newer = $('#rows', next);
    if (Boolean(body) !== Boolean(newer)) { location.reload(); return; }
    learn(Number(next.body.dataset.now));
    steadily(() => {
      if (body) patchRows(body, newer);
      patchRegions(next, dismissed ? ['toast'] : []);
    });
    document.dispatchEvent(new CustomEvent('renewed', { detail: next }));
    if (document.activeElement === show) list?.focus?.();
    if (show) show.hidden = true;
    list?.show();
    fade();
    tick();
    took = performance.now() - begun;
  }

  function pause() {
    pausedAt = pausedAt === null ? serverNow() : null;
    const paused = pausedAt !== null;
    button.setAttribute('aria-pressed', paused);
    $('span', button).textContent = paused ? 'Resume' : 'Pause';
    $('use', button).setAttribute('href', paused ? '#i-play' : '#i-pause');
    if (!paused && missed) { missed = false; refresh(); }
    beat();
  }

  function beat() {
    const silent = serverNow() - heard;
    if (!lost && silent > 2 * LATE) { connected(false); open(); return; }
    box.classList.toggle('off', lost || pausedAt !== null || silent > LATE);
    word.textContent = lost ? `Not live · as of ${clock(heard)}`
      : pausedAt !== null ? `Paused · since ${clock(pausedAt)}`
        : `${silent > LATE ? 'Late' : 'Live'} · updated ${span(silent)} ago`;
    if (pausedAt === null) tick();
  }

  $('.dot', box).hidden = button.hidden = false;
  on(button, 'click', pause);
  on($('[data-retry]'), 'click', open);
  on(show, 'click', refresh);
  on(document, 'click', (event) => {
    if (event.target.closest('[data-dismiss]')) { event.preventDefault(); dismiss(); }
  });
  // Without a connection a form would lead to the browser's own error page, and the reader's work be lost.
  document.addEventListener('submit', (event) => {
    if (!lost) return;
    event.preventDefault();
    unsent();
  }, true);
  on(window, 'pagehide', () => source?.close());
  on(window, 'pageshow', (event) => { if (event.persisted) { open(); refresh(); } });
  // A browser has six connections a site: a page that nobody sees gives its own back, and catches up later.
  on(document, 'visibilitychange', () => (document.hidden ? source.close() : open()));
  setInterval(() => document.hidden || beat(), 1000);
  open();
  beat();
  begin();
  fade();
}
