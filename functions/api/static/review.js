// Review by keyboard: each field is confirmed or corrected, then the next invoice comes.

import { call, withoutName } from "./api.js";
import { show, stepZoom, toggleZoom } from "./paper.js";
import { go, preload, showAgain } from "./preload.js";
import * as reviewer from "./reviewer.js";
import { say } from "./words.js";

let busy = false;
let arrived; // to be called when an invoice has come in place of another
const settled = new Set(); // paths of the invoices that were accepted or rejected here

const form = () => document.querySelector(".review");
const entries = () => [...document.querySelectorAll(".review .value:not([readonly])")];
const isChanged = (entry) => entry.value !== entry.defaultValue;

/** Whether somebody has begun to review what is shown, or waits for what it is taken for. */
export const isBegun = () => busy || Boolean(document.querySelector(".field.sure")) || entries().some(isChanged);

/** Makes what has just come ready to be reviewed. */
export function prepare() {
  const [first] = entries();
  if (!first) return;
  const who = form().querySelector("[data-reviewer]");
  who.value = reviewer.known();
  if (document.querySelector(".badge.needs_review")) first.focus({ preventScroll: true });
  preload(document.getElementById("invoice").dataset.afterReview);
}

export function enableReview(onArrival) {
  arrived = onArrival;
  const next = () => document.getElementById("invoice").dataset.afterReview;
  const advance = async () => {
    settled.add(location.pathname);
    // The page at hand was asked for while the one before it was open, and may lead back there.
    if (settled.has(new URL(next(), location.href).pathname)) await showAgain(onArrival);
    await go(next(), onArrival);
  };

  document.addEventListener("focusin", (event) => {
    if (!event.target.matches(".review .value")) return;
    event.target.select();
    show(event.target.name);
    reveal(event.target);
  });
  document.addEventListener("beforeinput", (event) => {
    if (event.target.matches(".review .value") && !event.isComposing) ungroup(event.target, event);
  });
  document.addEventListener("input", (event) => {
    const field = event.target.closest(".review .field");
    if (!field) return;
    field.classList.remove("sure");
    field.classList.toggle("changed", isChanged(event.target));
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-reviewer]")) reviewer.keep(event.target.value);
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
    else if (at("[data-renew]")) renew();
    else if (at("[data-cancel]")) at("dialog").close();
    else if (at("[data-insist]")) insist(at("dialog"), advance);
    else if (at("[data-why]")) refuse(at("[data-why]").dataset.why, advance);
    else if (at("[data-why-other]")) refuse(at("dialog").querySelector("input").value, advance);
    else if (at(".boxes [data-field]")) {
      document.getElementById(`value-${at("[data-field]").dataset.field}`).focus();
    }
  });
  document.addEventListener("keydown", (event) => press(event, advance));
  window.addEventListener("beforeunload", (event) => entries().some(isChanged) && event.preventDefault());
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

// The commas of '12,500' are for the eye: with one digit more or less, '12,50' would have decimals.
function ungroup(entry, event) {
  const { value, selectionStart, selectionEnd } = entry;
  if (entry.inputMode !== "decimal" || !entry.dataset.value || isChanged(entry)) return;
  if (selectionEnd - selectionStart === value.length) return; // all of it is typed anew
  const gone = going(value, selectionStart, selectionEnd, event.inputType);
  const plain = (end) => value.slice(0, end).replaceAll(",", "");
  entry.value = plain(value.length);
  entry.setSelectionRange(plain(selectionStart).length, plain(selectionEnd).length);
  if (gone !== ",") return;
  event.preventDefault(); // it has gone, and the digit beside it is not to go in its place
  entry.dispatchEvent(new Event("input", { bubbles: true }));
}

// What is deleted, where that is what is selected or one character.
function going(value, start, end, how) {
  if (!how.startsWith("delete")) return "";
  if (start !== end) return value.slice(start, end);
  return { deleteContentBackward: value[start - 1], deleteContentForward: value[start] }[how] ?? "";
}

function step(entry, direction) {
  const all = entries();
  all[all.indexOf(entry) + direction]?.focus();
}

// All of a field is seen, also above the bar: nobody is to confirm what they can't see.
function reveal(entry) {
  entry.closest(".field").scrollIntoView({ block: "nearest" });
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
  fill(entry, button.dataset.take);
  entry.focus();
}

function fill(entry, value) {
  entry.value = value;
  entry.dispatchEvent(new Event("input", { bubbles: true }));
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
    for (const entry of entries()) entry.defaultValue = entry.value; // nothing is lost any more
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

// Shows what somebody else has made of it; what was typed where they changed nothing stays typed.
async function renew() {
  const typed = new Map(entries().filter(isChanged).map((entry) => [entry.name, entry]));
  try {
    await showAgain(arrived);
  } catch (error) {
    return complain(form(), error);
  }
  for (const entry of entries()) {
    const before = typed.get(entry.name);
    if (before?.defaultValue === entry.defaultValue) fill(entry, before.value);
  }
}

// Beside the field that the sentence begins with, else above the buttons.
function complain(here, error) {
  const [general, renewing] = here.querySelectorAll(".bar .fault, [data-renew]");
  general.hidden = renewing.hidden = true;
  for (const entry of entries()) entry.removeAttribute("aria-invalid");
  if (error === null) return;
  const entry = entries().find(({ name }) => error.message.startsWith(`${name}: `));
  const fault = entry ? document.getElementById(`fault-${entry.name}`) : general;
  fault.textContent = entry ? withoutName(error.said, entry.name) : error.said;
  fault.hidden = false;
  entry?.setAttribute("aria-invalid", "true");
  entry?.closest(".field").classList.remove("sure");
  entry?.focus();
  if (entry) reveal(entry); // also where it has been at hand all along
  renewing.hidden = ![409, 412].includes(error.status); // it is not what was seen
  if (!renewing.hidden) renewing.focus();
}
