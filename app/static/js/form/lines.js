// Rows of a list: add, remove, walk by keys, paste from a sheet.

const own = (list, selector) => [...list.querySelectorAll(selector)]
  .filter((found) => found.closest('[data-list]') === list);
const rows = (list) => own(list, '[data-line]');
const told = (form) => form.dispatchEvent(new CustomEvent('form:changed'));
const cells = (row) => [...row.querySelectorAll('input:not([type=hidden]), select, textarea')]
  .filter((control) => !control.readOnly && control.type !== 'file' && control.getClientRects().length);

function nextIndex(list) {
  const used = rows(list).map((row) => Number(row.dataset.line.match(/\[(\d+)\]$/)?.[1] ?? -1));
  return Math.max(-1, ...used) + 1;
}

export function addRow(list) {
  const template = own(list, 'template[data-mark]')[0];
  if (!template) return null;
  const { mark } = template.dataset;
  const copy = document.createElement('template');
  copy.innerHTML = template.innerHTML
    .replaceAll(`__i${mark}__`, nextIndex(list))
    .replaceAll(`__n${mark}__`, rows(list).length + 1);
  const row = copy.content.firstElementChild;
  own(list, '[data-lines]')[0].append(row);
  own(list, '[data-none]').forEach((text) => text.remove());
  return row;
}

function removeRow(form, row) {
  const list = row.closest('[data-list]');
  const near = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  (near?.querySelector('[data-remove]') ?? own(list, '[data-add]')[0])?.focus();
  told(form);
}

function fill(control, text) {
  const value = text.trim();
  if (control.tagName === 'SELECT') {
    const found = [...control.options].find((o) => o.value === value || o.text.trim() === value);
    if (found) control.value = found.value;
  } else if (control.type === 'checkbox') {
    control.checked = /^(true|yes|y|1|是|√|✓)$/i.test(value);
  } else if (control.type === 'date') {
    const [, y, m, d] = value.match(/^(\d{4})\D(\d{1,2})\D(\d{1,2})\D?$/) ?? [];
    if (y) control.value = `${y}-${m.padStart(2, '0')}-${d.padStart(2, '0')}`;
  } else {
    control.value = value;
    const hidden = control.closest('[data-picker]')?.querySelector('input[type=hidden]');
    if (hidden) hidden.value = value; // a number or login; the server looks it up
  }
}

function paste(form, event) {
  const row = event.target.closest('[data-line]');
  const list = row?.closest('[data-list]');
  const text = event.clipboardData?.getData('text/plain') ?? '';
  if (!list || event.target.tagName === 'TEXTAREA' || !/[\t\n]/.test(text.trimEnd())) return;
  event.preventDefault();
  const column = cells(row).indexOf(event.target);
  let at = row;
  for (const line of text.replace(/\r/g, '').replace(/\n+$/, '').split('\n').slice(0, 500)) {
    at ??= addRow(list);
    if (!at) break;
    const controls = cells(at);
    line.split('\t').forEach((value, index) => {
      if (controls[column + index]) fill(controls[column + index], value);
    });
    at = at.nextElementSibling;
  }
  told(form);
}

function walk(form, event) {
  const row = event.target.closest('[data-line]');
  if (!row || event.key !== 'Enter' || event.isComposing || event.target.tagName === 'BUTTON') return;
  if (event.target.getAttribute('aria-expanded') === 'true') return;
  const list = row.closest('[data-list]');
  if (event.ctrlKey || event.metaKey) {
    const made = addRow(list);
    if (!made) return;
    event.preventDefault();
    cells(made)[0]?.focus();
    told(form);
  } else if (event.target.tagName !== 'TEXTAREA' && row.tagName === 'TR') {
    const below = row.nextElementSibling;
    const next = below && cells(below)[cells(row).indexOf(event.target)];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
}

export function startLines(form) {
  form.addEventListener('click', ({ target }) => {
    const add = target.closest('[data-add]');
    const remove = target.closest('[data-remove]');
    if (remove) removeRow(form, remove.closest('[data-line]'));
    if (!add) return;
    const row = addRow(add.closest('[data-list]'));
    if (row) { cells(row)[0]?.focus(); told(form); }
  });
  form.addEventListener('paste', (event) => paste(form, event));
  form.addEventListener('keydown', (event) => walk(form, event));
}
