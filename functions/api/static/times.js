// Times as the reader's own clock and language have them; the server writes UTC.

const language = document.documentElement.lang;
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" });

const month = new Intl.DateTimeFormat(language, { month: "short", year: "2-digit", timeZone: "UTC" });

// Of a page that is left open, today's times are yesterday's at some point.
setInterval(() => showTimes(document), 60 * 60 * 1000);

export function showTimes(root) {
  for (const element of root.querySelectorAll("time")) {
    if (/^\d{4}-\d\d$/.test(element.dateTime)) {
      element.textContent = month.format(new Date(`${element.dateTime}-01T00:00Z`));
      continue;
    }
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
