// The editor by keyboard.

import { shaped } from "./pen.js";

const FAR = 10; // pixels that an arrow key moves by, with Ctrl
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const TYPED = "input:not([type=checkbox]), select, textarea";

/** @param {Record<string, () => void>} acts by the name of the key, or its name after `Ctrl `. */
export function enableKeys(stage, drawing, pen, panel, acts) {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || document.querySelector("dialog[open]")) return;
    const ctrl = event.ctrlKey || event.metaKey;
    const typing = event.target.matches(TYPED);
    const name = `${ctrl ? "Ctrl " : ""}${keyOf(event)}`;
    if (typing && name !== "Ctrl s") {
      if (event.key === "Escape" || (event.key === "Enter" && event.target.matches("[data-of=name]"))) {
        event.preventDefault(); // it would send the form
        stage.view.focus();
      }
      return;
    }
    const onStage = stage.view.contains(event.target) || event.target === document.body;
    const act = ARROWS[event.key] && onStage ? arrow(event) : plain(name, onStage);
    if (!act) return;
    event.preventDefault();
    act();
  });

  // With an Arabic layout the key that says N types another letter: then it counts where it is.
  function keyOf({ key, code }) {
    if (key.length > 1) return key;
    return (/[ -~]/.test(key) ? key : code.replace(/^Key|^Digit/, "")).toLowerCase();
  }

  function plain(name, onStage) {
    if (name === "Enter" || name === "Delete" || name === "Backspace") {
      if (!onStage || !drawing.current) return null;
      return name === "Enter" ? () => panel.name(drawing.chosen) : () => drawing.remove(drawing.chosen);
    }
    return acts[name];
  }

  function arrow(event) {
    const { current } = drawing;
    if (!current?.here) return null;
    const far = event.ctrlKey ? FAR : 1;
    const [dx, dy] = ARROWS[event.key].map((step) => step * far);
    const sides = event.shiftKey ? [2, 3] : null;
    return () => {
      drawing.change(current.key, { box: shaped(current.box, sides, dx, dy, stage.size) }, "arrows");
      stage.reveal(drawing.current.box);
    };
  }
}
