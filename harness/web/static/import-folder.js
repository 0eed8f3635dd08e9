// A call recorder's folder: sent in parts, one after the other; what is wrong with a file is named, the rest is taken.
// Loaded before import.js, which sends what is left: some files, all or none.
"use strict";

const folder = document.getElementById("folder");
const single = document.getElementById("files");
const folderForm = document.getElementById("import");
const words = document.getElementById("folder-words").dataset;
const outcome = document.getElementById("folder-done");
const stopped = document.getElementById("stop");
const limits = folder.dataset;

document.getElementById("by-folder").hidden = false; // a form without this script would send all of it at once

function tell(text, values) {
  return Object.entries(values).reduce((told, [name, value]) => told.replace(`{${name}}`, () => value), text);
}

function nameOf(file) {
  return file.webkitRelativePath || file.name;
}

function isRecording(file) {
  const kinds = single.accept.split(",");
  return !file.name.startsWith(".") && kinds.some((kind) => file.name.toLowerCase().endsWith(kind));
}

async function isReadable(file) {
  return file.slice(0, 1).arrayBuffer().then(() => true, () => false);
}

// Parts of so many files and bytes as one request may have.
function* partsOf(files) {
  let part = [], bytes = 0;
  for (const file of files) {
    if (part.length && (part.length === Number(limits.part) || bytes + file.size > Number(limits.bytes))) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(file);
    bytes += file.size;
  }
  if (part.length) yield part;
}

async function send(part) {
  const body = new FormData(folderForm);
  body.delete("files");
  part.forEach((file) => body.append("files", file, file.name));
  const answer = await fetch(folder.dataset.to, { method: "POST", body, headers: { "HX-Request": "true" } });
  const path = answer.headers.get("HX-Redirect");
  if (path) window.location.assign(path);
  if (answer.status === 200) return answer.json();
  if (answer.status < 500 || answer.status === 503) throw Object.assign(new Error(), { html: await answer.text() });
  throw new Error();
}

function show(sum) {
  const lines = [tell(words.kept, { count: sum.kept })];
  if (sum.known) lines.push(tell(words.known, { count: sum.known }));
  if (sum.others.length) {
    const names = sum.others.slice(0, 10).join(words.between) + (sum.others.length > 10 ? "…" : "");
    lines.push(tell(words.others, { count: sum.others.length, names }));
  }
  if (sum.left) lines.push(tell(words.left, { count: sum.left }));
  if (sum.wrong.length) lines.push(tell(words.wrong, { count: sum.wrong.length }));
  const list = document.createElement("ul");
  list.append(...sum.wrong.map((one) => Object.assign(document.createElement("li"), { textContent: one })));
  const said = lines.map((one) => Object.assign(document.createElement("p"), { textContent: one }));
  outcome.firstElementChild.replaceChildren(...said, ...(sum.wrong.length ? [list] : []));
  outcome.hidden = false;
}

// Everything of the folder, from its first part to what is said at the end.
async function bring(files) {
  const sum = { kept: 0, known: 0, wrong: [], others: files.filter((one) => !isRecording(one)).map(nameOf), left: 0 };
  const good = [];
  for (const file of files.filter(isRecording).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))) {
    if (file.size > Number(limits.bytes)) sum.wrong.push(tell(words.large, { file: nameOf(file) }));
    else good.push(file);
  }
  const total = good.length;
  let done = 0, problem = null;
  for (const part of partsOf(good)) {
    progress(done, total);
    if (stopped.dataset.pressed) break;
    const there = await Promise.all(part.map(isReadable));
    part.filter((_, n) => !there[n]).forEach((file) => sum.wrong.push(tell(words.gone, { file: nameOf(file) })));
    const sent = part.filter((_, n) => there[n]);
    try {
      const found = sent.length ? await send(sent) : { kept: 0, known: 0, wrong: [] };
      sum.kept += found.kept;
      sum.known += found.known;
      sum.wrong.push(...found.wrong);
    } catch (error) {
      problem = error;
      break;
    }
    done += part.length;
  }
  sum.left = total - done;
  return [sum, problem];
}

function progress(done, total) {
  document.getElementById("sent").value = (100 * done) / total;
  document.getElementById("sent-told").textContent = tell(words.going, { done, total });
}

function stay(event) {
  event.preventDefault();
}

async function begin(files) {
  const button = folderForm.querySelector("button[type=submit]");
  const place = document.getElementById("problem");
  place.replaceChildren();
  outcome.hidden = true;
  button.disabled = true;
  stopped.hidden = false;
  delete stopped.dataset.pressed;
  document.getElementById("sending").hidden = false;
  window.addEventListener("beforeunload", stay);
  const [sum, problem] = await bring(files);
  window.removeEventListener("beforeunload", stay);
  document.getElementById("sending").hidden = true;
  button.disabled = false;
  stopped.hidden = true;
  if (problem) {
    const box = Object.assign(document.createElement("div"), { className: "problem" });
    box.append(Object.assign(document.createElement("p"), { textContent: words.failed }));
    place.innerHTML = problem.html || box.outerHTML;
  }
  show(sum);
  const main = document.getElementById("main");
  main.scrollIntoView();
  main.focus({ preventScroll: true });
}

folder.addEventListener("change", () => {
  single.required = !folder.files.length;
  if (!folder.files.length) return;
  single.value = "";
  document.getElementById("by-names").open = true;
});

single.addEventListener("change", () => {
  if (!single.files.length) return;
  folder.value = "";
  single.required = true;
});

stopped.addEventListener("click", () => {
  stopped.dataset.pressed = "1";
});

folderForm.addEventListener("submit", (event) => {
  const files = [...folder.files];
  const some = [...single.files];
  const bytes = some.reduce((sum, one) => sum + one.size, 0);
  const many = some.length > Number(limits.files) || bytes > Number(limits.bytes);
  if (!files.length && !many) return; // import.js
  event.preventDefault();
  event.stopImmediatePropagation();
  begin(files.length ? files : some);
});
