// Ctrl K: the server finds rooms, tasks, flows and records; arrows choose, Enter goes.
const dialog = document.getElementById('palette');
const input = document.getElementById('palette-in');
const list = document.getElementById('palette-list');
let timer = 0;
let asked = '';

const options = () => [...list.querySelectorAll('[role="option"]')];
const chosen = () => list.querySelector('[aria-selected="true"]');

function choose(option) {
  chosen()?.setAttribute('aria-selected', 'false');
  if (!option) return input.removeAttribute('aria-activedescendant');
  option.setAttribute('aria-selected', 'true');
  input.setAttribute('aria-activedescendant', option.id);
  option.scrollIntoView({ block: 'nearest' });
}

async function ask() {
  const words = input.value.trim();
  asked = words;
  const answer = await fetch(`${dialog.dataset.url}?q=${encodeURIComponent(words)}`);
  if (words !== asked) return; // a later question is already on its way
  if (answer.redirected || !answer.ok) return location.reload();
  list.innerHTML = await answer.text();
  choose(options()[0]);
}

if (dialog) {
  new MutationObserver(() => {
    if (!dialog.open) return;
    input.value = '';
    ask();
  }).observe(dialog, { attributeFilter: ['open'] });
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 150);
  });
  input.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    const all = options();
    const at = all.indexOf(chosen());
    if (event.key === 'ArrowDown') choose(all[(at + 1) % all.length]);
    else if (event.key === 'ArrowUp') choose(all[(at - 1 + all.length) % all.length]);
    else if (event.key === 'Enter') chosen()?.click();
    else return;
    event.preventDefault();
  });
}
