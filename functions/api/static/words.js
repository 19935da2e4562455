// What scripts say, in the language of the page.

const words = JSON.parse(document.getElementById("words").textContent);

/** `english` in the language of the page, with `values` in the places of `{name}`. */
export function say(english, values = {}) {
  return (words[english] ?? english).replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}
