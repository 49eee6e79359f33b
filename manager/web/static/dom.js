// The few helpers that the other modules share.

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
export const on = (node, type, act) => node?.addEventListener(type, act);
export const announce = (text) => { $('[data-announce]').textContent = text; };
