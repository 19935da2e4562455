// The next invoice to review, asked for while this one is looked at, so that it is there at once.

import { Refusal } from "./api.js";
import { adopt } from "./live.js";
import { say } from "./words.js";

let next = null; // {url, page: Promise<Document | null>}

/** Asks for the page at `url`, and for the pictures on it. */
export function preload(url) {
  if (next?.url === url) return;
  next = { url, page: fetchPage(url).catch(() => null) };
}

/** Goes to `url`: in place where it is an invoice that is here already, else as a link does. */
export async function go(url, onArrival) {
  const page = next?.url === url ? await next.page : null;
  next = null;
  if (!page?.querySelector("main #invoice")) {
    location.assign(url);
    return;
  }
  history.pushState(null, "", url);
  here = location.pathname + location.search;
  scrollTo(0, 0);
  take(page, onArrival);
}

/** Shows the invoice of this page as it is kept now. Throws Refusal. */
export async function showAgain(onArrival) {
  const page = await fetchPage(location.href).catch(() => {
    throw new Refusal(say("Khana can’t be reached. Try again."), 0);
  });
  if (page?.querySelector("main #invoice")) take(page, onArrival);
  else location.reload();
}

function take(page, onArrival) {
  const main = page.querySelector("main");
  document.title = page.title;
  adopt(main);
  document.querySelector("main").replaceWith(document.adoptNode(main));
  onArrival();
}

async function fetchPage(url) {
  const answer = await fetch(url, { cache: "no-cache" });
  if (!answer.ok) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const image of page.querySelectorAll("main img")) {
    new Image().src = image.getAttribute("src"); // the browser keeps what it has decoded
  }
  return page;
}

// A link within the page, to its content, is one, too; only where `go` went is another invoice.
let here = location.pathname + location.search;
window.addEventListener("popstate", () => {
  if (location.pathname + location.search !== here) location.reload();
});
