// What went wrong between browser and server, said once and kindly; nothing typed is lost.
import { snack, word } from './snack.js';

function logInAgain() {
  const dialog = document.getElementById('again');
  if (!dialog || dialog.open) return;
  const go = document.getElementById('again-go');
  const here = location.pathname + location.search;
  go.href = `${go.getAttribute('href').split('?')[0]}?next=${encodeURIComponent(here)}`;
  dialog.showModal();
}

document.addEventListener('htmx:beforeSwap', (event) => {
  const { xhr } = event.detail;
  // the login page must never be swapped into a part of another page
  const toLogin = xhr.responseURL && new URL(xhr.responseURL).pathname === '/login';
  if (xhr.status === 401 || toLogin) {
    event.detail.shouldSwap = false;
    logInAgain();
  }
});
document.addEventListener('htmx:responseError', (event) => {
  const { xhr } = event.detail;
  if (xhr.status === 401) return;
  const told = xhr.responseText && xhr.status < 500
    ? new DOMParser().parseFromString(xhr.responseText, 'text/html').querySelector('.note .grow')?.textContent
    : '';
  snack((told || word('failed')).trim(), { tone: 'over' });
});
document.addEventListener('htmx:sendError', () => snack(word('offline'), { tone: 'over' }));
