// The picture of a page with its boxes: zoom, and the box of the field at hand brought into view.

const STEPS = [1, 1.5, 2, 3, 4];
const CLOSE = 3; // what F2 zooms to

let zoom = 1;

/** Brings the boxes called `name` into the middle of what is seen of the page. */
export function show(name) {
  for (const element of document.querySelectorAll(".boxes [data-field], .field")) {
    element.classList.toggle("lit", element.dataset.field === name);
  }
  const box = name && document.querySelector(`.boxes [data-field="${CSS.escape(name)}"] rect`);
  const paper = document.querySelector(".pages");
  if (!box || !paper) return;
  const seen = paper.getBoundingClientRect();
  const at = box.getBoundingClientRect();
  paper.scrollBy({
    left: (at.left + at.right - seen.left - seen.right) / 2,
    top: (at.top + at.bottom - seen.top - seen.bottom) / 2,
    behavior: "instant",
  });
}

export function toggleZoom() {
  setZoom(zoom === 1 ? CLOSE : 1);
}

export function stepZoom(direction) {
  const next = STEPS[STEPS.indexOf(zoom) + (direction === "in" ? 1 : -1)];
  if (next) setZoom(next);
}

function setZoom(factor) {
  zoom = factor;
  applyZoom();
  show(document.activeElement?.closest(".field")?.dataset.field);
}

/** Has the sheets of a page that has just come show at the zoom of the one before. */
export function applyZoom() {
  // Through the object model: the policy of the page lets no style stand in its HTML.
  for (const sheet of document.querySelectorAll(".sheet")) {
    sheet.style.inlineSize = `${100 * zoom}%`;
  }
}
