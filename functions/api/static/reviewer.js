// Who reviews, where nobody signs in: the browser keeps the name that was typed.

const NAME = "khana.reviewer";

export const known = () => localStorage.getItem(NAME) ?? "";
export const keep = (name) => localStorage.setItem(NAME, name);
