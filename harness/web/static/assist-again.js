// The time until a test is dialled again: counted down here, and the page asked for anew when it has passed.
"use strict";

(() => {
  const begun = performance.now();
  const form = document.querySelector("main form");
  let touched = false;
  form.addEventListener("input", () => (touched = true));
  const places = [...document.querySelectorAll("[data-left]")];
  const timer = setInterval(() => {
    for (const place of places) {
      const left = Math.ceil(Number(place.dataset.left) - (performance.now() - begun) / 1000);
      const told = left > 0 ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : place.dataset.due;
      if (place.textContent !== told) place.textContent = told;
      if (left > 0 || touched) continue; // what somebody is choosing stays
      clearInterval(timer);
      window.location.reload();
    }
  }, 250);
})();
