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

// undoing posts to an address that the server gave, and shows the page anew
async function takeBack(url) {
  const headers = JSON.parse(document.body.getAttribute('hx-headers'));
  const answer = await fetch(url, { method: 'POST', headers });
  if (answer.ok) location.assign(answer.redirected ? answer.url : location.href);
  else snack(word('failed'), { tone: 'over' });
}

for (const { content, dataset } of document.querySelectorAll('template.flashed')) {
  snack(content.textContent, { undo: dataset.undo && (() => takeBack(dataset.undo)) });
}
