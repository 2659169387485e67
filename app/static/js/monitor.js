// The monitor: values are edited in place, lines are ticked, the drawing shows heat, filters the
// list, or picks where a token goes.
const CONTROL = {
  boolean: (box) => choices([['true', box.dataset.yes], ['false', box.dataset.no]]),
  text: () => Object.assign(document.createElement('textarea'), { rows: 1, className: 'form-control' }),
  json: () => Object.assign(document.createElement('textarea'), { rows: 4, className: 'form-control mono' }),
  date: () => line('date'),
  moment: () => Object.assign(line('datetime-local'), { step: '1' }),
  number: () => Object.assign(line('text'), { inputMode: 'decimal', className: 'form-control num' }),
  money: () => Object.assign(line('text'), { inputMode: 'decimal', className: 'form-control num' }),
  nothing: () => line('hidden'),
};

function line(type) {
  return Object.assign(document.createElement('input'), { type, className: 'form-control' });
}

function choices(pairs) {
  const select = Object.assign(document.createElement('select'), { className: 'form-select' });
  for (const [value, text] of pairs) select.append(new Option(text, value));
  return select;
}

// another kind of value wants another control; what was typed stays where it can
document.addEventListener('change', ({ target }) => {
  if (!target.matches('[data-kind]')) return;
  const place = target.parentElement.querySelector('[data-control]');
  const old = place.querySelector('input, select, textarea');
  const made = CONTROL[target.value](document.querySelector('.vars') ?? target);
  for (const name of ['name', 'form', 'aria-label']) made.setAttribute(name, old.getAttribute(name));
  if (target.value !== 'nothing' && made.tagName !== 'SELECT') made.value = old.value;
  place.replaceChildren(made);
});

document.addEventListener('click', ({ target }) => {
  const button = target.closest('[data-edit]');
  if (!button) return;
  const part = document.getElementById(button.dataset.edit);
  part.hidden = !part.hidden;
  part.disabled = part.hidden; // what is not open is not sent
  button.setAttribute('aria-expanded', String(!part.hidden));
  if (!part.hidden) part.querySelector('[data-control] > *')?.focus();
});

// ticked lines
document.addEventListener('change', ({ target }) => {
  const form = target.closest('[data-bulk]');
  if (!form) return;
  const lines = [...form.querySelectorAll('input[name="id"]')];
  if (target.matches('[data-all]')) for (const box of lines) box.checked = target.checked;
  if (!target.matches('[data-all], input[name="id"]')) return;
  form.querySelector('[data-ticked]').textContent = lines.filter((box) => box.checked).length;
  const ticked = form.querySelector('input[name="which"][value="ticked"]');
  if (ticked) ticked.checked = true;
});

// drawings
async function warm(box) {
  const place = box.closest('[data-heat]');
  if (!place) return;
  const answer = await fetch(place.dataset.heat, { headers: { Accept: 'application/json' } });
  if (!answer.ok) return;
  const { marks, notes, label } = await answer.json();
  for (const [id, name] of place.warmed ?? []) box.unmark(id, name);
  place.warmed = marks;
  box.show(marks, notes);
  if (label) box.setAttribute('aria-label', `${place.dataset.label ??= box.getAttribute('aria-label')}：${label}`);
}

document.addEventListener('flow:drawn', ({ target }) => {
  if (!target.closest('[data-heat]')) return;
  warm(target);
  setInterval(() => document.hidden || warm(target), 30_000);
});

function pick(place, id) {
  const select = document.getElementById(place.dataset.pick);
  const said = document.querySelector('[data-picked]');
  const option = select && [...select.options].find(({ value }) => value === id);
  if (!option) {
    const why = document.querySelector(`[data-refused="${CSS.escape(id)}"]`);
    said.textContent = why ? `${why.firstChild.textContent}：${why.lastChild.textContent}` : said.dataset.none;
    return;
  }
  select.value = id;
  select.dispatchEvent(new Event('change', { bubbles: true }));
}

document.addEventListener('flow:step', ({ target, detail }) => {
  const place = target.closest('[data-pick]');
  if (place) pick(place, detail);
  const list = target.closest('[data-filter]');
  if (list && target.viewer?.get('elementRegistry').get(detail)?.type !== 'bpmn:Process') {
    location.href = `${list.dataset.filter}&step=${encodeURIComponent(detail)}#cases`;
  }
});

document.addEventListener('change', ({ target }) => {
  const place = document.querySelector(`[data-pick="${CSS.escape(target.id || '-')}"]`);
  if (!place) return;
  const warning = document.querySelector('[data-warning]');
  const text = target.selectedOptions[0]?.dataset.warn ?? '';
  warning.textContent = text;
  warning.hidden = !text;
  const box = place.querySelector('[data-diagram]');
  if (place.chosen) box.unmark?.(place.chosen, 'x-add');
  box.show?.([[target.value, 'x-add']], []);
  place.chosen = target.value;
  document.querySelector('[data-picked]').textContent = target.selectedOptions[0]?.textContent ?? '';
});
