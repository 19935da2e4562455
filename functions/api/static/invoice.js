import { call } from "./api.js";
import { keepFresh } from "./live.js";
import { applyZoom } from "./paper.js";
import { enableReview, isBegun, prepare } from "./review.js";
import { showTimes } from "./times.js";
import { enableUploads } from "./upload.js";

enableUploads();
enableReview(() => arrive(document));
keepFresh({ always: false, onChange: arrive, isKept: (part) => part.id === "invoice" && isBegun() });

function arrive(root) {
  showTimes(root);
  noteBroken(root);
  applyZoom();
  prepare();
}

// A picture that the browser can't show (a damaged file, say) gives way to words.
function noteBroken(root) {
  for (const image of root.querySelectorAll(".sheet img")) {
    const note = () => image.classList.add("broken");
    if (image.complete && !image.naturalWidth) note();
    else image.addEventListener("error", note);
  }
}

// A field that is pointed at shows its box, and the other way round.
document.addEventListener("pointerover", (event) => {
  const field = event.target.closest?.("[data-field]")?.dataset.field;
  for (const element of document.querySelectorAll("[data-field]")) {
    element.classList.toggle("pointed", element.dataset.field === field);
  }
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest(".again");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  const fault = form.querySelector(".fault");
  button.disabled = true;
  fault.hidden = true;
  try {
    await call("POST", form.action, { template: form.elements.template.value || null });
    document.dispatchEvent(new Event("khana:changed"));
  } catch (error) {
    fault.textContent = error.said;
    fault.hidden = false;
    button.disabled = false;
  }
});
