// Drawing with mouse, pen or finger: by dragging or by two clicks; moving and resizing what is there.

import { snap } from "./snap.js";

const CLICK = 4; // pixels of the screen that a click may move by
const REACH = 6; // pixels of the screen within which edges snap
const LEAST = 4; // pixels of the page that a box must have

/** [which sides a handle moves] by its name: left, top, right, bottom are 0 to 3. */
export const HANDLES = { nw: [0, 1], n: [1], ne: [2, 1], e: [2], se: [2, 3], s: [3], sw: [0, 3], w: [0] };

export class Pen extends EventTarget {
  /** The corner that waits for its opposite, in pixels of the page. */
  first = null;
  /** The box as it would be now, while it is drawn, moved or resized: {key, box}. */
  sketch = null;
  tool = "draw";
  #hold = null; // what the pressed pointer does
  #lastDrawn = null;

  constructor(stage, drawing) {
    super();
    this.stage = stage;
    this.drawing = drawing;
    stage.svg.addEventListener("pointerdown", (event) => this.#down(event));
    stage.svg.addEventListener("pointermove", (event) => this.#move(event));
    stage.svg.addEventListener("pointerup", (event) => this.#up(event));
    stage.svg.addEventListener("pointercancel", () => this.drop());
  }

  take(tool) {
    this.tool = tool;
    this.drop();
  }

  /** Forgets what isn't finished. */
  drop() {
    this.first = this.sketch = this.#hold = null;
    this.#tell();
  }

  /** Takes back the corner that waits, or the second corner of the box that was drawn last. */
  takeBack() {
    if (this.first) return this.drop();
    const last = this.drawing.boxes.find((box) => box.key === this.#lastDrawn?.key);
    if (!last) return;
    this.first = this.#lastDrawn.from;
    this.drawing.remove(last.key);
    this.#lastDrawn = null;
    this.#tell();
  }

  #down(event) {
    if (!this.stage.size) return;
    const at = this.stage.point(event);
    const on = event.target.closest("[data-key]");
    const key = on && Number(on.dataset.key);
    const start = { x: event.clientX, y: event.clientY, at, moved: false, alt: event.altKey };
    if (this.tool === "hand" || event.button === 1) {
      this.#hold = { ...start, act: "pan", left: this.stage.view.scrollLeft, top: this.stage.view.scrollTop };
    } else if (event.button !== 0) {
      return;
    } else if (on && !this.first && !event.shiftKey) {
      this.drawing.choose(key);
      const { box } = this.drawing.current;
      this.#hold = { ...start, act: "shape", key, box, sides: HANDLES[event.target.dataset.handle] ?? null };
    } else {
      this.#hold = { ...start, act: "draw" };
    }
    event.preventDefault();
    this.stage.view.focus({ preventScroll: true });
    this.stage.svg.setPointerCapture(event.pointerId);
  }

  #move(event) {
    if (!this.stage.size) return;
    const hold = this.#hold;
    const at = this.stage.point(event);
    if (!hold) {
      if (this.first) this.#draft(null, spanned(this.first, at));
      return;
    }
    hold.moved ||= Math.hypot(event.clientX - hold.x, event.clientY - hold.y) >= CLICK;
    if (!hold.moved) return;
    if (hold.act === "pan") {
      this.stage.view.scrollTo(hold.left - event.clientX + hold.x, hold.top - event.clientY + hold.y);
    } else if (hold.act === "draw") {
      this.#draft(null, spanned(hold.at, at));
    } else {
      this.#draft(hold.key, shaped(hold.box, hold.sides, at[0] - hold.at[0], at[1] - hold.at[1], this.stage.size));
    }
  }

  #up(event) {
    const hold = this.#hold;
    this.#hold = null;
    if (!hold || hold.act === "pan") return;
    const at = this.stage.point(event);
    if (hold.act === "shape") {
      const box = this.sketch?.box;
      this.sketch = null;
      if (hold.moved && box) this.drawing.change(hold.key, { box: this.#snapped(box, event, hold.sides) });
      this.#tell();
    } else if (hold.moved) {
      this.#finish(hold.at, at, event);
    } else if (this.first) {
      this.#finish(this.first, at, event);
    } else {
      this.first = at;
      this.drawing.choose(null);
      this.#draft(null, [...at, ...at]);
    }
  }

  #finish(from, to, event) {
    const box = spanned(from, to);
    this.first = this.sketch = null;
    if (box[2] - box[0] >= LEAST && box[3] - box[1] >= LEAST) {
      const key = this.drawing.add(this.#snapped(box, event));
      this.#lastDrawn = { key, from };
    }
    this.#tell();
  }

  // Only the sides that were drawn now: a box that is moved is wanted as it is.
  #snapped(box, event, sides = [0, 1, 2, 3]) {
    if (!sides || event.altKey || !document.getElementById("snap").checked) return box;
    const near = snap(this.stage.canvas, this.stage.size, box, REACH * this.stage.unit);
    return box.map((value, side) => (sides.includes(side) ? near[side] : value));
  }

  #draft(key, box) {
    this.sketch = { key, box };
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

/** `box` moved by (dx, dy), or only its `sides`; it stays on the page, and the right way round. */
export function shaped(box, sides, dx, dy, [width, height]) {
  if (!sides) {
    const x = Math.min(Math.max(dx, -box[0]), width - box[2]);
    const y = Math.min(Math.max(dy, -box[1]), height - box[3]);
    return [box[0] + x, box[1] + y, box[2] + x, box[3] + y];
  }
  const to = [...box];
  for (const side of sides) {
    const end = side % 2 ? height : width;
    to[side] = Math.min(Math.max(to[side] + (side % 2 ? dy : dx), 0), end);
  }
  for (const [low, high] of [[0, 2], [1, 3]]) {
    if (to[high] - to[low] >= LEAST) continue;
    if (sides.includes(low)) to[low] = to[high] - LEAST;
    else to[high] = to[low] + LEAST;
  }
  return to;
}

function spanned([x1, y1], [x2, y2]) {
  return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
}
