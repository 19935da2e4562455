// What is done to several invoices of the list at once.

import { call, Refusal, seen } from "./api.js";
import * as reviewer from "./reviewer.js";
import { say } from "./words.js";

const AT_ONCE = 3;

const picked = new Set(); // ids; rows come and go
const boxes = () => [...document.querySelectorAll("[data-pick]")];

/** Has the boxes of the rows that are shown now say what is chosen. */
export function markPicked() {
  const shown = new Set(boxes().map((box) => box.dataset.pick));
  for (const id of picked) if (!shown.has(id)) picked.delete(id);
  for (const box of boxes()) box.checked = picked.has(box.dataset.pick);
  const all = document.querySelector("[data-pick-all]");
  if (all) {
    all.checked = picked.size > 0 && picked.size === shown.size;
    all.indeterminate = picked.size > 0 && !all.checked;
  }
  const bar = document.getElementById("bulk");
  if (!bar || bar.dataset.busy) return;
  bar.hidden = picked.size === 0;
  document.getElementById("bulk-count").textContent = say("{number} chosen", { number: picked.size });
}

export function enableBulk() {
  const bar = document.getElementById("bulk");
  if (!bar) return; // who may only look
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("[data-pick-all]")) for (const each of boxes()) toggle(each.dataset.pick, box.checked);
    else if (box.matches("[data-pick]")) toggle(box.dataset.pick, box.checked);
    else return;
    tell("");
    markPicked();
  });
  document.addEventListener("click", (event) => {
    const act = event.target.closest("[data-bulk]")?.dataset.bulk;
    const dialog = document.getElementById("deleting");
    if (act === "none") clear();
    else if (act === "ask-delete") dialog.showModal();
    else if (act === "cancel") dialog.close();
    else if (act === "delete") dialog.close(), doAll(bar, (url) => call("DELETE", url));
    else if (act === "read") doAll(bar, (url) => call("POST", `${url}:read`));
    else if (act === "accept") doAll(bar, (url) => accept(url, bar.dataset.reviewer || reviewer.known() || say("Reviewer")));
  });
}

function toggle(id, chosen) {
  chosen ? picked.add(id) : picked.delete(id);
}

function clear() {
  picked.clear();
  markPicked();
}

/** Confirms what was read, each value of it. What is wrong all the same wants a look of its own. */
async function accept(url, by) {
  const [invoice, tag] = await seen(url);
  if (Object.keys(invoice.fields).length === 0) {
    throw new Refusal(say("Nothing was read in it: look at it by itself."), 200);
  }
  if (invoice.reasons.some(({ code }) => code === "seen_before")) {
    throw new Refusal(say("This seems to be here twice: look at it by itself."), 200);
  }
  const read = Object.entries(invoice.fields).filter(([, reading]) => reading.value !== null);
  const fields = Object.fromEntries(read.map(([name, { value }]) => [name, { value }]));
  const now = await call("PATCH", url, { fields, status: "done", reviewed_by: by }, { "If-Match": tag });
  if (now.status === "needs_review") {
    const why = say("A required value is missing or a rule is broken: look at it by itself.");
    throw new Refusal(why, 200);
  }
}

/** Does it to every chosen one, a few at a time; those that it can't be done to stay chosen. */
async function doAll(bar, act) {
  if (bar.dataset.busy) return;
  bar.dataset.busy = true;
  const waiting = [...picked];
  const all = waiting.length;
  let [done, said] = [0, ""];
  const work = async () => {
    for (let id; (id = waiting.shift()); ) {
      try {
        await act(`${bar.dataset.invoices}/${id}`);
        picked.delete(id);
        done += 1;
      } catch (error) {
        said = error.said;
      }
      tell(say("{number} of {all} …", { number: done, all }));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  delete bar.dataset.busy;
  tell(said && `${say("Not done: {number}.", { number: all - done })} ${said}`);
  markPicked();
  document.dispatchEvent(new Event("khana:changed"));
}

function tell(words) {
  document.getElementById("bulk-said").textContent = words;
}
