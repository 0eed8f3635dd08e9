// What every page needs beside htmx; no page has a script of its own inside it.
"use strict";

// The session ended while a page was open: its live part says so.
document.addEventListener("signed-out", () => {
  window.location.assign("/login");
});

// What went wrong with the last thing is no longer said once the next is asked for.
document.addEventListener("htmx:before:request", (event) => {
  if (!event.target.hasAttribute("hx-sse:connect")) document.getElementById("problem").replaceChildren();
});

// On a narrow screen the menu begins closed; without this script it is open, and everything can be reached.
const menu = document.querySelector("details.menu");
const narrow = window.matchMedia("(max-width: 48rem)");
function fold() {
  if (menu) menu.open = !narrow.matches;
}
narrow.addEventListener("change", fold);
fold();

// What was refused is read first: it may stand far from where the address of the answer leads.
window.addEventListener("load", () => {
  document.querySelector(".look")?.focus();
});

// A form is sent once: a second click while the first is on its way would do the thing twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});

// A canvas knows no variables of a style: a colour as it is in this theme.
function colourOf(name) {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `var(${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
