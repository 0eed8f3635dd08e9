// A call in progress: the clock between two pictures, one key an event, the browser's telephone, and where it ends.
"use strict";

(() => {
  const page = document.getElementById("assist");
  const now = document.getElementById("now");
  const text = (id, words) => {
    const place = document.getElementById(id);
    if (place.textContent !== words) place.textContent = words;
  };

  // --- the clock: the server says how much had passed, the page counts on -------------------------------
  let base = null;
  function read() {
    const clock = document.getElementById("clock");
    const elapsed = Number.parseFloat(clock?.dataset.elapsed ?? "");
    base = clock?.dataset.runs && !Number.isNaN(elapsed) ? performance.now() - 1000 * elapsed : null;
    const tester = now.querySelector("[data-tester]")?.dataset.tester;
    if (tester === "here" || tester === "muted") document.getElementById("mute").setAttribute("aria-pressed", String(tester === "muted"));
  }
  function tick() {
    if (base !== null) text("clock", ((performance.now() - base) / 1000).toFixed(1));
  }
  new MutationObserver((changes) => {
    if (changes.some((one) => one.type === "attributes")) read();
  }).observe(now, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-serial", "data-elapsed"] });
  read();
  setInterval(tick, 100);

  // --- keys ---------------------------------------------------------------------------------------------
  document.addEventListener("keydown", (event) => {
    if (!document.getElementById("shortcuts").checked || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.matches("input:not([type=checkbox]), textarea, select")) return;
    const button = page.querySelector(`button[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });
  // What was kept is said once the server has it; what was lost on the way stays written until the next key.
  const named = (button) => [...button.childNodes].filter((one) => one.nodeName !== "KBD").map((one) => one.textContent).join("").trim();
  const asked = (event) => event.target.closest?.("button[hx-post], #mute");
  page.addEventListener("htmx:before:request", (event) => {
    if (asked(event)) text("dropped", "");
  });
  page.addEventListener("htmx:after:request", (event) => {
    if (asked(event) && event.detail?.ctx?.response?.status < 400) text("marked", named(asked(event)));
  });
  for (const lost of ["htmx:error", "htmx:response:error"]) {
    page.addEventListener(lost, (event) => {
      const words = document.getElementById("dropped").dataset.words;
      if (asked(event)) text("dropped", words.replace("{what}", named(asked(event))));
    });
  }
  const mute = document.getElementById("mute");
  mute.addEventListener("click", () => {
    const is = mute.getAttribute("aria-pressed") !== "true";
    htmx.ajax("POST", page.dataset.do, { values: { do: is ? "mute" : "unmute" }, source: mute, swap: "none" });
  });

  // --- the end: straight to the sheet -------------------------------------------------------------------
  let leaves = false;
  document.addEventListener("call-over", () => {
    telephone?.close();
    const next = now.querySelector("[data-next]")?.dataset.next;
    if (next && !leaves) window.location.assign(next); // else it says why nobody was dialled
    leaves = next !== "";
  });

  // --- the browser as a telephone -----------------------------------------------------------------------
  let telephone = null;
  if (!page.dataset.sound) return;
  const told = document.getElementById("sound-state");
  const opener = document.getElementById("sound-open");
  const headset = document.getElementById("headset");
  headset.checked = localStorage.getItem("thirdring-headset") === "1";
  headset.addEventListener("change", () => localStorage.setItem("thirdring-headset", headset.checked ? "1" : "0"));

  function say(state) {
    text("sound-state", told.dataset[state.replace(/-(\w)/g, (_, one) => one.toUpperCase())] ?? state);
    told.dataset.state = state;
  }
  function show({ own, held }) {
    const mic = document.getElementById("level-mic");
    const words = document.getElementById("level-mic-told").dataset;
    mic.closest("p").hidden = false;
    mic.value = Math.max(-60, Math.min(0, own ?? -60));
    const word = own === null ? words.none : own < -50 ? words.quiet : own > -6 ? words.loud : words.voice;
    text("level-mic-told", own === null ? word : `${Math.round(Math.max(-99, own))} dB ${word}`);
    const holds = document.getElementById("held");
    if (held !== null) text("held", holds.dataset.held.replace("{ms}", String(Math.round(1000 * held))));
  }
  async function open() {
    opener.disabled = true;
    const socket = new URL(page.dataset.sound, window.location.href);
    socket.protocol = socket.protocol.replace("http", "ws");
    telephone = new BrowserTelephone({ socket: socket.href, worklet: page.dataset.worklet });
    telephone.addEventListener("state", ({ detail }) => say(detail.state));
    telephone.addEventListener("level", ({ detail }) => show(detail));
    telephone.addEventListener("failed", ({ detail }) => {
      say(detail.why);
      opener.disabled = opener.hidden = false;
    });
    await telephone.open({ headset: headset.checked });
    opener.hidden = telephone.wanted;
  }
  opener.addEventListener("click", open);
  window.addEventListener("pagehide", () => telephone?.close());
  // Somebody who came here from the button that begins the call need not press another.
  navigator.permissions?.query({ name: "microphone" }).then(
    ({ state }) => state === "granted" && telephone === null && open(),
    () => {},
  );
})();
