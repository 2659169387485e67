// What survives an expired session: the typed texts, in this tab only, by task and person.
const name = (form) => `typed:${form.dataset.task}`;

export function keep(form, pairs, said = false) {
  const value = JSON.stringify({ pairs, said });
  try {
    if (pairs || said) sessionStorage.setItem(name(form), value);
  } catch {
    // a full storage keeps nothing; the server's draft is still there
  }
}

export function kept(form) {
  const text = sessionStorage.getItem(name(form));
  sessionStorage.removeItem(name(form));
  return text ? JSON.parse(text) : {};
}

// one line above the form: what happened, and the way on
export function note(form, text, { tone = '', link = '', label = '', copy = '', pairs = [] } = {}) {
  const place = form.querySelector('[data-notes]');
  if (!text) { place.replaceChildren(); return; }
  const box = document.createElement('div');
  box.className = 'sec';
  const inner = document.createElement('div');
  inner.className = `note ${tone}`;
  const say = document.createElement('div');
  say.className = 'grow';
  say.textContent = text;
  inner.append(say);
  if (link) {
    const go = document.createElement('a');
    go.className = 'btn sm primary';
    go.href = link;
    go.textContent = label;
    inner.append(go);
  }
  if (copy && pairs.length) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'btn sm';
    button.textContent = copy;
    button.addEventListener('click', () => navigator.clipboard.writeText(
      pairs.filter(([key, value]) => value && !key.endsWith('._row'))
        .map(([key, value]) => `${labelOf(form, key)}\t${value}`).join('\n'),
    ));
    inner.append(button);
  }
  box.append(inner);
  place.replaceChildren(box);
}

function labelOf(form, key) {
  const control = form.elements[key];
  const one = control?.length ? control[0] : control;
  return one?.labels?.[0]?.textContent.trim() || one?.getAttribute?.('aria-label') || key;
}
