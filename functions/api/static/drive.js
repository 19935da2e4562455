import { call } from "./api.js";
import { keepFresh } from "./live.js";
import { showTimes } from "./times.js";
import { enableUploads } from "./upload.js";
import { say } from "./words.js";

enableUploads();
keepFresh({ always: true, onChange: showTimes });

document.getElementById("look")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const said = document.getElementById("said");
  const button = form.querySelector("button");
  button.disabled = true;
  said.hidden = false;
  said.textContent = say("Looking …");
  try {
    said.textContent = report(await call("POST", form.action));
  } catch (error) {
    said.textContent = error.said;
  }
  button.disabled = false;
  document.dispatchEvent(new Event("khana:changed"));
});

function report({ received, failed, busy, finished }) {
  if (busy.length) return say("Another look is under way; it looks once more after that.");
  const words = [say("Came: {number}.", { number: received })];
  if (failed.length) words.push(say("Not taken in: {number}.", { number: failed.length }));
  if (!finished) words.push(say("There is more: look again."));
  return words.join(" ");
}
