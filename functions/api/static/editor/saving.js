// A template as it is sent, saved, deleted; and its invoices, read again with it on request.

import { call } from "../api.js";
import { say } from "../words.js";

const PAGE = 200;

/** The template as the API takes it. */
export function dump(editor, drawing, stage, readings) {
  const { form, known } = editor;
  const rules = form.elements.rules.value.split("\n").map((rule) => rule.trim());
  return {
    ...known,
    id: form.elements.id.value || idOf(form.elements.name.value),
    name: form.elements.name.value.trim(),
    page_size: stage.size,
    date_order: form.elements.date_order.value,
    split: form.elements.split.checked ? "pages" : null,
    rules: rules.filter(Boolean),
    fields: drawing.boxes.map((box) => ({
      name: box.name,
      kind: box.kind ?? "text",
      box: box.box,
      required: box.required,
      languages: box.languages,
      ...(box.pattern ? { pattern: box.pattern } : {}),
      example: readings.example(box),
      ...(box.page ? { page: box.page } : {}),
    })),
  };
}

/** "Acme Trading" → "acme-trading"; an Arabic name has no letters for it. */
export function idOf(name) {
  const plain = name.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  return plain.slice(0, 80) || `form-${Date.now().toString(36)}`;
}

/** What is sent to try the template on an earlier invoice. */
export function trialForm(editor, template) {
  return (invoice) => {
    const form = new FormData();
    form.append("invoice", invoice);
    form.append("template", asFile(template), "template.json");
    if (editor.isReference) form.append("reference", editor.picture, "reference");
    return form;
  };
}

/** Saves it and gives it as it is kept. Throws Refusal. */
export async function save(editor, template) {
  const form = new FormData();
  const sent = { ...template };
  if (editor.isReference) sent.reference ??= editor.picture.type === "image/jpeg" ? "form.jpg" : "form.png";
  form.append("template", asFile(sent), "template.json");
  // The picture of a version before stays unless another one was chosen.
  if (editor.isReference && !editor.isKept) form.append("reference", editor.picture, sent.reference);
  if (!editor.id) return call("POST", editor.templates, form);
  return call("PUT", `${editor.templates}/${editor.id}`, form, { "If-Match": `"${editor.tag}"` });
}

export const remove = (editor) =>
  call("DELETE", `${editor.templates}/${editor.id}`, null, { "If-Match": `"${editor.tag}"` });

/** The invoices to be read with the template: its own, and those that no template fitted. */
export async function toReadAgain(editor, id) {
  const found = [];
  for (const query of [{ template: id }, { status: "needs_review" }]) {
    let token = "";
    do {
      const asked = new URLSearchParams({ ...query, page_size: PAGE, ...(token && { page_token: token }) });
      const page = await call("GET", `${editor.invoices}?${asked}`);
      found.push(...page.invoices.filter((it) => query.template || !it.template).map((it) => it.id));
      token = page.next_page_token;
    } while (token);
  }
  return found;
}

/** Has them read again, and says how far it is. Gives how many could not be asked for. */
export async function readAgain(editor, ids, onProgress) {
  let failed = 0;
  for (const [index, id] of ids.entries()) {
    onProgress(say("Sent {number} of {all} …", { number: index + 1, all: ids.length }));
    await call("POST", `${editor.invoices}/${id}:read`).catch(() => failed++);
  }
  return failed;
}

const asFile = (json) => new Blob([JSON.stringify(json)], { type: "application/json" });
