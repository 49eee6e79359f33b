// The list's selection, and which actions it allows.

import { $, $$, announce, on } from './dom.js';

export function selection(form) {
  const all = $('[data-all]', form), choice = $('[data-action]', form), apply = $('[data-apply]', form);
  const picked = $('[data-picked]', form), limits = $('[data-limits]', form);
  const boxes = () => $$('input[name=worker]:enabled', form);
  let anchor = null, cut = false;

  function show() {
    const every = boxes(), chosen = every.filter((box) => box.checked), n = chosen.length;
    const fixed = chosen.filter((box) => box.closest('tr').dataset.restartable === 'no').length;
    const restarts = 'restarts' in (choice.selectedOptions[0]?.dataset ?? {});
    form.querySelector('.actions').classList.toggle('on', n > 0);
    picked.textContent = cut ? 'Needs a connection' : n ? `${n} selected` : 'None selected';
    all.checked = n > 0 && n === every.length;
    all.indeterminate = n > 0 && n < every.length;
    apply.disabled = cut || !n || !choice.value || (restarts && fixed === n);
    limits.hidden = !restarts || !fixed;
    limits.lastElementChild.textContent = fixed === 1 && n === 1 ? 'It cannot restart' : `${fixed} of ${n} cannot restart`;
  }

  on(form, 'click', (event) => {                     // Shift extends from the last box touched
    const every = boxes(), at = every.indexOf(event.target), from = every.indexOf(anchor);
    if (at < 0) return;
    if (event.shiftKey && from >= 0) {
      for (let i = Math.min(at, from); i <= Math.max(at, from); i++) every[i].checked = event.target.checked;
    }
    anchor = event.target;
  });
  on(form, 'change', (event) => {
    if (event.target === all) boxes().forEach((box) => { box.checked = all.checked; });
    show();
    if (event.target === all || event.target.name === 'worker') announce(picked.textContent);
  });
  on(form, 'submit', () => setTimeout(() => { apply.disabled = true; }));     // one click, one request
  on(window, 'pageshow', show);
  all.hidden = false;
  show();
  return {
    boxes,
    show,
    engaged: () => boxes().some((box) => box.checked) || form.matches(':focus-within') || form.matches(':hover'),
    clear: () => { boxes().forEach((box) => { box.checked = false; }); show(); },
    connected: (yes) => { cut = !yes; choice.disabled = cut; show(); },
  };
}

// One worker's page: only an action has to be chosen.
export function single(form) {
  const choice = $('[data-action]', form), apply = $('[data-apply]', form);
  let cut = false;
  const show = () => {
    const restarts = 'restarts' in choice.selectedOptions[0].dataset;
    apply.disabled = cut || !choice.value || (restarts && form.dataset.restartable === 'no');
  };
  on(form, 'change', show);
  on(form, 'submit', () => setTimeout(() => { apply.disabled = true; }));     // one click, one request
  on(window, 'pageshow', show);
  show();
  return {
    boxes: () => [],
    show,
    engaged: () => false,
    clear: () => {},
    connected: (yes) => { cut = !yes; choice.disabled = cut; show(); },
  };
}
