// The diagram's code and style are fetched when a diagram comes into view.
let style = null;

function loadStyle(url) {
  style ??= new Promise((resolve, reject) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = url;
    link.onload = resolve;
    link.onerror = reject;
    // before our own style, which has the last word
    document.head.querySelector('link[rel="stylesheet"]').before(link);
  });
  return style;
}

async function draw(box) {
  try {
    const [{ draw: drawFlow }] = await Promise.all([import(box.dataset.bundle), loadStyle(box.dataset.style)]);
    await drawFlow(box);
    box.dataset.ready = 'yes';
  } catch (error) {
    box.dataset.ready = 'failed';
    box.querySelector('.canvas').textContent = box.dataset.failed;
    console.error(error);
  }
}

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    draw(target);
  }
}, { rootMargin: '200px' });

function watch(root) {
  for (const box of root.querySelectorAll('[data-diagram]:not([data-ready])')) seen.observe(box);
}
watch(document);
document.addEventListener('htmx:load', (event) => watch(event.detail.elt.parentElement ?? document));
