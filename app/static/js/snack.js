// One line at the bottom of the page: what happened, and how to take it back.
const place = () => document.getElementById('snacks');
export const word = (name) => document.getElementById('words')?.dataset[name] ?? '';

export function snack(text, { tone = '', undo = null } = {}) {
  const line = document.createElement('div');
  line.className = `snack ${tone}`;
  const say = document.createElement('div');
  say.className = 'grow';
  say.textContent = text;
  line.append(say);
  if (undo) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'btn sm';
    button.dataset.key = 'z';
    button.textContent = word('undo');
    button.addEventListener('click', () => { line.remove(); undo(); });
    line.append(button);
  }
  place()?.replaceChildren(line);
  setTimeout(() => line.remove(), 8000);
}

// undoing is a form like any other: the page that follows says what was undone
function takeBack(url) {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = url;
  const token = JSON.parse(document.body.getAttribute('hx-headers'))['X-CSRFToken'];
  const next = location.pathname === '/inbox' ? 'inbox' : '';
  for (const [name, value] of Object.entries({ csrf_token: token, next })) {
    const field = document.createElement('input');
    Object.assign(field, { type: 'hidden', name, value });
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}

for (const { content, dataset } of document.querySelectorAll('template.flashed')) {
  snack(content.textContent, { undo: dataset.undo && (() => takeBack(dataset.undo)) });
}
