// The flow page: a click on a step of the diagram loads what it is into the panel below.
document.addEventListener('flow:step', (event) => {
  const place = event.target.closest('[data-steps]');
  if (place) window.htmx.ajax('GET', place.dataset.steps + event.detail, { target: '#step', swap: 'innerHTML' });
});
