// The sample page: its picture, its size in the template's pixels, zoom and pan.

const STEPS = [0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8];
const WHEEL = 0.0015; // what a wheel's pixel zooms by

export class Stage extends EventTarget {
  /** [width, height] in the template's pixels; null before there is a page. */
  size = null;
  zoom = 1;

  constructor(size) {
    super();
    this.size = size;
    this.view = document.getElementById("stage");
    this.sheet = document.getElementById("sheet");
    this.canvas = document.getElementById("page");
    this.svg = document.getElementById("boxes");
    this.view.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** Shows a picture. The first one of a new template makes the page's size. */
  async show(picture) {
    const bitmap = await createImageBitmap(picture);
    this.canvas.width = bitmap.width;
    this.canvas.height = bitmap.height;
    this.canvas.getContext("2d", { willReadFrequently: true }).drawImage(bitmap, 0, 0);
    bitmap.close();
    this.size ??= [this.canvas.width, this.canvas.height];
    const [width, height] = this.size;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.sheet.style.aspectRatio = `${width} / ${height}`;
    document.getElementById("choose").hidden = true;
    this.sheet.hidden = false;
    this.dispatchEvent(new Event("change"));
  }

  /** How many of the template's pixels one of the screen is. */
  get unit() {
    return this.size ? this.size[0] / this.svg.getBoundingClientRect().width : 1;
  }

  /** The point of the page under the pointer, in the template's pixels, on the page. */
  point(event) {
    const seen = this.svg.getBoundingClientRect();
    const [width, height] = this.size;
    const at = (share, end) => Math.round(Math.min(Math.max(share, 0), 1) * end);
    return [
      at((event.clientX - seen.left) / seen.width, width),
      at((event.clientY - seen.top) / seen.height, height),
    ];
  }

  /** The middle of what is seen of the page. */
  get middle() {
    const seen = this.view.getBoundingClientRect();
    return this.point({ clientX: (seen.left + seen.right) / 2, clientY: (seen.top + seen.bottom) / 2 });
  }

  step(direction) {
    const next = direction > 0 ? STEPS.find((s) => s > this.zoom + 0.01) : STEPS.findLast((s) => s < this.zoom - 0.01);
    if (next) this.setZoom(next);
  }

  /** Zooms so that the point of the page at (x, y) of the screen stays there; without it, the middle. */
  setZoom(zoom, x = null, y = null) {
    const seen = this.view.getBoundingClientRect();
    const before = this.sheet.getBoundingClientRect();
    const [atX, atY] = [x ?? (seen.left + seen.right) / 2, y ?? (seen.top + seen.bottom) / 2];
    const share = [(atX - before.left) / before.width, (atY - before.top) / before.height];
    this.zoom = Math.min(Math.max(zoom, STEPS[0]), STEPS.at(-1));
    this.sheet.style.inlineSize = `${100 * this.zoom}%`;
    const after = this.sheet.getBoundingClientRect();
    this.view.scrollBy(after.left + share[0] * after.width - atX, after.top + share[1] * after.height - atY);
    this.dispatchEvent(new Event("change"));
  }

  /** Brings a box into view if it isn't. */
  reveal([left, top, right, bottom]) {
    const unit = this.unit;
    const page = this.svg.getBoundingClientRect();
    const seen = this.view.getBoundingClientRect();
    const beyond = (from, to, first, last) => (from < first ? from - first : to > last ? to - last : 0);
    this.view.scrollBy(
      beyond(page.left + left / unit - 24, page.left + right / unit + 24, seen.left, seen.right),
      beyond(page.top + top / unit - 24, page.top + bottom / unit + 24, seen.top, seen.bottom),
    );
  }

  #wheel(event) {
    if (!event.ctrlKey || !this.size) return;
    event.preventDefault();
    this.setZoom(this.zoom * Math.exp(-WHEEL * event.deltaY), event.clientX, event.clientY);
  }
}
