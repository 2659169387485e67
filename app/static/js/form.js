// A task's form: what is typed is kept as a draft, what depends on it is drawn anew by the server.
import { refresh } from './form/refresh.js';
import { startLines } from './form/lines.js';
import { startNumbers } from './form/numbers.js';
import { startPickers } from './form/picker.js';
import { startUploads } from './form/upload.js';
import { keep, kept, note } from './form/keep.js';

const PAUSE = 800;
const form = document.getElementById('task-form');
const words = JSON.parse(form?.dataset.words || '{}');
let timer = 0;
let busy = false;
let edits = 0; // counts what the person does
let saved = 0; // `edits` of the last draft that arrived
let stopped = false; // handed in, or the task is no longer ours

function pairs() {
  const all = [...new FormData(form)].filter(([, value]) => typeof value === 'string');
  return all.filter(([name]) => name !== 'csrf_token' && name !== 'outcome');
}

function body(list) {
  const data = new FormData();
  data.set('csrf_token', form.elements.csrf_token.value);
  for (const [name, value] of list) data.append(name, value);
  return data;
}

function mark(text) {
  const place = form.querySelector('[data-saved]');
  if (place) place.textContent = text;
}

// the session is over: a redirect to the login page, 401, or a token of an older session
async function isExpired(answer) {
  if (answer.type === 'opaqueredirect' || answer.status === 401) return true;
  if (answer.status !== 400) return false;
  const told = await answer.clone().json().catch(() => ({}));
  return told.error === 'CSRF';
}

function expired() {
  keep(form, pairs());
  // a page that came back from handing in has an address that only takes posts
  const next = encodeURIComponent(location.pathname.replace(/\/complete$/, '') + location.search);
  note(form, words.expired, { tone: 'due', link: `/login?next=${next}`, label: words.login });
}

async function send(url, data) {
  const answer = await fetch(url, {
    method: 'POST', body: data, redirect: 'manual', headers: { Accept: 'application/json' },
  });
  if (await isExpired(answer)) {
    expired();
    return null;
  }
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  const error = new Error(told.message || words.failed);
  error.status = answer.status;
  throw error;
}

async function save() {
  clearTimeout(timer);
  if (busy || stopped) return;
  busy = true;
  const now = edits;
  mark(words.saving);
  try {
    const told = await send(form.dataset.draft, body(pairs()));
    if (!told) { mark(words.unsaved); return; }
    note(form, '');
    saved = now;
    refresh(form, told.html, edits === now);
  } catch (error) {
    mark(words.unsaved);
    if (error.status) {
      // somebody else has it, or has done it: nothing more to save, everything typed stays here
      stopped = error.status === 403 || error.status === 404 || error.status === 409;
      note(form, error.message, { tone: 'due', copy: words.copy, pairs: pairs() });
    } else {
      keep(form, pairs());
      note(form, words.offline, { tone: 'due' });
    }
  } finally {
    busy = false;
    if (edits !== now && !stopped) changed();
  }
}

function changed(pause = PAUSE) {
  edits += 1;
  clearTimeout(timer);
  timer = setTimeout(save, pause);
}

function cleared(event) {
  const control = event.target;
  if (control.getAttribute?.('aria-invalid') !== 'true') return;
  control.removeAttribute('aria-invalid');
  control.classList.remove('bad');
}

// typed before the session ended: becomes the draft, then the page is drawn from it
async function restore() {
  const old = kept(form);
  if (old.said) note(form, words.restored, { tone: 'done' });
  if (!old.pairs) return;
  if (form.querySelector('[data-problems]')) return; // the server has just drawn all of it
  if (!form.dataset.draft) {
    note(form, words.expired ? words.failed : '', { tone: 'due', copy: words.copy, pairs: old.pairs });
    return;
  }
  const told = await send(form.dataset.draft, body(old.pairs)).catch(() => null);
  if (told) {
    keep(form, null, true);
    location.reload();
  }
}

// Enter must not press the first verb by accident
function enter(event) {
  const { target } = event;
  if (event.key !== 'Enter' || event.isComposing || event.defaultPrevented) return;
  if (event.ctrlKey || event.metaKey || !target.matches('input, select')) return;
  event.preventDefault();
  const all = [...form.querySelectorAll('input:not([type=hidden]), select, textarea')]
    .filter((control) => control.getClientRects().length > 0 && !control.disabled);
  const next = all[all.indexOf(target) + 1];
  next?.focus();
  if (next?.select && next.type !== 'checkbox' && next.type !== 'radio') next.select();
}

if (form) {
  form.querySelector('#problems')?.focus();
  restore();
}
if (form?.dataset.draft) {
  form.addEventListener('input', (event) => {
    if (event.target.type === 'file' || event.target.getAttribute('role') === 'combobox') return;
    cleared(event);
    changed();
  });
  form.addEventListener('change', (event) => {
    if (event.target.matches('select, [type=checkbox], [type=radio]')) changed(120);
  });
  form.addEventListener('form:changed', () => changed(60));
  startLines(form);
  startNumbers(form);
  startPickers(form, words);
  startUploads(form, words, send);
  form.addEventListener('keydown', enter);
  form.addEventListener('submit', (event) => {
    if (event.defaultPrevented) return;
    clearTimeout(timer);
    stopped = true;
    keep(form, pairs()); // the login page may come instead of an answer
  });
  window.addEventListener('pageshow', (event) => { if (event.persisted) stopped = false; });
  window.addEventListener('pagehide', () => {
    if (edits !== saved && !stopped) navigator.sendBeacon(form.dataset.draft, body(pairs()));
  });
}
