// The bar of actions, and the plan as a dialog. Both are forms that work without this.

import { $, $$, on, unsent } from './dom.js';
import { parse } from './patch.js';
import { forget } from './steady.js';

const LAZY = /-lazy$/;

// What does not go with the chosen action is off, and says why.
function terms(form) {
  const choice = $('[data-action]', form), deadline = $('[data-deadline]', form), until = $('[data-until]', form);
  const reason = $('[data-reason]', form);
  if (!choice || !deadline) return;
  function show() {
    const key = choice.value, name = key.replace(LAZY, '');
    deadline.disabled = Boolean(key) && !LAZY.test(key);
    deadline.title = deadline.disabled ? 'Only what waits for a task can have a deadline' : '';
    until.disabled = Boolean(key) && name !== 'asleep';
    until.title = until.disabled ? 'Only sleep can end by itself' : '';
    const needed = (reason.dataset.needed ?? '').split(' ');
    reason.required = Boolean(name) && needed.includes({ asleep: 'sleep', awake: 'wake' }[name] ?? name);
  }
  on(choice, 'change', show);
  on(window, 'pageshow', show);
  show();
}

// Sends a form, and goes where the manager says; the page of a plan is shown as a dialog instead.
async function send(form, submitter) {
  const data = new FormData(form, submitter);
  const reply = await fetch(submitter?.getAttribute('formaction') ?? form.getAttribute('action'), {
    method: 'POST', body: new URLSearchParams(data), headers: { Accept: 'application/json' },
  }).catch(() => null);
  if (!reply) return again(form);
  const isJson = reply.headers.get('Content-Type')?.startsWith('application/json');
  if (!reply.ok || !isJson) return isJson ? false : refused(await reply.text());
  const { to } = await reply.json();
  if (!to.startsWith('/workers/plan/')) { location.assign(to); return true; }
  const page = await fetch(to, { headers: { Accept: 'text/html' } }).catch(() => null);
  if (!page) return again(form);
  if (page.ok && !page.redirected) ask(await page.text(), form, submitter);
  else location.assign(to);                          // what is wrong with it, or where to sign in
  return true;
}

// Nothing was asked of anybody, and the form can be sent again.
function again(form) {
  unsent();
  form.dispatchEvent(new Event('change'));
  return true;
}

// The plan again, with what has to be mended in it; any other page is shown as it would be without a script.
function refused(html) {
  if (!parse(html).querySelector('#plan form')) return false;
  ask(html);
  return true;
}

// Closing it gives the focus back to what opened it, which may be off until then.
function ask(html, opener, button) {
  const form = new DOMParser().parseFromString(html, 'text/html').querySelector('#plan form');
  const open = $('dialog.ask');
  const dialog = open ?? document.body.appendChild(document.createElement('dialog'));
  dialog.className = 'ask';
  dialog.setAttribute('aria-labelledby', 'plan-title');
  dialog.replaceChildren(document.importNode(form, true));
  if (!open) {
    on(dialog, 'close', () => {
      forget();
      dialog.remove();
      opener.dispatchEvent(new Event('change'));
      (button?.isConnected ? button : $('[data-action]', opener))?.focus();
    });
    on(dialog, 'click', (event) => {
      if (event.target !== dialog && !event.target.closest('[data-close]')) return;
      event.preventDefault();
      dialog.close();
    });
    dialog.showModal();
  }
  typed(dialog);
  ($('[data-default]', dialog) ?? dialog).focus({ preventScroll: true });     // a long plan is read from its head
}

// The danger is off until the number is typed, in the page as well as in the dialog.
export function typed(root) {
  const field = $('[data-typed]', root), button = field && $('.danger[value=apply]', root);
  if (!button) return;
  const show = () => { button.disabled = field.value.trim() !== field.dataset.typed; };
  on(field, 'input', show);
  show();
}

export function plans() {
  $$('[data-selection], [data-single]').forEach(terms);
  typed(document);
  on(document, 'submit', async (event) => {
    const form = event.target, hurry = event.submitter?.matches('[data-hurry]');
    if (!hurry && event.submitter?.hasAttribute('formaction')) return;
    if (event.defaultPrevented || !(hurry || form.matches('[data-selection], [data-single], dialog [data-plan]'))) return;
    event.preventDefault();
    if (!await send(form, event.submitter)) HTMLFormElement.prototype.submit.call(named(form, event.submitter));
  });
}

// A form that is submitted by a script forgets which button was pressed.
function named(form, submitter) {
  if (submitter?.name) {
    const field = document.createElement('input');
    Object.assign(field, { type: 'hidden', name: submitter.name, value: submitter.value });
    form.append(field);
  }
  return form;
}
