// Comfort for pages that already work without it: nothing here is needed to read one or to send a form.

import { $, $$, announce, on } from './dom.js';
import { keys } from './keys.js';
import { live } from './live.js';
import { plans } from './plan.js';
import { log } from './log.js';
import { preview } from './preview.js';
import { selection, single } from './selection.js';
import { guard, place } from './steady.js';

function theme() {
  const root = document.documentElement, button = $('[data-theme-switch]');
  button.hidden = false;
  on(button, 'click', () => {
    const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
  });
}

// Filters apply as they change; the address is the view.
function filters(form) {
  for (const button of $$('[data-nojs]', form)) button.hidden = true;   // for browsers that do not know the media feature
  on(form, 'change', () => form.requestSubmit());
  on(form, 'formdata', ({ formData }) => {          // what does not filter does not stand in the address
    for (const name of new Set(formData.keys())) if (formData.getAll(name).every((value) => !value)) formData.delete(name);
  });
}

function copying() {
  for (const button of navigator.clipboard ? $$('[data-copy]') : []) {
    button.hidden = false;
    on(button, 'click', async () => {
      const file = button.dataset.copy;              // a file's lines, each with its end; or one command
      const lines = $$('code', file ? $(file) : button.parentNode).map((code) => code.textContent);
      await navigator.clipboard.writeText(file ? lines.map((line) => `${line}\n`).join('') : lines[0].trim());
      $('use', button).setAttribute('href', '#i-check');
      announce('Copied');
      setTimeout(() => $('use', button).setAttribute('href', '#i-copy'), 2000);
    });
  }
}

theme();
copying();
const bulk = $('[data-selection]'), one = $('[data-single]'), search = $('[data-filters]');
const list = bulk ? selection(bulk) : one ? single(one) : null;
if (search) filters(search);
keys(list);
place();
plans();
guard();
live(list);
log();
preview();
