// Sending recordings: how far it is, and what is wrong with them without losing the choice of files.
"use strict";

const form = document.getElementById("import");
const sending = document.getElementById("sending");
const bar = document.getElementById("sent");
const told = document.getElementById("sent-told");
const place = document.getElementById("problem");

function wrong(html) {
  sending.hidden = true;
  form.querySelector("button[type=submit]").disabled = false;
  place.innerHTML = html;
  const main = document.getElementById("main");
  main.scrollIntoView();
  main.focus({ preventScroll: true });
}

function failed() {
  const box = document.createElement("div");
  box.className = "problem";
  box.append(Object.assign(document.createElement("p"), { textContent: sending.dataset.failed }));
  wrong(box.outerHTML);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  place.replaceChildren();
  sending.hidden = false;
  told.textContent = "";
  bar.value = 0;
  form.querySelector("button[type=submit]").disabled = true;
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", (part) => {
    if (!part.lengthComputable) return;
    bar.value = (100 * part.loaded) / part.total;
    if (part.loaded < part.total) return;
    bar.removeAttribute("value"); // now they are heard, and nobody knows for how long
    told.textContent = sending.dataset.hearing;
  });
  request.addEventListener("load", () => {
    const path = request.getResponseHeader("HX-Redirect");
    if (path) window.location.assign(path);
    else if (request.status < 500 || request.status === 503) wrong(request.responseText);
    else failed();
  });
  request.addEventListener("error", failed);
  request.open("POST", form.action);
  request.setRequestHeader("HX-Request", "true");
  request.send(new FormData(form));
});
