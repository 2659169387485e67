// Choosing a record or a person: a combobox over what the server finds.
const PAUSE = 250;

function parts(picker) {
  return {
    value: picker.querySelector('input[type=hidden]'),
    input: picker.querySelector('[role=combobox]'),
    pop: picker.querySelector('.pop'),
    list: picker.querySelector('[role=listbox]'),
  };
}

const options = (list) => [...list.querySelectorAll('[role=option]')];

function place(input, pop) {
  const box = input.getBoundingClientRect();
  const below = window.innerHeight - box.bottom;
  Object.assign(pop.style, {
    position: 'fixed', margin: '0', right: 'auto', bottom: 'auto',
    left: `${box.left}px`, width: `${Math.max(box.width, 280)}px`,
    top: `${box.bottom + 4}px`,
  });
  const { height } = pop.getBoundingClientRect();
  if (height > below && box.top > below) pop.style.top = `${Math.max(4, box.top - height - 4)}px`;
}

function close(picker) {
  const { input, pop } = parts(picker);
  if (pop.matches(':popover-open')) pop.hidePopover();
  input.setAttribute('aria-expanded', 'false');
  input.removeAttribute('aria-activedescendant');
}

function select(input, list, option) {
  for (const other of options(list)) other.setAttribute('aria-selected', String(other === option));
  if (option) {
    input.setAttribute('aria-activedescendant', option.id);
    option.scrollIntoView({ block: 'nearest' });
  }
}

async function search(form, picker, words) {
  const { input, pop, list } = parts(picker);
  const asked = input.value;
  const url = new URL(form.dataset.pick + encodeURIComponent(picker.dataset.picker), location.href);
  url.searchParams.set('q', asked);
  if (picker.dataset.group) url.searchParams.set('group', picker.dataset.group);
  const answer = await fetch(url, { redirect: 'manual' }).catch(() => null);
  if (!answer?.ok || input.value !== asked || document.activeElement !== input) return;
  list.innerHTML = await answer.text();
  options(list).forEach((option, index) => { option.id = `${list.id}-${index}`; });
  if (!options(list).length) {
    const none = document.createElement('p');
    none.className = 'meta foot';
    none.textContent = words.none;
    list.replaceChildren(none);
  }
  if (!pop.matches(':popover-open')) pop.showPopover();
  input.setAttribute('aria-expanded', 'true');
  place(input, pop);
  delete picker.dataset.waits;
  const [first] = options(list);
  // Enter was pressed before the answer was there
  if (picker.dataset.enter && first) choose(form, picker, first);
  else select(input, list, first);
  delete picker.dataset.enter;
}

function choose(form, picker, option) {
  const { value, input } = parts(picker);
  value.value = option.dataset.value;
  picker.querySelector('.picked')?.remove();
  const shown = document.createElement('div');
  shown.className = 'picked';
  shown.append(option.querySelector('.av').cloneNode(true));
  const text = document.createElement('div');
  text.className = 'two cut';
  const strong = document.createElement('b');
  strong.textContent = option.dataset.label;
  const meta = document.createElement('span');
  meta.className = 'meta';
  meta.textContent = ` ${option.dataset.meta}`;
  text.append(strong, meta);
  const clear = document.createElement('button');
  clear.type = 'button';
  clear.className = 'iconbtn';
  clear.dataset.clear = '';
  clear.setAttribute('aria-label', picker.dataset.change);
  clear.textContent = '×';
  shown.append(text, clear);
  close(picker);
  input.before(shown);
  input.value = '';
  input.hidden = true;
  clear.focus();
  form.dispatchEvent(new CustomEvent('form:changed'));
}

function clear(form, picker) {
  const { value, input } = parts(picker);
  value.value = '';
  picker.querySelector('.picked')?.remove();
  input.hidden = false;
  input.value = '';
  input.focus();
  form.dispatchEvent(new CustomEvent('form:changed'));
}

function keys(form, picker, event) {
  const { input, list } = parts(picker);
  const all = options(list);
  const open = input.getAttribute('aria-expanded') === 'true';
  const now = all.findIndex((option) => option.getAttribute('aria-selected') === 'true');
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && open && all.length) {
    select(input, list, all[(now + step + all.length) % all.length]);
  } else if (event.key === 'ArrowDown' && !open) {
    input.dispatchEvent(new CustomEvent('picker:open', { bubbles: true }));
  } else if (event.key === 'Enter' && picker.dataset.waits) {
    picker.dataset.enter = '1';
  } else if (event.key === 'Enter' && open && all[now]) {
    choose(form, picker, all[now]);
  } else if (event.key === 'Escape' && open) {
    close(picker);
  } else {
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
}

export function startPickers(form, words) {
  let timer = 0;
  const of = (target) => target.closest?.('[data-picker]');
  form.addEventListener('input', ({ target }) => {
    if (target.getAttribute('role') !== 'combobox') return;
    const picker = of(target);
    parts(picker).value.value = '';
    picker.dataset.waits = '1'; // what is listed answers an older text
    select(target, parts(picker).list, null);
    clearTimeout(timer);
    timer = setTimeout(() => search(form, picker, words), PAUSE);
  });
  form.addEventListener('picker:open', ({ target }) => search(form, of(target), words));
  form.addEventListener('click', ({ target }) => {
    const picker = of(target);
    if (!picker) return;
    const option = target.closest('[role=option]');
    if (option) choose(form, picker, option);
    else if (target.closest('[data-clear]')) clear(form, picker);
    else if (target.getAttribute('role') === 'combobox') search(form, picker, words);
  });
  // before the lines' own keys
  form.addEventListener('keydown', (event) => {
    if (event.target.getAttribute('role') === 'combobox' && !event.isComposing) {
      keys(form, of(event.target), event);
    }
  }, true);
  form.addEventListener('mousedown', (event) => {
    if (event.target.closest('.pop')) event.preventDefault(); // the field keeps the focus
  });
  form.addEventListener('focusout', ({ target }) => {
    if (target.getAttribute('role') === 'combobox') close(of(target));
  });
  window.addEventListener('resize', () => form.querySelectorAll('[data-picker]').forEach((picker) => {
    if (parts(picker).pop?.matches(':popover-open')) close(picker);
  }));
}
