// Shows the boxes on the page: those that are kept, the one that is being drawn, the chosen one's
// handles, and what was read in it.

import { HANDLES } from "./pen.js";

const SVG = "http://www.w3.org/2000/svg";
const HANDLE = 9; // pixels of the screen
const FINGER = 22;

export class Painter {
  #shapes = new Map(); // key → its <g>
  #shown = new WeakMap(); // <g> → what it shows: of 200 boxes one changes

  constructor(stage, drawing, pen, readings) {
    Object.assign(this, { stage, drawing, pen, readings });
    this.tag = document.getElementById("tag");
    this.sketch = make("rect", { class: "sketch" });
    this.corner = make("path", { class: "corner" });
    this.handles = make("g", { class: "handles" });
    stage.svg.append(this.sketch, this.corner, this.handles);
    for (const of of [stage, drawing, pen, readings]) of.addEventListener("change", () => this.paint());
    new ResizeObserver(() => this.paint()).observe(stage.sheet);
  }

  paint() {
    if (!this.stage.size) return;
    const { boxes, chosen } = this.drawing;
    const shown = boxes.filter((box) => box.here);
    for (const [key, shape] of this.#shapes) {
      if (shown.some((box) => box.key === key)) continue;
      shape.remove();
      this.#shapes.delete(key);
    }
    for (const box of shown) {
      const shape = this.#shapes.get(box.key) ?? this.#add(box.key);
      const now = this.#now(box);
      const wanted = [now, box.key === chosen, this.readings.of(box.key)];
      if (this.#shown.get(shape)?.every((part, index) => part === wanted[index])) continue;
      this.#shown.set(shape, wanted);
      place(shape.firstChild, now);
      shape.setAttribute("class", [box.key === chosen ? "lit" : "", this.readings.isSure(box.key) ? "" : "doubtful"].join(" "));
    }
    const { unit } = this.stage; // asked for once: the browser may have to lay the page out for it
    this.#paintSketch(unit);
    this.#paintChosen(shown.find((box) => box.key === chosen), unit);
  }

  #now(box) {
    const { sketch } = this.pen;
    return sketch?.key === box.key ? sketch.box : box.box;
  }

  #add(key) {
    const shape = make("g", { "data-key": key });
    shape.append(make("rect", { rx: 2 }));
    this.stage.svg.insertBefore(shape, this.sketch);
    this.#shapes.set(key, shape);
    return shape;
  }

  #paintSketch(unit) {
    const { first, sketch } = this.pen;
    place(this.sketch, sketch && sketch.key === null ? sketch.box : [0, 0, 0, 0]);
    const arm = 10 * unit;
    this.corner.setAttribute(
      "d",
      first ? `M${first[0] - arm} ${first[1]}h${2 * arm}M${first[0]} ${first[1] - arm}v${2 * arm}` : "",
    );
  }

  #paintChosen(box, unit) {
    this.tag.hidden = !box;
    if (!box) return this.handles.replaceChildren();
    const [left, top, right, bottom] = this.#now(box);
    // Inside the box: just beside it the next one may begin.
    const wanted = (matchMedia("(pointer: coarse)").matches ? FINGER : HANDLE) * unit;
    const side = Math.min(wanted, (right - left) / 3, (bottom - top) / 3);
    const x = { w: left, e: right - side };
    const y = { n: top, s: bottom - side };
    if (!this.handles.childElementCount) {
      this.handles.append(...Object.keys(HANDLES).map((name) => make("rect", { "data-handle": name })));
    }
    for (const handle of this.handles.children) {
      const name = handle.dataset.handle;
      const at = [x[name.at(-1)] ?? (left + right - side) / 2, y[name[0]] ?? (top + bottom - side) / 2];
      place(handle, [...at, at[0] + side, at[1] + side]);
      handle.setAttribute("data-key", box.key);
    }
    const [width, height] = this.stage.size;
    this.tag.textContent = this.readings.inWords(box.key);
    this.tag.hidden = this.tag.textContent === "";
    this.tag.style.left = `${(100 * left) / width}%`;
    this.tag.style.top = `${(100 * bottom) / height}%`;
  }
}

function make(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function place(rect, [left, top, right, bottom]) {
  rect.setAttribute("x", left);
  rect.setAttribute("y", top);
  rect.setAttribute("width", right - left);
  rect.setAttribute("height", bottom - top);
}
