// Review by keyboard: each field is confirmed or corrected, then the next invoice comes.

import { call, withoutName } from "./api.js";
import { show, stepZoom, toggleZoom } from "./paper.js";
import { go, preload, showAgain } from "./preload.js";
import { say } from "./words.js";

const NAME = "khana.reviewer"; // where the browser keeps who reviews

let busy = false;
let arrived; // to be called when an invoice has come in place of another

const form = () => document.querySelector(".review");
const entries = () => [...document.querySelectorAll(".review .value:not([readonly])")];
const isChanged = (entry) => entry.value !== entry.defaultValue;

/** Whether somebody has begun to review what is shown. */
export const isBegun = () => Boolean(document.querySelector(".field.sure")) || entries().some(isChanged);

/** Makes what has just come ready to be reviewed. */
export function prepare() {
  const [first] = entries();
  if (!first) return;
  const who = form().querySelector("[data-reviewer]");
  who.value = localStorage.getItem(NAME) ?? "";
  if (document.querySelector(".badge.needs_review")) first.focus({ preventScroll: true });
  preload(document.getElementById("invoice").dataset.afterReview);
}

export function enableReview(onArrival) {
  arrived = onArrival;
  const advance = () => go(document.getElementById("invoice").dataset.afterReview, onArrival);

  document.addEventListener("focusin", (event) => {
    if (!event.target.matches(".review .value")) return;
    event.target.select();
    show(event.target.name);
  });
  document.addEventListener("input", (event) => {
    const field = event.target.closest(".review .field");
    if (!field) return;
    field.classList.remove("sure");
    field.classList.toggle("changed", isChanged(event.target));
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-reviewer]")) localStorage.setItem(NAME, event.target.value);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches(".review")) return;
    event.preventDefault();
    accept(advance);
  });
  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (at("[data-zoom]")) stepZoom(at("[data-zoom]").dataset.zoom);
    else if (at("[data-reject]")) ask();
    else if (at("[data-take]")) take(at("[data-take]"));
    else if (at("[data-cancel]")) at("dialog").close();
    else if (at("[data-insist]")) insist(at("dialog"), advance);
    else if (at("[data-why]")) refuse(at("[data-why]").dataset.why, advance);
    else if (at("[data-why-other]")) refuse(at("dialog").querySelector("input").value, advance);
    else if (at(".boxes [data-field]")) {
      document.getElementById(`value-${at("[data-field]").dataset.field}`).focus();
    }
  });
  document.addEventListener("keydown", (event) => press(event, advance));
}

function press(event, advance) {
  if (event.isComposing || document.querySelector("dialog[open]")) return pressInDialog(event, advance);
  const entry = event.target.closest(".review .value");
  const action = {
    F2: toggleZoom,
    F8: () => form()?.querySelector("[data-reject]") && ask(),
    PageDown: () => document.querySelector(".steps [rel=next]")?.click(),
    PageUp: () => document.querySelector(".steps [rel=prev]")?.click(),
    Enter: event.ctrlKey || event.metaKey ? () => accept(advance) : entry && (() => confirm(entry, advance)),
    ArrowDown: entry && (() => step(entry, 1)),
    ArrowUp: entry && (() => step(entry, -1)),
    Escape: entry && (() => undo(entry)),
  }[event.key];
  if (!action || event.altKey || event.shiftKey) return;
  event.preventDefault();
  action();
}

function pressInDialog(event, advance) {
  if (event.key !== "Enter" || event.target.name !== "why") return;
  event.preventDefault();
  refuse(event.target.value, advance);
}

function step(entry, direction) {
  const all = entries();
  all[all.indexOf(entry) + direction]?.focus();
}

// This one is right; after the last, so is the invoice.
function confirm(entry, advance) {
  entry.closest(".field").classList.add("sure");
  const all = entries();
  const open = all.filter((other) => !other.closest(".field").classList.contains("sure"));
  const next = open.find((other) => all.indexOf(other) > all.indexOf(entry)) ?? open[0];
  if (next) next.focus();
  else accept(advance);
}

function undo(entry) {
  entry.value = entry.defaultValue;
  entry.closest(".field").classList.remove("changed", "sure");
  entry.select();
}

// A value that a rule asks for: typed for the person, who still confirms it.
function take(button) {
  const entry = button.closest(".field").querySelector(".value");
  entry.value = button.dataset.take;
  entry.dispatchEvent(new Event("input", { bubbles: true }));
  entry.focus();
}

async function accept(advance) {
  if (!entries().length) return;
  const fields = {};
  for (const entry of entries()) {
    const value = isChanged(entry) ? entry.value : entry.dataset.value;
    // What means nothing and was left so is neither confirmed nor corrected.
    if (isChanged(entry) || value) fields[entry.name] = { value: value || null };
  }
  await send({ fields, status: "done" }, advance);
}

// As it has been kept; what is wrong with it is what the dialog says.
async function insist(dialog, advance) {
  dialog.close();
  await send({ status: "done", insist: true }, advance);
}

function ask() {
  const dialog = form().querySelector(".rejecting");
  dialog.showModal();
  dialog.querySelector("[data-why]").focus();
}

async function refuse(why, advance) {
  if (!why.trim()) return;
  form().querySelector(".rejecting").close();
  await send({ status: "failed", rejected_because: why }, advance);
}

async function send(review, advance) {
  if (busy) return;
  busy = true;
  const here = form();
  const who = here.querySelector("[data-reviewer]").value.trim() || say("Reviewer");
  here.classList.add("busy");
  complain(here, null);
  try {
    const seen = { "If-Match": `"${here.dataset.tag}"` };
    const now = await call("PATCH", here.action, { ...review, reviewed_by: who }, seen);
    if (now.status === "needs_review") await askToInsist();
    else await advance();
  } catch (error) {
    complain(here, error);
  } finally {
    busy = false;
    here.classList.remove("busy");
  }
}

// What was typed is kept, but something is missing or breaks a rule.
async function askToInsist() {
  await showAgain(arrived);
  form().querySelector(".insisting").showModal();
}

// Beside the field that the sentence begins with, else above the buttons.
function complain(here, error) {
  const general = here.querySelector(".bar .fault");
  general.hidden = true;
  for (const entry of entries()) entry.removeAttribute("aria-invalid");
  if (error === null) return;
  const entry = entries().find(({ name }) => error.message.startsWith(`${name}: `));
  const fault = entry ? document.getElementById(`fault-${entry.name}`) : general;
  fault.textContent = entry ? withoutName(error.said, entry.name) : error.said;
  fault.hidden = false;
  entry?.setAttribute("aria-invalid", "true");
  entry?.closest(".field").classList.remove("sure");
  entry?.focus();
}
