// Comfort for the pages before one is signed in: look at what was typed.

for (const button of document.querySelectorAll('[data-reveal]')) {
  const field = button.parentNode.querySelector('input');
  button.hidden = false;
  button.addEventListener('click', () => {
    const shown = field.type === 'text';
    field.type = shown ? 'password' : 'text';
    button.setAttribute('aria-pressed', String(!shown));
  });
  button.form.addEventListener('submit', () => { field.type = 'password'; });   // so that browsers offer to keep it
}
