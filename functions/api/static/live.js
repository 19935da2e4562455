// Keeps the parts of a page that are marked `data-live` as the server has them now.
//
// The page's own address is asked for again; the browser sends along the tag of what it has, so an
// unchanged page costs a few hundred bytes.

const QUICK_MS = 700; // while something is being read
const SLOW_MS = 1500;
const AFTER_FAILURE_MS = 4000;
const SIGNED_OUT_MS = 60_000;
const PATIENCE_MS = 30_000; // a line that was lost, as when a computer slept, says nothing for good

const sent = new WeakMap(); // element → its HTML as the server sent it, before we touched it
let tag = null; // of the page as it was answered last

/** Takes `root`, as the server sent it, for what is shown now. To be called before it is changed. */
export function adopt(root) {
  tag = null;
  for (const element of root.querySelectorAll("[data-live], [data-live] [id]")) {
    sent.set(element, element.outerHTML);
  }
}

/**
 * @param {{always: boolean, onChange: (root: Element) => void,
 *   isKept?: (part: Element) => boolean}} options always: also when nothing
 *   is being read. onChange: called for each part that is new, and at the start for the document.
 *   isKept: whether a part must stay as it is, because somebody works on it.
 */
export function keepFresh({ always, onChange, isKept = () => false }) {
  let timer = 0;
  let looking = false;
  let again = false;

  adopt(document);
  onChange(document.documentElement);

  async function look() {
    again = looking;
    if (looking || document.hidden) return; // goes on when it is shown again
    looking = true;
    clearTimeout(timer);
    try {
      const answer = await fetch(location.href, {
        cache: "no-cache",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (answer.status >= 500) throw new Error(answer.statusText);
      // A session has ended: what is shown stays as it is.
      document.getElementById("signed-out").hidden = answer.status !== 401;
      if (answer.status === 401) {
        showOffline(false);
        wait(SIGNED_OUT_MS);
        return;
      }
      if (answer.ok && answer.headers.get("ETag") !== tag) {
        tag = answer.headers.get("ETag");
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of document.querySelectorAll("[data-live]")) {
          const now = page.getElementById(part.id);
          if (now && !isKept(part)) renew(part, now, onChange);
        }
      }
      showOffline(false);
      wait(pause());
    } catch {
      showOffline(true);
      wait(AFTER_FAILURE_MS);
    } finally {
      looking = false;
    }
  }

  function pause() {
    if (document.querySelector("[data-pending]")) return QUICK_MS;
    return always ? SLOW_MS : Infinity;
  }

  function wait(milliseconds) {
    if (again) timer = setTimeout(look, 0);
    else if (milliseconds !== Infinity) timer = setTimeout(look, milliseconds);
  }

  document.addEventListener("visibilitychange", look);
  document.addEventListener("khana:changed", look);
  wait(pause());
}

function renew(part, now, onChange) {
  const html = now.outerHTML;
  if (sent.get(part) === html) return;
  const rows = part.querySelector("#rows");
  const rowsNow = now.querySelector("#rows");
  if (part.dataset.live === "keyed" && rows && rowsNow) {
    renewRows(rows, rowsNow, onChange);
    sent.set(part, html);
    return;
  }
  part.replaceWith(now);
  for (const element of [now, ...now.querySelectorAll("[id]")]) {
    sent.set(element, element.outerHTML);
  }
  onChange(now);
}

// Rows that did not change stay in place, with their pictures, focus and selection.
function renewRows(rows, rowsNow, onChange) {
  const known = new Map([...rows.children].map((row) => [row.id, row]));
  const wanted = [...rowsNow.children].map((row) => {
    const old = known.get(row.id);
    if (old && sent.get(old) === row.outerHTML) return old;
    const html = row.outerHTML;
    sent.set(row, html);
    if (!old) row.classList.add("fresh");
    onChange(row);
    return row;
  });
  const focused = document.activeElement?.closest("tr")?.id;
  wanted.forEach((row, index) => {
    if (rows.children[index] !== row) rows.insertBefore(row, rows.children[index] ?? null);
  });
  while (rows.children.length > wanted.length) rows.lastElementChild.remove();
  if (focused && document.activeElement === document.body) {
    document.getElementById(focused)?.querySelector("a")?.focus();
  }
}

function showOffline(offline) {
  document.getElementById("offline").hidden = !offline;
}
