// The queue: J and K move, the preview follows after a moment, X chooses for acting together.
import { own } from './keys.js';

const REST = 120; // milliseconds on a task before its preview is fetched
let timer = 0;

const queue = () => document.getElementById('queue');
const tasks = () => [...(queue()?.querySelectorAll('li.task') ?? [])];
const current = () => queue()?.querySelector('li.task.on');
const pane = () => {
  const found = document.getElementById('peekpane');
  return found && found.getClientRects().length ? found : null;
};

function stand(on, row, { wait = REST } = {}) {
  if (!row) return;
  on?.classList.remove('on');
  on?.removeAttribute('aria-current');
  row.classList.add('on');
  row.setAttribute('aria-current', 'true');
  row.scrollIntoView({ block: 'nearest' });
  clearTimeout(timer);
  if (pane() && row.dataset.peek) {
    timer = setTimeout(() => window.htmx.ajax('GET', row.dataset.peek, { target: '#peekpane', swap: 'innerHTML' }), wait);
  }
}

function move(step) {
  const all = tasks();
  if (!all.length) return false;
  const at = all.indexOf(current());
  const next = all[Math.max(0, Math.min(all.length - 1, at + step))];
  stand(current(), next);
  if (!pane()) next.querySelector('.nm a')?.focus();
  return true;
}

function choose(row, { range = false } = {}) {
  const box = row?.querySelector('input[type="checkbox"]');
  if (!box) return false;
  if (range) {
    const all = tasks();
    const to = all.indexOf(row);
    const from = all.findLastIndex((other, index) => index < to && other.querySelector('input:checked'));
    for (const other of all.slice(Math.max(0, from), to + 1)) tick(other, true);
  } else {
    box.checked = !box.checked;
  }
  showBulk();
  return true;
}

function tick(row, checked) {
  const box = row.querySelector('input[type="checkbox"]');
  if (box) box.checked = checked;
}

const chosen = () => tasks().filter((row) => row.querySelector('input[type="checkbox"]:checked'));

function showBulk() {
  const bar = document.getElementById('bulk');
  if (!bar) return;
  const rows = chosen();
  bar.hidden = rows.length === 0;
  bar.querySelector('[data-count]').textContent = bar.dataset.text.replace('{n}', rows.length);
  if (rows.length < 2 || !pane()) return;
  const chosenTasks = new URLSearchParams(new FormData(bar).getAll('task').map((id) => ['task', id]));
  clearTimeout(timer);
  timer = setTimeout(() => window.htmx.ajax('GET', `${bar.dataset.review}?${chosenTasks}`, { target: '#peekpane', swap: 'innerHTML' }), REST);
}

own.set('j', () => move(1));
own.set('k', () => move(-1));
own.set('x', () => choose(current()));
own.set('X', () => choose(current(), { range: true }));
own.set('e', () => {
  const link = current()?.querySelector('.nm a');
  if (link) location.assign(link.href);
  return Boolean(link);
});
own.set('Escape', () => {
  const rows = chosen();
  for (const row of rows) tick(row, false);
  showBulk();
  return rows.length > 0;
});

document.addEventListener('click', (event) => {
  const link = event.target.closest('#queue .nm a');
  const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  const row = link?.closest('li.task');
  if (row && plain && pane() && !row.classList.contains('on')) {
    event.preventDefault();
    stand(current(), row, { wait: 0 });
  }
  if (event.target.closest('[data-unchoose]')) own.get('Escape')();
});
document.addEventListener('change', (event) => {
  if (event.target.closest('#queue')) showBulk();
});

// filters that are chosen rather than clicked take effect at once
document.addEventListener('change', (event) => {
  const form = event.target.closest('form[data-narrow]');
  if (form) form.requestSubmit();
});

function begin() {
  showBulk();
  if (pane() && !current()) stand(null, tasks()[0], { wait: 0 });
}
if (queue()) begin();
document.addEventListener('htmx:afterSettle', (event) => {
  if (event.detail.target?.id === 'queue' && queue()) begin();
});

// when the list comes anew, what was chosen and the place in it are kept
let stood = null;
let kept = new Set();
document.addEventListener('htmx:oobBeforeSwap', (event) => {
  if (event.detail.target?.id !== 'queue') return;
  kept = new Set(chosen().map((row) => row.dataset.peek));
  stood = current()?.dataset.peek ?? null;
});
document.addEventListener('htmx:oobAfterSwap', (event) => {
  if (event.detail.target?.id !== 'queue' && event.target?.id !== 'queue') return;
  for (const row of tasks()) tick(row, kept.has(row.dataset.peek));
  showBulk();
  const same = tasks().find((row) => row.dataset.peek === stood);
  if (same) {
    same.classList.add('on');
    same.setAttribute('aria-current', 'true');
  } else if (pane()) {
    stand(null, tasks()[0], { wait: 0 });
  }
});
