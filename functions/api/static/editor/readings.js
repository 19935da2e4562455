// What Khana reads in the boxes, asked for as they are drawn, moved or told to be of another kind.

import { call } from "../api.js";
import { say } from "../words.js";

const PAUSE_MS = 120; // after the last change
const SURE = 0.9; // confidence from which a guess of the kind is taken
const KNOWN = 0.98; // and from which what is read is an example of the others
const KINDS = ["date", "amount", "number", "text"];
const USUAL = {
  number: ["invoice_number", "order_number", "number"],
  date: ["date", "due_date"],
  amount: ["subtotal", "tax", "total", "amount"],
  text: ["seller", "buyer", "text"],
};

export class Readings extends EventTarget {
  #picture = null;
  #known = new Map(); // key → {asked, reading, isCut, fault, pending}: what was asked for last, and what came of it
  #timer = 0;
  #busy = false;

  /** @param {() => string} dateOrder */
  constructor(stage, drawing, dateOrder) {
    super();
    Object.assign(this, { stage, drawing, dateOrder });
    this.url = document.getElementById("editor").dataset.try;
    drawing.addEventListener("change", () => this.ask());
  }

  /** A Blob of the page; null before there is one. What was read on another is forgotten. */
  get picture() {
    return this.#picture;
  }

  set picture(picture) {
    this.#picture = picture;
    this.#known.clear();
  }

  of(key) {
    return this.#known.get(key) ?? null;
  }

  /** Whether nothing speaks against the reading of a box, as far as is known. */
  isSure(key) {
    const reading = this.of(key)?.reading;
    if (this.isCut(key)) return false;
    // A box may well be empty: on a form that nobody has filled in, all are.
    return !reading?.text || (reading.value !== null && reading.confidence >= SURE);
  }

  /** Whether a box cuts through what stands there. */
  isCut(key) {
    return Boolean(this.of(key)?.isCut);
  }

  /** What is printed in a box of digits: what somebody typed ("" to have none), or what is read without a doubt. */
  example(box) {
    if (box.example !== null || box.kind === "text") return box.example;
    const known = this.of(box.key);
    if (!known?.reading?.value || known.pending || known.isCut || known.asked !== this.#question(box)) return null;
    return known.reading.confidence >= KNOWN ? known.reading.text : null;
  }

  /** One line: the value, or what is printed where it means nothing. */
  inWords(key) {
    const known = this.of(key);
    if (!known) return "";
    if (known.fault) return known.fault;
    if (!known.reading) return "…";
    return (known.reading.value ?? known.reading.text) || say("empty");
  }

  /** Reads, soon, whatever differs from what was read last. */
  ask() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#read(), PAUSE_MS);
  }

  async #read() {
    if (this.#busy || !this.picture || !this.url) return; // no address for who may only look
    const asked = this.drawing.boxes.filter((box) => box.here && this.of(box.key)?.asked !== this.#question(box));
    if (!asked.length) return;
    this.#busy = true;
    const picture = this.picture;
    for (const box of asked) {
      const reading = this.of(box.key)?.reading ?? null; // what was read before is shown meanwhile
      this.#known.set(box.key, { asked: this.#question(box), reading, pending: true });
    }
    try {
      const { fields, reasons } = await call("POST", this.url, this.#form(asked));
      if (picture === this.picture) {
        for (const box of asked) this.#take(box, fields, reasons);
        const dates = asked.filter((box) => this.of(box.key).reading.kind === "date").map((box) => `b${box.key}_date`);
        const other = reasons.some(({ code, fields: [name] }) => code === "date_order" && dates.includes(name));
        if (other) this.dispatchEvent(new Event("otherorder"));
      }
    } catch (error) {
      if (picture === this.picture)
        for (const box of asked) this.#known.set(box.key, { asked: this.#question(box), reading: null, fault: error.said });
    }
    this.#busy = false;
    this.dispatchEvent(new Event("change"));
    this.ask(); // what has changed meanwhile
  }

  #question(box) {
    return JSON.stringify([box.kind, box.box, pattern(box), box.languages, box.example, this.dateOrder()]);
  }

  #form(boxes) {
    const fields = boxes.flatMap((box) =>
      (box.kind ? [box.kind] : KINDS).map((kind) => ({
        name: `b${box.key}_${kind}`,
        kind,
        box: box.box,
        pattern: pattern(box),
        languages: box.languages,
        example: box.example,
      })),
    );
    const template = { page_size: this.stage.size, date_order: this.dateOrder(), fields };
    const form = new FormData();
    form.append("file", this.picture, "page");
    form.append("template", new Blob([JSON.stringify(template)]), "template.json");
    return form;
  }

  #take(box, fields, reasons) {
    const kind = box.kind ?? guessed((each) => fields[`b${box.key}_${each}`]);
    const reading = fields[`b${box.key}_${kind}`];
    // The half of an amount makes sense as a number, too.
    const kinds = box.kind || kind === "text" ? [kind] : KINDS.filter((each) => each !== "text");
    const named = kinds.map((each) => `b${box.key}_${each}`);
    const isCut = reasons.some(({ code, fields: [name] }) => code === "cut_off" && named.includes(name));
    const now = this.drawing.boxes.find((other) => other.key === box.key);
    const told = box.kind ? box : { ...box, kind };
    this.#known.set(box.key, { asked: this.#question(told), reading, isCut });
    // Somebody may have said the kind by now, or taken the box away.
    if (now && now.kind === null) this.drawing.amend(box.key, { kind, name: now.name || this.#freeName(kind) });
  }

  #freeName(kind) {
    const taken = new Set(this.drawing.boxes.map((box) => box.name));
    const usual = USUAL[kind].find((name) => !taken.has(name));
    if (usual) return usual;
    for (let n = 2; ; n++) if (!taken.has(`${USUAL[kind].at(-1)}_${n}`)) return `${USUAL[kind].at(-1)}_${n}`;
  }
}

/** The kind that what is read makes sense as, the strictest first; words where no digits do. */
function guessed(reading) {
  const holds = (kind) => reading(kind).value !== null && reading(kind).confidence >= SURE;
  if (holds("date")) return "date";
  if (holds("amount") && /[.,٫٬]/.test(reading("amount").text)) return "amount";
  if (holds("number")) return "number";
  return holds("amount") ? "amount" : "text";
}

/** The pattern of a box unless it is none; whoever types one is in the middle of it now and then. */
function pattern(box) {
  try {
    return box.pattern ? (new RegExp(box.pattern, "u"), box.pattern) : null;
  } catch {
    return null;
  }
}
