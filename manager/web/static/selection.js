// The list's selection, and which actions it allows. It stands in the address, so that a reload and a colleague have it.

import { $, $$, announce, on } from './dom.js';

const SHORT = 8, MOST = 200;                         // the beginnings of ids, and how many an address has room for

export function selection(form) {
  const all = $('[data-all]', form), picked = $('[data-picked]', form), bar = $('.actions', form);
  const offer = $('[data-everyone]', form), everyone = offer && $('input', offer);
  const action = actions(form);
  const boxes = () => $$('#rows input[name=worker]:enabled', form);
  const chosen = () => boxes().filter((box) => box.checked);
  const elsewhere = () => $$('#elsewhere input', form);           // selected on other pages
  const rowOf = (node) => node.closest?.('#rows tr');
  const boxOf = (row) => row && $('input[name=worker]:enabled', row);
  let anchor = null, cut = false;

  // Whom an action is for: all that the filters find, however many, or these ids.
  function selected() {
    if (everyone?.checked) return { all: everyone.value, count: Number(offer.dataset.everyone) };
    const ids = [...elsewhere(), ...chosen()].map((box) => box.value);
    return { ids, count: ids.length };
  }

  function show() {
    const every = boxes(), marked = chosen(), { count } = selected();
    const whole = marked.length > 0 && marked.length === every.length;
    if (everyone?.checked && !whole) { everyone.checked = false; show(); return; }
    offer?.classList.toggle('offered', whole && Number(offer.dataset.everyone) > every.length);
    bar.classList.toggle('on', count > 0);
    const kept = !everyone?.checked && count > MOST ? `, of which ${MOST} go along to other pages` : '';
    picked.textContent = cut ? 'Needs a connection' : count ? `${count.toLocaleString('en')} selected${kept}` : 'None selected';
    all.checked = whole;
    all.indeterminate = marked.length > 0 && !whole;
    const known = everyone?.checked ? [] : marked.map((box) => box.closest('tr'));   // of the others the plan tells
    const away = known.filter((row) => $('.status.offline', row));
    const fixed = known.filter((row) => row.dataset.restartable === 'no' && !away.includes(row)).length;
    const spared = [...known, ...(everyone?.checked ? [] : elsewhere())].filter((one) => 'spared' in one.dataset).length;
    action.show({ count, fixed, away: away.length, spared, cut });
    remember([...elsewhere(), ...marked]);
  }

  function remember(marked) {
    const ids = marked.slice(0, MOST).map((box) => box.value.slice(0, SHORT)).join(',');
    if ((new URLSearchParams(location.search).get('pick') ?? '') === ids) return;
    const url = new URL(location.href);
    pick(url, ids);
    history.replaceState(history.state, '', url);
  }

  // Writes into an address or a link what is selected.
  function pick(to, ids) {
    const query = new URLSearchParams(to.search);
    query.delete('pick');
    to.search = [query.toString(), ids && `pick=${ids}`].filter(Boolean).join('&');
  }

  function changed() {
    show();
    announce(picked.textContent);
  }

  function clear() {
    boxes().forEach((box) => { box.checked = false; });
    $('#elsewhere', form)?.replaceChildren();
    changed();
  }

  // From the last box touched to this one.
  function stretch(box, checked) {
    const every = boxes(), at = every.indexOf(box), from = every.indexOf(anchor);
    for (let i = Math.min(at, from); from >= 0 && i <= Math.max(at, from); i++) every[i].checked = checked;
  }

  // A click on a row is for what it is on; with Ctrl or Shift it is for the selection.
  on(form, 'click', (event) => {
    const box = boxOf(rowOf(event.target));
    const direct = event.target === box, label = event.target.closest('label, a, button');
    if (!box || (!direct && (label || !(event.ctrlKey || event.metaKey || event.shiftKey)))) return;
    if (!direct) { box.checked = event.shiftKey || !box.checked; box.focus(); }
    if (event.shiftKey) stretch(box, box.checked);
    anchor = box;
    changed();
  });
  on(form, 'mousedown', (event) => { if (event.shiftKey && rowOf(event.target)) event.preventDefault(); });   // marks no text
  on(form, 'change', (event) => {
    if (event.target === all) boxes().forEach((box) => { box.checked = all.checked; });
    if (event.target === all || event.target === everyone) changed();
    else show();
  });
  // What is selected goes along to another page, and into another order.
  on(form, 'click', (event) => {
    const link = event.target.closest('th a, .foot a.button');
    if (link) pick(link, new URLSearchParams(location.search).get('pick'));
    if (!event.target.closest('[data-none]')) return;
    event.preventDefault();
    clear();
    boxes()[0]?.focus();
  });
  on(window, 'pageshow', show);
  all.hidden = false;
  show();

  // -- by keyboard

  function move(by, event) {
    const every = boxes(), at = every.indexOf(document.activeElement);
    const next = every[Math.max(0, Math.min(every.length - 1, at + by))];
    if (!next) return;
    if (event?.shiftKey && at >= 0) {
      if (!every.includes(anchor)) anchor = every[at];
      every[at].checked = next.checked = true;
      changed();
    } else anchor = next;
    next.focus();
  }

  return {
    boxes,
    show,
    selected,
    move,
    toggle: () => { const box = boxOf(rowOf(document.activeElement)); if (box) box.click(); },
    enter: () => rowOf(document.activeElement)?.querySelector('.name').click(),
    focus: () => boxes()[0]?.focus(),
    inRow: () => Boolean(rowOf(document.activeElement)),
    page: () => { boxes().forEach((box) => { box.checked = true; }); changed(); },
    engaged: () => selected().count > 0 || form.matches(':focus-within') || form.matches(':hover'),
    clear,
    connected: (yes) => { cut = !yes; show(); },
  };
}

// The menu and what it allows, in the list and on a worker's own page. Who may only look has none.
function actions(form) {
  const choice = $('[data-action]', form), apply = $('[data-apply]', form), limits = $('[data-limits]', form);
  if (!choice) return { show: () => {} };
  let last = { count: 0, fixed: 0, away: 0, spared: 0, cut: false };
  function show(now) {
    last = now;
    const { count, fixed, away = 0, spared = 0, cut } = now;
    const restarts = 'restarts' in (choice.selectedOptions[0]?.dataset ?? {});
    const able = restarts ? fixed + away < count : true;
    choice.disabled = cut;
    apply.disabled = cut || !count || !choice.value || !able || spared === count;
    if (!limits) return;
    const words = [
      spared && `${spared} of ${count} ${spared === 1 ? 'is' : 'are'} not yours to change`,
      restarts && fixed && `${fixed} of ${count} cannot restart`,
      restarts && away && `${away} offline: to be started by an agent, or there`,
    ].filter(Boolean);
    limits.hidden = !words.length;
    limits.lastElementChild.textContent = restarts && fixed === 1 && count === 1 ? 'It cannot restart' : words.join('; ');
  }
  on(choice, 'change', () => show(last));
  on(form, 'submit', () => setTimeout(() => { apply.disabled = true; }));     // one click, one request
  return { show };
}

// One worker's page: only an action has to be chosen.
export function single(form) {
  const action = actions(form);
  const show = (cut = false) => action.show({ count: 1, fixed: form.dataset.restartable === 'no' ? 1 : 0, cut });
  on(window, 'pageshow', () => show());
  show();
  return { boxes: () => [], show: () => show(), engaged: () => false, clear: () => {}, connected: (yes) => show(!yes) };
}
