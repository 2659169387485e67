// Everything that every page needs.
import htmx from 'htmx.org';
import './look.js';
import './session.js';
import './snack.js';
import './palette.js';
import './keys.js';
import './lazy.js';
import './inbox.js';
import './news.js';
import './steps.js';
import './monitor.js';

window.htmx = htmx;
// the pages' policy allows no inline style and no eval; 409 and 422 bring a fragment to show
Object.assign(htmx.config, {
  includeIndicatorStyles: false,
  allowEval: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
  responseHandling: [
    { code: '204', swap: false },
    { code: '[23]..', swap: true },
    { code: '409|422', swap: true },
    { code: '...', swap: false, error: true },
  ],
});

// of many tabs on a narrow screen the one that is open can be seen
for (const tab of document.querySelectorAll('.tabs > [aria-current]')) {
  tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - 24;
}

// <button data-open="palette"> opens that dialog
document.addEventListener('click', (event) => {
  const opener = event.target.closest('[data-open]');
  if (opener) {
    document.querySelector('[popover]:popover-open')?.hidePopover();
    document.getElementById(opener.dataset.open)?.showModal();
  }
  if (event.target.closest('[data-back]')) history.back();
  event.target.closest('[data-close]')?.closest('dialog').close();
  const toggle = event.target.closest('[data-toggle]');
  if (toggle) {
    const part = document.getElementById(toggle.dataset.toggle);
    part.hidden = !part.hidden;
    toggle.setAttribute('aria-expanded', String(!part.hidden));
    if (!part.hidden) part.querySelector('input:not([type="hidden"])')?.focus();
  }
  // a click beside a dialog closes it
  if (event.target instanceof HTMLDialogElement && event.target.open) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right
      && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
});
// a form is sent once: a second click while it is on its way does nothing
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === 'dialog' || form.target) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = '1';
  setTimeout(() => delete form.dataset.sent, 4000);
});
window.addEventListener('pageshow', () => {
  document.querySelectorAll('form[data-sent]').forEach((form) => delete form.dataset.sent);
});
