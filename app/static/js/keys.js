// Keys: letters press the button that carries data-key; G and a letter goes to a room.
// Letters are ignored while a field has the focus.
let going = 0;
// what a page's own script does with a key; true: done
export const own = new Map();

const typing = (target) => target.closest?.(
  'input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable="true"]',
);
const shown = (element) => element.getClientRects().length > 0;

function press(letter) {
  const found = [...document.querySelectorAll(`[data-key="${CSS.escape(letter)}"]`)]
    .filter((element) => shown(element) && !element.disabled);
  const target = found.at(-1);
  if (!target) return false;
  if (target.matches('input, textarea, select')) target.focus();
  else target.click();
  return true;
}

function submitForm(target) {
  const form = target.closest?.('form') ?? document.querySelector('form:has(> .outcomes)');
  const button = form?.querySelector('button.primary[type="submit"]:not(:disabled)')
    ?? form?.querySelector('button[type="submit"]:not(:disabled)');
  if (!button) return false;
  form.requestSubmit(button);
  return true;
}

function go(letter) {
  const link = document.querySelector(`.rail [data-go="${CSS.escape(letter)}"]`);
  link?.click();
  return Boolean(link);
}

document.addEventListener('keydown', (event) => {
  if (event.isComposing || event.defaultPrevented) return;
  const { key, target } = event;
  const dialog = document.querySelector('dialog[open]');
  if (event.ctrlKey || event.metaKey) {
    if (key.toLowerCase() === 'k' && !event.shiftKey) {
      event.preventDefault();
      if (!dialog) document.getElementById('palette')?.showModal();
    } else if (key === 'Enter' && !dialog && submitForm(target)) {
      event.preventDefault();
    }
    return;
  }
  if (event.altKey || dialog) return;
  if (typing(target)) {
    if (key === 'Escape' && target.getAttribute('role') !== 'combobox') target.blur();
    return;
  }
  const letter = key.length === 1 ? key.toLowerCase() : key;
  if (Date.now() - going < 1200) {
    going = 0;
    if (go(letter)) event.preventDefault();
    return;
  }
  if (letter === 'g') { going = Date.now(); return; }
  if (letter === '?') {
    document.getElementById('keysheet')?.showModal();
    event.preventDefault();
  } else if (own.get(key === 'X' ? 'X' : letter)?.() || press(letter)) {
    event.preventDefault();
  }
});
