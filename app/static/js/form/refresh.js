// Takes from the server's fragment what has changed; what is being typed is never touched.

const parts = (root) => [...root.querySelectorAll('[data-f]')];
const lines = (list) => [...list.querySelectorAll('[data-line]')].map((row) => row.dataset.line);

// everything about a field's controls but their values
function shape(part) {
  return [...part.querySelectorAll('input, select, textarea, .picked')].map((control) => [
    control.tagName, control.type, control.name, control.readOnly, control.disabled, control.hidden,
    control.type === 'radio' || control.type === 'checkbox' ? control.value : '',
    control.tagName === 'SELECT' ? [...control.options].map((option) => option.value) : '',
  ].join()).join(';');
}

function isLeaf(part) {
  return !part.querySelector('[data-f]') && part.tagName !== 'SECTION';
}

function replace(part, fresh) {
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const at = focused && { name: focused.name, start: focused.selectionStart, id: focused.id };
  part.innerHTML = fresh.innerHTML;
  if (!at) return;
  const again = (at.id && document.getElementById(at.id)) || part.querySelector('button[data-remove], [data-add]');
  again?.focus();
  if (again?.setSelectionRange && again.type === 'text') again.setSelectionRange(at.start, at.start);
}

function required(part, fresh) {
  for (const [mine, theirs] of [[part.querySelector('label, .lab'), fresh.querySelector('label, .lab')]]) {
    if (mine && theirs) mine.classList.toggle('req', theirs.classList.contains('req'));
  }
  const control = part.querySelector('input:not([type=hidden]), select, textarea, [role=radiogroup]');
  const theirs = fresh.querySelector('input:not([type=hidden]), select, textarea, [role=radiogroup]');
  if (!control || !theirs) return;
  if (theirs.hasAttribute('aria-required')) control.setAttribute('aria-required', 'true');
  else control.removeAttribute('aria-required');
}

function verbs(bar) {
  return [...bar.querySelectorAll('button')].map((button) => button.value).join();
}

function part(mine, theirs, quiet) {
  if (mine.hidden !== theirs.hidden) mine.hidden = theirs.hidden;
  if (mine.classList.contains('outcomes')) {
    const said = theirs.querySelector('[data-saved]');
    if (verbs(mine) !== verbs(theirs)) replace(mine, theirs);
    else if (said) mine.querySelector('[data-saved]').innerHTML = said.innerHTML;
  } else if ('live' in mine.dataset) {
    if (mine.innerHTML !== theirs.innerHTML) mine.innerHTML = theirs.innerHTML;
  } else if ('list' in mine.dataset) {
    // after a row was taken out the rows are numbered anew
    if (quiet && lines(mine).join() !== lines(theirs).join()) replace(mine, theirs);
  } else if (isLeaf(mine)) {
    required(mine, theirs);
    const busy = mine.contains(document.activeElement);
    if (quiet && !busy && shape(mine) !== shape(theirs)) replace(mine, theirs);
  }
}

// `quiet`: nothing was typed since the request left, so values may be taken too
export function refresh(form, html, quiet) {
  const fresh = new DOMParser().parseFromString(html, 'text/html');
  const found = new Map(parts(fresh).map((item) => [item.dataset.f, item]));
  for (const mine of parts(form)) {
    const theirs = found.get(mine.dataset.f);
    if (mine.isConnected && theirs) part(mine, theirs, quiet);
  }
}
