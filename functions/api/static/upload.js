// Uploads by button and by dropping files anywhere on the page, a few at a time, with progress.

const AT_ONCE = 3;

export function enableUploads() {
  const form = document.getElementById("upload");
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
    const left = running + waiting.length;
    const title = left ? `Uploading ${left} …` : failed ? `${failed} not uploaded` : "Uploaded";
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
  state.textContent = "Waiting";
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
    return fail(line, `The file is larger than ${Math.floor(most / 2 ** 20)} MB.`);
  }
  const state = line.querySelector(".state");
  const progress = line.querySelector("progress");
  state.textContent = "Uploading";
  try {
    const answer = await post(form.dataset.url, file, (share) => {
      progress.value = share;
    });
    if (answer.error) return fail(line, withoutName(answer.error.message, file.name));
    progress.remove();
    const link = document.createElement("a");
    link.href = form.dataset.invoice.replace("ID", answer.id);
    link.textContent = "Show";
    state.replaceChildren(link);
    document.dispatchEvent(new Event("khana:changed"));
  } catch {
    fail(line, "Khana can’t be reached, or ended the upload. Try again.");
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
      request.response ? resolve(request.response) : reject(new Error(request.statusText));
    });
    request.addEventListener("error", reject);
    request.responseType = "json";
    request.open("POST", url);
    request.send(body);
  });
}

// The line shows the name already.
function withoutName(message, name) {
  const rest = message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;
  return rest[0].toUpperCase() + rest.slice(1);
}

function fail(line, message) {
  line.className = "failed";
  line.querySelector(".state").textContent = message;
  line.querySelector("progress")?.remove();
}
