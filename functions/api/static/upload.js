// Uploads by button, by dropping files anywhere on the page and by pasting them, a few at a time,
// with progress.

import { inWords } from "./api.js";
import { say } from "./words.js";

const AT_ONCE = 3;
const MOST_TRIES = 20;

export function enableUploads() {
  const form = document.getElementById("upload");
  if (!form) return; // who may only look
  const tray = document.getElementById("tray");
  const drop = document.getElementById("drop");
  const input = form.querySelector("input");
  const waiting = [];
  let running = 0;
  let depth = 0; // drag events come for each element that the pointer passes

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-upload]")) input.click();
    if (event.target.closest("[data-close]")) {
      tray.hidden = true;
      tray.querySelector("ul").replaceChildren();
    }
  });
  input.addEventListener("change", () => {
    take(input.files);
    input.value = ""; // so that the same file can be chosen again
  });

  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  const show = (change) => {
    depth = Math.max(0, depth + change);
    drop.hidden = depth === 0;
  };
  document.addEventListener("dragenter", (event) => holdsFiles(event) && show(1));
  document.addEventListener("dragleave", (event) => holdsFiles(event) && show(-1));
  document.addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    show(-depth);
    take(event.dataTransfer.files);
  });

  document.addEventListener("paste", (event) => {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    take(event.clipboardData.files);
  });

  const left = () => running + waiting.length;
  // Those that are not there yet would be lost with the page.
  window.addEventListener("beforeunload", (event) => left() > 0 && event.preventDefault());

  function take(files) {
    for (const file of files) waiting.push({ file, line: addLine(tray, file.name) });
    tray.hidden = tray.querySelector("li") === null;
    next();
  }

  function next() {
    while (running < AT_ONCE && waiting.length) {
      running += 1;
      const { file, line } = waiting.shift();
      send(form, file, line).finally(() => {
        running -= 1;
        next();
      });
    }
    const failed = tray.querySelectorAll(".failed").length;
    const title = left()
      ? say("Uploading {number} …", { number: left() })
      : failed
        ? say("Not uploaded: {number}", { number: failed })
        : say("Uploaded");
    document.getElementById("tray-title").textContent = title;
  }
}

function addLine(tray, name) {
  const line = document.createElement("li");
  const label = document.createElement("bdi");
  label.className = "name";
  label.textContent = name;
  const state = document.createElement("span");
  state.className = "state";
  state.textContent = say("Waiting");
  const progress = document.createElement("progress");
  progress.max = 1;
  progress.value = 0;
  progress.setAttribute("aria-label", name);
  line.append(label, state, progress);
  tray.querySelector("ul").prepend(line);
  return line;
}

async function send(form, file, line) {
  const most = Number(form.dataset.maxBytes);
  if (file.size > most) {
    return fail(line, say("The file is larger than {number} MB.", { number: Math.floor(most / 2 ** 20) }));
  }
  const state = line.querySelector(".state");
  const progress = line.querySelector("progress");
  state.textContent = say("Uploading");
  try {
    const answer = await postPatiently(form.dataset.url, file, (share) => {
      progress.value = share;
    });
    if (!answer.id) return fail(line, inWords(answer.error, file.name));
    progress.remove();
    const link = document.createElement("a");
    link.href = form.dataset.invoice.replace("ID", answer.id);
    link.textContent = say("Show");
    state.replaceChildren(link);
    document.dispatchEvent(new Event("khana:changed"));
  } catch {
    fail(line, say("Khana can’t be reached, or ended the upload. Try again."));
  }
}

// A thousand files at once are more than Khana takes in a minute: it says how long to wait.
async function postPatiently(url, file, onProgress) {
  for (let tries = 1; ; tries++) {
    const request = await post(url, file, onProgress);
    if (![429, 503].includes(request.status) || tries === MOST_TRIES) return request.response;
    const seconds = Number(request.getResponseHeader("Retry-After")) || 2 ** Math.min(tries, 5);
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  }
}

// Not fetch: it can't tell how far an upload has come.
function post(url, file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      request.response ? resolve(request) : reject(new Error(request.statusText));
    });
    request.addEventListener("error", reject);
    request.responseType = "json";
    request.open("POST", url);
    request.send(body);
  });
}

function fail(line, message) {
  line.className = "failed";
  line.querySelector(".state").textContent = message;
  line.querySelector("progress")?.remove();
}
