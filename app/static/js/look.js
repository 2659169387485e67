// Theme and density change at once and are kept by the server; without script the form posts.
document.addEventListener('submit', async (event) => {
  const form = event.target.closest('form[data-look]');
  if (!form || !event.submitter) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const { name, value } = event.submitter;
  document.documentElement.dataset[name] = value;
  for (const button of document.querySelectorAll(`form[data-look="${name}"] button`)) {
    button.setAttribute('aria-pressed', String(button.value === value));
  }
  const body = new FormData(form);
  body.set(name, value);
  const answer = await fetch(form.action, { method: 'POST', body, headers: { 'X-Requested-With': 'fetch' } });
  if (!answer.ok) form.submit();
}, true);
