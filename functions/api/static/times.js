// Times as the reader's own clock and language have them; the server writes UTC.

const language = document.documentElement.lang;
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" });

export function showTimes(root) {
  for (const element of root.querySelectorAll("time")) {
    const at = new Date(element.dateTime);
    const today = new Date();
    element.title = full.format(at);
    if (at.toDateString() === today.toDateString()) {
      element.textContent = clock.format(at);
    } else if (at.getFullYear() === today.getFullYear()) {
      element.textContent = `${day.format(at)}, ${clock.format(at)}`;
    } else {
      element.textContent = `${day.format(at)} ${at.getFullYear()}`;
    }
  }
}
