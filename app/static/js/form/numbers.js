// Amounts are shown with thousands separators once the field is left, and plain while typing.
const PLACES = { money: 2, price: 2 };

function plain(text) {
  return text.normalize('NFKC').replace(/[,\s¥]/g, '');
}

function grouped(text, places) {
  const [, sign, whole, rest = ''] = text.match(/^([+-]?)(\d+)(?:\.(\d*))?$/) ?? [];
  if (whole === undefined) return null;
  const tail = rest.padEnd(places, '0');
  return `${sign}${whole.replace(/^0+(?=\d)/, '').replace(/\B(?=(\d{3})+$)/g, ',')}.${tail}`;
}

export function startNumbers(form) {
  form.addEventListener('focusout', ({ target }) => {
    const places = PLACES[target.dataset?.format];
    if (places === undefined || target.readOnly || !target.value) return;
    const shown = grouped(plain(target.value), places);
    if (shown) target.value = shown;
  });
  form.addEventListener('focusin', ({ target }) => {
    if (PLACES[target.dataset?.format] === undefined || target.readOnly) return;
    target.value = target.value.replaceAll(',', '');
    target.select();
  });
}
