// A flow, drawn by bpmn-js: marks for what is done and where the case stands, notes on steps.
// A click or Enter on a step sends `flow:step` with its id to the box.
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';

const read = (box, name) => JSON.parse(box.dataset[name] || '[]');

export async function draw(box) {
  const place = box.querySelector('.canvas');
  // the labels are those of the page's language; naming it keeps the cached copies apart
  const answer = await fetch(`${box.dataset.diagram}?lang=${document.documentElement.lang}`);
  if (!answer.ok) throw new Error(`${box.dataset.diagram}: ${answer.status}`);
  const xml = await answer.text();
  place.replaceChildren();
  if (!xml.includes('BPMNShape')) {
    const text = document.createElement('p');
    text.className = 'muted undrawn';
    text.textContent = box.dataset.undrawn;
    place.append(text);
    return;
  }
  // text is measured before it is drawn: a CSS variable would be measured wrongly
  const { fontFamily } = getComputedStyle(document.body);
  const viewer = new NavigatedViewer({
    container: place,
    bpmnRenderer: { defaultFillColor: 'var(--surface)', defaultStrokeColor: 'var(--ink-3)', defaultLabelColor: 'var(--ink)' },
    textRenderer: { defaultStyle: { fontFamily, fontSize: 12 }, externalStyle: { fontFamily, fontSize: 11 } },
    overlays: { defaults: { show: { minZoom: 0.2 }, scale: false } },
  });
  await viewer.importXML(xml);
  show(box, viewer, read(box, 'marks'), read(box, 'notes'));
  frame(box, viewer, place);
  viewer.on('element.click', ({ element }) => {
    box.dispatchEvent(new CustomEvent('flow:step', { bubbles: true, detail: element.businessObject?.id ?? element.id }));
  });
  box.viewer = viewer;
  box.show = (marks, notes) => show(box, viewer, marks, notes);
  box.unmark = (ids, name) => {
    for (const id of ids.split(' ')) if (viewer.get('elementRegistry').get(id)) viewer.get('canvas').removeMarker(id, name);
  };
  box.dispatchEvent(new CustomEvent('flow:drawn', { bubbles: true }));
}

// the marks and notes are on the drawing; a step has one note, the latest
function show(box, viewer, marks, notes) {
  const [canvas, overlays, registry] = ['canvas', 'overlays', 'elementRegistry'].map((part) => viewer.get(part));
  for (const [ids, name] of marks) {
    for (const id of ids.split(' ')) if (registry.get(id)) canvas.addMarker(id, name);
  }
  for (const [id, name, text] of notes) {
    if (!registry.get(id)) continue;
    overlays.remove({ element: id });
    const note = document.createElement('span');
    note.className = `ov ${name}`;
    note.textContent = text;
    overlays.add(id, { position: { top: 0, left: 8 }, html: note });
  }
}

function frame(box, viewer, place) {
  const canvas = viewer.get('canvas');
  const show = (middle, zoom) => {
    const width = place.clientWidth / zoom;
    const height = place.clientHeight / zoom;
    canvas.viewbox({ x: middle.x - width / 2, y: middle.y - height / 2, width, height });
  };
  const fit = () => {
    canvas.resized();
    const { inner } = canvas.viewbox();
    const zoom = Math.min((place.clientWidth - 32) / inner.width, (place.clientHeight - 76) / inner.height, 1.1);
    show({ x: inner.x + inner.width / 2, y: inner.y + inner.height / 2 + 8 / zoom }, zoom);
    return zoom;
  };
  // around the step, but never more blank than needed: a picture larger than its frame fills it
  const within = (middle, half, from, length) =>
    length <= half * 2 ? from + length / 2 : Math.min(Math.max(middle, from + half), from + length - half);
  const here = () => {
    const step = viewer.get('elementRegistry').get(box.dataset.focus);
    if (!step) { fit(); return; }
    const { inner } = canvas.viewbox();
    const [zoom, edge] = [place.clientWidth > 700 ? 0.7 : 0.85, 24];
    show({
      x: within(step.x + step.width / 2, place.clientWidth / zoom / 2, inner.x - edge, inner.width + 2 * edge),
      y: within(step.y + step.height / 2, place.clientHeight / zoom / 2, inner.y - edge, inner.height + 2 * edge),
    }, zoom);
  };
  const zoomBy = (factor) => canvas.zoom(canvas.zoom() * factor);
  const acts = { fit, here, in: () => zoomBy(1.2), out: () => zoomBy(1 / 1.2) };
  // words too small to read: begin at the current step instead of the whole picture
  if (fit() < 0.5 && box.dataset.focus) here();
  for (const button of (box.closest('.panel') ?? box).querySelectorAll('[data-zoom]')) {
    button.addEventListener('click', () => acts[button.dataset.zoom]());
  }
}
