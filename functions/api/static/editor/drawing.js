// The boxes that are being drawn, which of them is chosen, and the way back.

/**
 * @typedef {{key: number, name: string, kind: string | null, box: number[], page: number | null,
 *   required: boolean, pattern: string | null, example: string | null,
 *   languages: string[], here: boolean}} Box
 * `box` is [left, top, right, bottom] in pixels of the template's page; `kind` is null until what
 * is read in it has told, `example` until somebody types what is printed there.
 */

const LONGEST_WAY_BACK = 500;

/** What a box is that has only been drawn. `here`: it is on the page that is shown. */
const NEW = {
  name: "",
  kind: null,
  page: null,
  here: true,
  required: true,
  pattern: null,
  example: null,
  languages: ["ara", "eng"],
};

export class Drawing extends EventTarget {
  /** @type {readonly Box[]} */
  boxes = [];
  /** @type {number | null} */
  chosen = null;
  #past = [];
  #future = [];
  #merging = null;
  #nextKey = 1;

  /** Begins with boxes that are there already; what isn't said of one is as of a new one. */
  load(boxes) {
    this.boxes = boxes.map((box) => Object.freeze({ ...NEW, ...box, key: this.#nextKey++ }));
    this.#tell();
  }

  get current() {
    return this.boxes.find((box) => box.key === this.chosen) ?? null;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** Adds a new one, chosen from now on, and gives its key. */
  add(box) {
    const key = this.#nextKey++;
    this.#step([...this.boxes, { ...NEW, box, key }], null);
    this.choose(key);
    return key;
  }

  /** `what` names changes that follow each other and are taken back as one: a name that is typed. */
  change(key, values, what = null) {
    this.#step(this.#with(key, values), what && `${what} ${key}`);
  }

  /** A change that belongs to the step before it: what reading a new box told of it. */
  amend(key, values) {
    this.boxes = this.#with(key, values);
    this.#tell();
  }

  remove(key) {
    this.#step(this.boxes.filter((box) => box.key !== key), null);
    if (this.chosen === key) this.choose(null);
  }

  choose(key) {
    if (this.chosen === key) return;
    this.chosen = key;
    this.#merging = null;
    this.#tell();
  }

  undo() {
    this.#go(this.#past, this.#future);
  }

  redo() {
    this.#go(this.#future, this.#past);
  }

  #with(key, values) {
    return this.boxes.map((box) => (box.key === key ? { ...box, ...values } : box));
  }

  #step(boxes, merging) {
    if (!merging || merging !== this.#merging) this.#past.push(this.boxes);
    if (this.#past.length > LONGEST_WAY_BACK) this.#past.shift();
    this.#merging = merging;
    this.#future = [];
    this.boxes = boxes;
    this.#tell();
  }

  #go(from, to) {
    const boxes = from.pop();
    if (!boxes) return;
    to.push(this.boxes);
    this.boxes = boxes;
    this.#merging = null;
    if (!this.current) this.chosen = null;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
