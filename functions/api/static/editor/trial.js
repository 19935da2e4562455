// A template that isn't saved yet, tried on earlier invoices: what it would read, beside what they hold.

import { call } from "../api.js";
import { say } from "../words.js";

const MOST = 6;

/** Those of this template, the newest first; of a new one, those that no template fitted. */
async function earlier(editor) {
  const ask = (query) => call("GET", `${editor.invoices}?${new URLSearchParams(query)}`);
  if (editor.id) return (await ask({ template: editor.id, page_size: MOST })).invoices;
  const { invoices } = await ask({ page_size: 50 });
  return invoices.filter((invoice) => invoice.object && !invoice.template).slice(0, MOST);
}

/** Fills the table, invoice by invoice. `form` makes what is sent to try the template. */
export async function test(editor, form) {
  const part = (id) => document.getElementById(id);
  const [section, state, table] = [part("trial"), part("trial-state"), part("trial-table")];
  section.hidden = false;
  table.replaceChildren();
  state.textContent = say("Reading …");
  const invoices = await earlier(editor);
  if (!invoices.length) {
    state.textContent = say("There is no earlier invoice to test on.");
    return;
  }
  const body = document.createElement("tbody");
  table.append(body);
  let [same, other] = [0, 0];
  for (const [index, invoice] of invoices.entries()) {
    state.textContent = say("Reading {number} of {all} …", { number: index + 1, all: invoices.length });
    try {
      const outcome = await call("POST", editor.try, form(invoice.id));
      if (!table.tHead) table.prepend(head(Object.keys(outcome.fields)));
      const cells = Object.entries(outcome.fields).map(([name, now]) => compared(now, invoice.fields[name]));
      same += cells.filter((cell) => cell.className === "same").length;
      other += cells.filter((cell) => cell.className === "other").length;
      const misplaced = outcome.reasons.some((reason) => reason.code === "not_aligned");
      body.append(row(editor, invoice, misplaced ? say("does not fit this form") : "", cells));
    } catch (error) {
      body.append(row(editor, invoice, error.said, []));
    }
  }
  state.textContent = say("{same} values are as before, {other} are not.", { same, other });
  section.scrollIntoView({ block: "nearest" });
}

function head(names) {
  const line = document.createElement("tr");
  for (const name of [say("File"), ...names]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = name;
    line.append(cell);
  }
  const part = document.createElement("thead");
  part.append(line);
  return part;
}

function row(editor, invoice, note, cells) {
  const line = document.createElement("tr");
  const file = document.createElement("th");
  file.scope = "row";
  const link = document.createElement("a");
  link.href = editor.invoicePage.replace("ID", invoice.id);
  const name = document.createElement("bdi");
  name.textContent = invoice.source.name;
  link.append(name);
  file.append(link);
  if (note) {
    const said = document.createElement("p");
    said.className = "fault";
    said.textContent = note;
    file.append(said);
  }
  line.append(file, ...cells);
  return line;
}

/** What is read now; where that is something else than before, before as well. */
function compared(now, before) {
  const cell = document.createElement("td");
  const value = document.createElement("bdi");
  value.textContent = (now.value ?? now.text) || "—";
  if (now.kind !== "text") value.dir = "ltr";
  cell.append(value);
  if (before && before.value !== now.value) {
    cell.className = "other";
    const old = document.createElement("s");
    old.textContent = before.value ?? "—";
    cell.append(" ", old);
  } else if (before) {
    cell.className = "same";
  }
  return cell;
}
