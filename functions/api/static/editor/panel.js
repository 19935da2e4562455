// The list of boxes beside the page: name, kind, what is read, and the rest of each.

import { say } from "../words.js";

export class Panel {
  #entries = new Map(); // key → its <li>
  #shown = new WeakMap(); // <li> → what it shows: of 200 boxes one changes

  constructor(drawing, readings, stage) {
    Object.assign(this, { drawing, readings, stage });
    this.list = document.getElementById("list");
    this.form = document.getElementById("panel");
    drawing.addEventListener("change", () => this.show());
    readings.addEventListener("change", () => this.show());
    this.list.addEventListener("input", (event) => this.#typed(event));
    this.list.addEventListener("focusin", (event) => this.#focused(event));
    this.form.addEventListener("focusin", (event) => {
      // Clear of the bar: the browser alone would leave it underneath.
      if (event.target.matches("input, select, textarea")) event.target.scrollIntoView({ block: "nearest" });
    });
    this.list.addEventListener("click", (event) => {
      if (event.target.closest("[data-act=remove]")) drawing.remove(keyOf(event.target));
    });
  }

  show() {
    const { boxes, chosen } = this.drawing;
    document.getElementById("count").textContent = boxes.length || "";
    document.getElementById("none").hidden = boxes.length > 0;
    for (const [key, entry] of this.#entries) {
      if (boxes.some((box) => box.key === key)) continue;
      entry.remove();
      this.#entries.delete(key);
    }
    boxes.forEach((box, index) => {
      const entry = this.#entries.get(box.key) ?? this.#add(box.key);
      if (this.list.children[index] !== entry) this.list.insertBefore(entry, this.list.children[index] ?? null);
      this.#fill(entry, box, box.key === chosen);
    });
  }

  /** Puts the cursor into the name of a box. */
  name(key) {
    const input = this.#entries.get(key)?.querySelector("[data-of=name]");
    input?.focus();
    input?.select();
  }

  #add(key) {
    const entry = document.getElementById("entry").content.firstElementChild.cloneNode(true);
    entry.dataset.key = key;
    this.#entries.set(key, entry);
    return entry;
  }

  #fill(entry, box, chosen) {
    const shown = [box, chosen, this.readings.of(box.key)];
    if (this.#shown.get(entry)?.every((part, index) => part === shown[index])) return;
    this.#shown.set(entry, shown);
    const part = (name) => entry.querySelector(`[data-of="${name}"]`);
    set(part("name"), box.name);
    set(part("kind"), box.kind ?? "text");
    set(part("pattern"), box.pattern ?? "");
    set(part("languages"), box.languages.join(","));
    set(part("example"), this.readings.example(box) ?? "");
    part("required").checked = box.required;
    box.box.forEach((value, side) => set(part(side), value));
    entry.querySelector(".of-text").hidden = box.kind !== "text";
    entry.querySelector(".of-digits").hidden = box.kind === "text";
    // Beneath the page it would scroll that away, from under the finger on it.
    const beside = this.form.scrollHeight > this.form.clientHeight;
    if (beside && chosen && !entry.classList.contains("lit")) entry.scrollIntoView({ block: "nearest" });
    entry.classList.toggle("lit", chosen);
    this.#fillReading(entry.querySelector(".reading"), box);
  }

  #fillReading(line, box) {
    const known = this.readings.of(box.key);
    const words = box.here ? this.readings.inWords(box.key) : say("on page {number}", { number: box.page });
    const isCut = this.readings.isCut(box.key);
    const shown = `${words} ${known?.reading?.confidence} ${isCut}`;
    if (line.dataset.shown === shown) return; // said once to whoever listens
    line.dataset.shown = shown;
    const value = document.createElement("bdi");
    value.textContent = words;
    if (box.kind !== "text" && known?.reading) value.dir = "ltr";
    line.replaceChildren(value);
    line.classList.toggle("doubtful", Boolean(known?.fault) || !this.readings.isSure(box.key));
    line.classList.toggle("muted", known?.reading?.text === "");
    if (known?.reading?.text) this.#fillPrint(line, box, known.reading);
    if (!isCut) return;
    const note = document.createElement("span");
    note.className = "cut";
    note.textContent = say("The box cuts through what stands there: draw it larger.");
    line.append(note);
  }

  #fillPrint(line, box, { text, value: meant, confidence }) {
    if (text && text !== meant) {
      const printed = document.createElement("bdi");
      printed.className = box.kind === "text" ? "muted" : "muted digits";
      if (box.kind !== "text") printed.dir = "ltr";
      printed.textContent = text;
      line.append(" ", printed);
    }
    const sure = document.createElement("span");
    sure.className = "confidence";
    sure.dir = "ltr";
    sure.textContent = `${Math.floor(confidence * 1000) / 10} %`;
    line.append(" ", sure);
  }

  #typed(event) {
    const key = keyOf(event.target);
    const { of } = event.target.dataset;
    const { value } = event.target;
    const box = this.drawing.boxes.find((each) => each.key === key);
    if (!box || !of) return;
    if (/^\d$/.test(of)) {
      const corners = box.box.map((old, side) => (side === Number(of) ? Math.round(Number(value)) : old));
      const [width, height] = this.stage.size ?? [0, 0];
      const fits = corners[0] >= 0 && corners[1] >= 0 && corners[2] <= width && corners[3] <= height;
      if (fits && corners[0] < corners[2] && corners[1] < corners[3]) this.drawing.change(key, { box: corners }, "place");
      return;
    }
    const values = {
      name: () => ({ name: value.trim().replace(/\s+/g, "_") }),
      kind: () => ({ kind: value }),
      pattern: () => ({ pattern: value || null }),
      example: () => ({ example: value.trim() }),
      languages: () => ({ languages: value.split(",") }),
      required: () => ({ required: event.target.checked }),
    }[of]();
    this.drawing.change(key, values, of);
  }

  #focused(event) {
    const key = keyOf(event.target);
    this.drawing.choose(key);
    const { current } = this.drawing;
    if (current?.here && this.stage.size) this.stage.reveal(current.box);
  }
}

const keyOf = (element) => Number(element.closest("[data-key]")?.dataset.key);

// What somebody types in now stays as they have it.
function set(input, value) {
  if (input !== document.activeElement && input.value !== String(value)) input.value = value;
}
