// The board of opportunities: a card that is dropped, or moved with the arrow keys, presses the verb
// of its task; the server says whether it went, why not, or that the form is needed.
const board = () => document.getElementById('board');
const words = () => JSON.parse(board().dataset.words);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
let dragged = null;
let busy = false;

// #snacks is a live region: the sentence is seen and read out
function tell(text, { tone = '', url = '' } = {}) {
  const line = document.createElement('div');
  line.className = `snack ${tone}`;
  const say = document.createElement('div');
  say.className = 'grow';
  say.textContent = text;
  line.append(say);
  if (url) {
    const go = document.createElement('a');
    go.className = 'btn sm';
    go.href = url;
    go.textContent = words().open;
    line.append(go);
  }
  document.getElementById('snacks').replaceChildren(line);
  setTimeout(() => line.remove(), 10000);
}

async function draw(number, focus) {
  const answer = await fetch(board().dataset.columns, { headers: { Accept: 'text/html' } });
  if (!answer.ok || answer.redirected) { location.reload(); return; }
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const columns = fresh.getElementById('board');
  if (!columns) { location.reload(); return; }
  board().replaceWith(document.adoptNode(columns));
  if (!focus) return;
  const card = find(number);
  (card?.querySelector('[data-grip]') ?? card?.querySelector('a'))?.focus();
}

const find = (number) => board().querySelector(`[data-card="${CSS.escape(number)}"]`);

async function press(card, form, name) {
  const number = card.dataset.card;
  busy = true;
  card.setAttribute('aria-busy', 'true');
  try {
    const answer = await fetch(form.action, {
      method: 'POST', body: new FormData(form), headers: { Accept: 'application/json' }, redirect: 'manual',
    });
    if (answer.type === 'opaqueredirect' || answer.status === 401) { location.reload(); return; }
    const told = await answer.json().catch(() => ({}));
    const stays = fill(words().stays, { name: card.dataset.name });
    if (told.result === 'form') { location.assign(told.url); return; }
    await draw(number, true);
    if (told.result === 'done') tell(fill(words().moved, { name: card.dataset.name, stage: name }), { tone: 'done' });
    else tell(stays + (told.text || told.message || words().failed), { tone: 'over', url: told.url });
  } catch {
    card.removeAttribute('aria-busy');
    tell(words().failed, { tone: 'over' });
  } finally {
    busy = false;
  }
}

function move(card, column) {
  const from = card.closest('.column');
  if (busy || !column || column === from) return;
  const stays = fill(words().stays, { name: card.dataset.name });
  if (card.dataset.why) { tell(stays + card.dataset.why, { tone: 'due' }); return; }
  const form = card.querySelector(`form[data-to="${CSS.escape(column.dataset.stage)}"]`);
  if (form) { press(card, form, column.dataset.name); return; }
  const next = board().querySelector(`[data-place="${Number(from.dataset.place) + 1}"]`);
  tell(stays + fill(words().one, { stage: next?.dataset.name ?? '' }), { tone: 'due' });
}

function step(card, by) {
  const place = Number(card.closest('.column').dataset.place) + by;
  const column = board().querySelector(`[data-place="${place}"]`);
  if (column) move(card, column);
  else tell(by < 0 ? words().first : words().last, { tone: 'due' });
}

document.addEventListener('dragstart', (event) => {
  dragged = event.target.closest?.('[data-card]') ?? null;
  if (!dragged) return;
  event.dataTransfer.effectAllowed = 'move';
  event.dataTransfer.setData('text/plain', dragged.dataset.card);
  dragged.classList.add('drags');
});
document.addEventListener('dragend', () => {
  dragged?.classList.remove('drags');
  dragged = null;
  for (const column of document.querySelectorAll('.column.over')) column.classList.remove('over');
});
document.addEventListener('dragover', (event) => {
  const column = dragged && event.target.closest?.('.column');
  for (const other of document.querySelectorAll('.column.over')) if (other !== column) other.classList.remove('over');
  if (!column) return;
  event.preventDefault();
  column.classList.add('over');
});
document.addEventListener('drop', (event) => {
  const column = dragged && event.target.closest?.('.column');
  if (!column) return;
  event.preventDefault();
  move(dragged, column);
});
document.addEventListener('keydown', (event) => {
  const grip = event.target.closest?.('[data-grip]');
  if (!grip || event.altKey || event.ctrlKey || event.metaKey) return;
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by) return;
  event.preventDefault();
  step(grip.closest('[data-card]'), by);
});
document.addEventListener('submit', (event) => {
  const form = event.target.closest?.('#board form[data-to]');
  if (!form) return;
  event.preventDefault();
  move(form.closest('[data-card]'), board().querySelector(`[data-stage="${CSS.escape(form.dataset.to)}"]`));
});
// an open menu closes with Escape and when another one opens
document.addEventListener('toggle', (event) => {
  if (!event.target.open || !event.target.closest?.('#board')) return;
  for (const other of board().querySelectorAll('details[open]')) if (other !== event.target) other.open = false;
}, true);
document.addEventListener('keydown', (event) => {
  const open = event.key === 'Escape' && event.target.closest?.('#board details[open]');
  if (!open) return;
  open.open = false;
  open.querySelector('summary').focus();
  event.stopPropagation();
}, true);
