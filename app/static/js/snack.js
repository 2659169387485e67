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

// the server says it with a header: HX-Trigger: {"snack": {"text": …, "undo": url}}
document.addEventListener('snack', (event) => {
  const { text, tone, undo } = event.detail;
  snack(text, { tone, undo: undo && (() => window.htmx.ajax('POST', undo, { swap: 'none' })) });
});
for (const flashed of document.querySelectorAll('template.flashed')) {
  snack(flashed.content.textContent);
}
