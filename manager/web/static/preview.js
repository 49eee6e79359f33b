// Shows what a form would bring, as the server says it, while it is filled in. Nothing is saved.

import { $, on } from './dom.js';
import { replaceInside } from './patch.js';

export function preview() {
  const form = $('[data-preview]'), region = $('#preview');
  if (!form) return;
  let asked = 0;
  on(form, 'change', async () => {
    const mine = ++asked, body = new FormData(form);
    body.set('step', 'preview');
    const reply = await fetch(form.action, { method: 'POST', body: new URLSearchParams(body) }).catch(() => null);
    if (!reply || mine !== asked) return;
    const next = new DOMParser().parseFromString(await reply.text(), 'text/html').getElementById('preview');
    if (next) replaceInside(region, next);
  });
}
