// What is new while a page stands open: asked for every 20 seconds, only while somebody can see it.
// The numbers change by themselves; the list waits for its button, so that nothing moves under a
// finger. A server that does not answer is asked less and less often.
const EVERY = 20_000;
const SELDOM = 300_000;
const MANY = 100;
let wait = EVERY;
let tag = '';
let timer = 0;

const bar = () => document.getElementById('news');

async function look() {
  clearTimeout(timer);
  if (document.visibilityState !== 'visible') return; // coming back looks at once
  try {
    const url = new URL(document.body.dataset.news, location.href);
    const since = bar()?.dataset.since;
    if (since) url.searchParams.set('since', since);
    url.searchParams.set('tag', tag || bar()?.dataset.tag || '');
    // a fragment's request: it does not lengthen the session
    const answer = await fetch(url, { headers: { 'HX-Request': 'true', Accept: 'application/json' } });
    if (answer.redirected || answer.status === 401) return; // logged out: the next click says so
    if (!answer.ok) throw new Error(String(answer.status));
    if (answer.status !== 204) tell(await answer.json());
    wait = EVERY;
  } catch {
    wait = Math.min(wait * 2, SELDOM);
  }
  timer = setTimeout(look, wait);
}

function tell(news) {
  tag = news.tag;
  const dot = document.getElementById('dot-inbox');
  if (dot) {
    dot.textContent = news.badge;
    dot.hidden = news.waiting === 0;
  }
  const count = document.getElementById('n-todo');
  if (count && news.waiting < MANY) count.textContent = news.waiting;
  const line = bar();
  if (!line || line.dataset.tells !== 'yes') return;
  const known = new Set(JSON.parse(line.dataset.known));
  const fresh = news.ids.filter((id) => !known.has(id)).length;
  line.hidden = fresh === 0;
  const text = fresh === 1 ? line.dataset.one : line.dataset.many;
  line.querySelector('span').textContent = text.replace('{n}', fresh < MANY ? fresh : '99+');
}

document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-news]') || !bar()?.contains(event.target)) return;
  tag = '';
  window.htmx.ajax('GET', bar().dataset.again, { target: '#filters', swap: 'innerHTML' });
});

if (document.body.dataset.news) {
  timer = setTimeout(look, EVERY);
  document.addEventListener('visibilitychange', look);
  document.addEventListener('shunliu:look', look);
}
