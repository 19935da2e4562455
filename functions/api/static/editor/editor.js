// The page on which the boxes of a template are drawn: puts its parts together.

import { call } from "../api.js";
import { say } from "../words.js";
import { Drawing } from "./drawing.js";
import { enableKeys } from "./keys.js";
import { Painter } from "./paint.js";
import { Panel } from "./panel.js";
import { Pen } from "./pen.js";
import { Readings } from "./readings.js";
import { dump, idOf, readAgain, remove, save, toReadAgain, trialForm } from "./saving.js";
import { Stage } from "./stage.js";
import { test } from "./trial.js";

const known = JSON.parse(document.getElementById("template").textContent);
const part = (id) => document.getElementById(id);
const form = part("panel");
const editor = {
  ...part("editor").dataset,
  form,
  known,
  picture: null,
  isReference: !known || Boolean(known.reference), // whether the picture is one to align pages to
  isKept: Boolean(known?.reference), // whether the server has it already
};
const page = known?.page ?? 1;
const stage = new Stage(known?.page_size ?? null);
const drawing = new Drawing();
const pen = new Pen(stage, drawing);
const readings = new Readings(stage, drawing, () => form.elements.date_order.value);
const panel = new Panel(drawing, readings, stage);
new Painter(stage, drawing, pen, readings);
let saved = true; // whether nothing would be lost

const acts = {
  draw: () => take("draw"),
  hand: () => take("hand"),
  undo: () => drawing.undo(),
  redo: () => drawing.redo(),
  point: () => pen.takeBack(),
  out: () => stage.step(-1),
  in: () => stage.step(1),
  fit: () => stage.setZoom(1),
  choose: () => part("sample").click(),
  test: () => attempt(() => test(editor, trialForm(editor, dump(editor, drawing, stage, readings)))),
  reread: () => attempt(reread),
  delete: () => part("deleting").showModal(),
  cancel: () => part("deleting").close(),
  "really-delete": () => {
    part("deleting").close();
    attempt(async () => {
      await remove(editor);
      saved = true;
      location.assign(editor.list);
    });
  },
};

function take(tool) {
  pen.take(tool);
  stage.view.classList.toggle("hand", tool === "hand");
  for (const button of document.querySelectorAll("[data-act=draw], [data-act=hand]")) {
    button.setAttribute("aria-pressed", button.dataset.act === tool);
  }
}

function addInTheMiddle() {
  if (!stage.size) return;
  const [x, y] = stage.middle;
  const [width, height] = [Math.round(stage.size[0] / 6), Math.round(stage.size[1] / 40)];
  const left = Math.min(Math.max(x - width / 2, 0), stage.size[0] - width);
  const top = Math.min(Math.max(y - height / 2, 0), stage.size[1] - height);
  drawing.add([left, top, left + width, top + height].map(Math.round));
}

enableKeys(stage, drawing, pen, panel, {
  "Ctrl z": acts.undo,
  "Ctrl y": acts.redo,
  "Ctrl s": () => form.requestSubmit(),
  n: acts.point,
  d: acts.draw,
  h: acts.hand,
  a: addInTheMiddle,
  "+": acts.in,
  "=": acts.in,
  "-": acts.out,
  0: acts.fit,
  Escape: () => (pen.first || pen.sketch ? pen.drop() : drawing.choose(null)),
});

document.addEventListener("click", (event) => acts[event.target.closest("[data-act]")?.dataset.act]?.());
const order = form.elements.date_order;
let orderIsSaid = false;
order.addEventListener("change", () => {
  orderIsSaid = true;
  readings.ask();
});
readings.addEventListener("otherorder", () => {
  if (orderIsSaid) return;
  order.value = order.value === "mdy" ? "dmy" : "mdy"; // 23 is no month
  order.dispatchEvent(new Event("change", { bubbles: true }));
});
form.elements.name.addEventListener("input", () => {
  if (!editor.id) form.elements.id.placeholder = idOf(form.elements.name.value);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(keep);
});
form.addEventListener("input", () => (saved = false));
drawing.addEventListener("change", () => {
  document.querySelector("[data-act=undo]").disabled = !drawing.canUndo;
  document.querySelector("[data-act=redo]").disabled = !drawing.canRedo;
  if (drawing.canUndo) saved = false;
});
window.addEventListener("beforeunload", (event) => saved || event.preventDefault());
// As the browser kept it, a page that was saved would save it once more.
window.addEventListener("pageshow", ({ persisted }) => persisted && saved && location.reload());

part("sample").addEventListener("change", () => takeFile(part("sample").files[0]));
takeFile(part("sample").files[0]); // chosen before this script was there
stage.view.addEventListener("dragover", (event) => event.preventDefault());
stage.view.addEventListener("drop", (event) => {
  event.preventDefault();
  takeFile(event.dataTransfer.files[0]);
});

async function takeFile(file) {
  if (!file) return;
  await attempt(async () => {
    editor.isReference = true;
    editor.isKept = false;
    if (!form.elements.name.value) form.elements.name.placeholder = file.name;
    const isPicture = file.type === "image/jpeg" || file.type === "image/png";
    await show(isPicture ? file : await pageOf(file));
  });
}

/** The picture of a page of a PDF, which the server draws. */
async function pageOf(file) {
  const sent = new FormData();
  sent.append("file", file);
  sent.append("page", page);
  return call("POST", editor.page, sent);
}

async function show(picture) {
  editor.picture = readings.picture = picture;
  await stage.show(picture);
  readings.ask();
}

async function keep() {
  if (!stage.size) throw new Error(say("Choose a sample page first."));
  const button = form.querySelector("[type=submit]");
  if (!button || button.disabled) return; // Ctrl S sends the form all the same
  button.disabled = true; // twice would be two versions, or two templates
  const kept = await save(editor, dump(editor, drawing, stage, readings)).catch((error) => {
    button.disabled = false;
    throw error;
  });
  saved = true;
  // The page anew: its address, the next version, and the tag that the next change is held against.
  sessionStorage.setItem("khana.saved", kept.id);
  location.assign(`${editor.list}/${encodeURIComponent(kept.id)}`);
}

async function reread() {
  const button = document.querySelector("[data-act=reread]");
  button.disabled = true;
  const ids = await toReadAgain(editor, editor.id);
  const failed = await readAgain(editor, ids, note);
  note(say("{number} invoices are being read again.", { number: ids.length - failed }));
  button.hidden = true;
}

/** Does what may be refused, and says why if it is. */
async function attempt(act) {
  part("fault").hidden = true;
  try {
    await act();
  } catch (error) {
    part("fault").textContent = error.said ?? error.message;
    part("fault").hidden = false;
  }
}

function note(words) {
  part("saved").textContent = words;
  part("saved").hidden = false;
}

async function offerToReadAgain() {
  const button = document.querySelector("[data-act=reread]");
  if (!button) return; // they may only look
  const ids = await toReadAgain(editor, editor.id);
  button.querySelector("span").textContent = say("Read {number} invoices again", { number: ids.length });
  button.hidden = ids.length === 0;
}

drawing.load((known?.fields ?? []).map((field) => ({ ...field, here: (field.page ?? page) === page })));
attempt(async () => {
  if (editor.picture === null && part("editor").dataset.picture) {
    const answer = await fetch(part("editor").dataset.picture);
    if (!answer.ok) throw new Error(say("The picture of this form can’t be had."));
    await show(await answer.blob());
  }
  if (!editor.id) return;
  if (sessionStorage.getItem("khana.saved") === editor.id) note(say("Saved as version {number}.", { number: known.version }));
  sessionStorage.removeItem("khana.saved");
  await offerToReadAgain();
});
