import { keepFresh } from "./live.js";
import { showTimes } from "./times.js";
import { enableUploads } from "./upload.js";

enableUploads();
keepFresh({
  always: false,
  onChange: (root) => {
    showTimes(root);
    noteBroken(root);
  },
});

// A picture that the browser can't show (a damaged file, say) gives way to words.
function noteBroken(root) {
  for (const image of root.querySelectorAll(".sheet img")) {
    const note = () => image.classList.add("broken");
    if (image.complete && !image.naturalWidth) note();
    else image.addEventListener("error", note);
  }
}

// A box and its value light up together.
for (const kind of ["pointerover", "focusin"]) {
  document.addEventListener(kind, (event) => {
    const field = event.target.closest?.("[data-field]")?.dataset.field;
    for (const element of document.querySelectorAll("[data-field]")) {
      element.classList.toggle("lit", element.dataset.field === field);
    }
  });
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest(".again");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  const fault = form.querySelector(".fault");
  button.disabled = true;
  fault.hidden = true;
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ template: form.elements.template.value || null }),
    });
    if (!answer.ok) throw new Error((await answer.json()).error.message);
    document.dispatchEvent(new Event("khana:changed"));
  } catch (error) {
    fault.textContent = error.message;
    fault.hidden = false;
    button.disabled = false;
  }
});
