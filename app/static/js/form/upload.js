// A chosen file goes to the server at once; the form then carries only its number.

export function startUploads(form, words, send) {
  const most = Number(form.dataset.largest || 0);
  form.addEventListener('change', async ({ target }) => {
    if (!target.matches('[data-upload]')) return;
    const part = target.closest('[data-f]');
    const list = part.querySelector('[data-files]');
    const told = part.querySelector('[data-progress]');
    const chosen = [...target.files];
    target.value = ''; // it must not be sent once more with the form
    for (const file of chosen) {
      told.textContent = `${words.uploading} ${file.name}`;
      if (most && file.size > most) { told.textContent = words.large; return; }
      const data = new FormData();
      data.set('csrf_token', form.elements.csrf_token.value);
      data.set('name', list.dataset.files);
      data.set('file', file);
      try {
        const answer = await send(form.dataset.files, data);
        if (!answer) return;
        if (!target.multiple) list.replaceChildren();
        list.insertAdjacentHTML('beforeend', answer.html);
      } catch (error) {
        told.textContent = error.message === 'Failed to fetch' ? words.offline : error.message;
        return;
      }
    }
    told.textContent = '';
    form.dispatchEvent(new CustomEvent('form:changed'));
  });
  form.addEventListener('click', ({ target }) => {
    const drop = target.closest('[data-drop]');
    if (!drop) return;
    const part = drop.closest('[data-f]');
    drop.closest('li').remove();
    part.querySelector('[data-upload]')?.focus();
    form.dispatchEvent(new CustomEvent('form:changed'));
  });
}
