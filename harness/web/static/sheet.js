// The score sheet beside its recording: hearing, and the keyboard. What anything is worth, the server says.
"use strict";

(() => {
  const player = document.getElementById("player");
  const sheet = document.getElementById("sheet");
  const words = player ? JSON.parse(player.dataset.words) : {};
  const sound = document.getElementById("sound");
  let wave = null;
  let rate = 8000;

  // ---- hearing

  function shade(name, share) {
    return `color-mix(in srgb, ${colourOf(name)} ${share}%, transparent)`;
  }

  async function draw() {
    const answer = await fetch(`${player.dataset.call}/sound/peaks`);
    if (!answer.ok) return;
    const { peaks, duration_s, sample_rate_hz } = await answer.json();
    rate = sample_rate_hz;
    const box = document.getElementById("wave");
    box.hidden = false;
    const each = { height: peaks.length > 1 ? 44 : 72, progressColor: colourOf("--pico-primary") };
    const regions = WaveSurfer.Regions.create();
    wave = WaveSurfer.create({
      container: box,
      media: sound,
      peaks,
      duration: duration_s,
      normalize: true,
      cursorWidth: 2,
      cursorColor: colourOf("--bad"),
      waveColor: colourOf("--pico-muted-color"),
      splitChannels: peaks.map(() => ({ ...each, waveColor: colourOf("--pico-muted-color") })),
      cspNonce: document.querySelector("link[nonce]").nonce,
      plugins: [regions, WaveSurfer.Timeline.create({ height: 16 })],
    });
    wave.on("interaction", () => hearing.leave());
    wave.on("timeupdate", (now) => tell(now));
    wave.once("ready", () => {
      mark(regions, JSON.parse(player.dataset.marks), duration_s);
      spread();
      listen(regions);
    });
    document.body.classList.add("scripted");
    player.dataset.ready = "1";
  }

  function mark(regions, marks, duration) {
    for (const one of marks) {
      const inside = { start: one.start_s, drag: false, resize: false, content: undefined };
      if (one.start_s > duration) continue;
      if (one.kind !== "onset") inside.content = label(one.short, one.start_s);
      if (one.kind === "pick_up") regions.addRegion({ ...inside, end: Math.max(one.end_s, one.start_s + 0.05), color: shade("--good", 45) });
      else if (one.kind === "limit") regions.addRegion({ ...inside, color: colourOf("--bad") });
    }
  }

  const labels = [];
  const ROW = 14;
  const ROWS = 5;
  function label(text, start) {
    const made = document.createElement("span");
    made.textContent = text;
    made.className = "mark";
    labels.push({ made, start });
    Object.assign(made.style, { fontSize: "11px", color: colourOf("--pico-color"), whiteSpace: "nowrap", display: "block", width: "max-content", padding: "0 2px", background: shade("--pico-card-background-color", 80), lineHeight: "13px" });
    const around = document.createElement("span"); // the waveform moves what it is given: this has no box to move
    around.style.display = "contents";
    around.append(made);
    return around;
  }

  // Each label in the first row in which it covers no other; what its stretch is stands in the list below too.
  function spread() {
    const placed = [];
    const wide = document.getElementById("wave").clientWidth / wave.getDuration();
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    for (const { made, start } of labels) { // reckoned: the waveform puts them into the page when it likes
      const left = start * wide;
      const right = left + pen.measureText(made.textContent).width + 8;
      let row = 0;
      const covers = (other) => other.row === row && left < other.right && other.left < right;
      while (row < ROWS && placed.some(covers)) row += 1;
      made.style.marginTop = `${row * ROW}px`;
      made.style.visibility = row < ROWS ? "visible" : "hidden";
      placed.push({ left, right, row });
    }
  }

  async function listen(regions) {
    const found = await hearing.listen(document.getElementById("heard-list"));
    for (const one of found?.segments ?? []) {
      const content = one.number ? label(one.number, one.start_s) : undefined;
      regions.addRegion({ start: one.start_s, end: one.end_s, drag: false, resize: false, color: tint(one.sound), content });
    }
    spread();
    new ResizeObserver(spread).observe(player);
    player.dataset.labelled = "1";
  }

  function tint(kind) {
    if (kind === "ringback") return shade("--wait", 30);
    if (kind === "speech") return shade("--pico-primary", 18);
    if (kind === "music") return shade("--pico-muted-color", 22);
    return shade("--bad", 22);
  }

  function tell(now) {
    document.getElementById("clock").textContent = `${now.toFixed(1)} / ${wave.getDuration().toFixed(1)} s`;
  }

  let spectrum = null;
  function script(name) {
    return new Promise((done, failed) => {
      const one = document.createElement("script");
      one.src = name;
      one.onload = done;
      one.onerror = failed;
      document.head.append(one);
    });
  }
  async function toggleSpectrum(button) {
    if (spectrum) {
      spectrum.destroy();
      spectrum = null;
      document.getElementById("spectrum").replaceChildren();
    } else {
      if (!WaveSurfer.Spectrogram) await script(player.dataset.spectrogram);
      spectrum = wave.registerPlugin(WaveSurfer.Spectrogram.create({
        container: "#spectrum", height: 96, labels: true, scale: "linear", sampleRate: rate,
        frequenciesDataUrl: `${player.dataset.call}/sound/spectrogram`,
      }));
    }
    button.setAttribute("aria-expanded", String(Boolean(spectrum)));
  }

  function playPause() {
    if (sound.paused) hearing.play(sound);
    else sound.pause();
  }

  if (player) {
    const play = document.getElementById("play");
    for (const [event, playing] of [["play", true], ["pause", false]]) {
      sound.addEventListener(event, () => {
        play.textContent = playing ? words.pause : words.play;
        play.setAttribute("aria-pressed", String(playing));
      });
    }
    play.addEventListener("click", () => {
      hearing.leave();
      playPause();
    });
    document.getElementById("show-spectrum").addEventListener("click", (event) => toggleSpectrum(event.currentTarget));
    draw();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.matches(".clear")) clear(button.closest("fieldset.item"));
    else if (button.matches(".here")) here(button);
    else if (button.matches(".another")) another(button.closest("fieldset.item"));
    else if (button.matches(".take")) take(button);
  });

  // ---- filling in

  const untested = '.said[data-status="untested"][data-mode="decided"]';
  const items = () => [...sheet.querySelectorAll("fieldset.item")].filter((one) => one.querySelector("input, textarea") && one.offsetParent && !one.querySelector(untested));
  const current = () => document.activeElement?.closest?.("fieldset.item") ?? null;
  const shows = (input) => input.offsetParent !== null;

  function changed(input) {
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function clear(item) {
    for (const input of item.querySelectorAll("input, textarea, select")) {
      if (input.type === "radio" || input.type === "checkbox") input.checked = false;
      else input.value = "";
    }
    changed(item);
  }

  function here(button) {
    if (!sound) return;
    const input = button.previousElementSibling.querySelector("input");
    input.value = sound.currentTime.toFixed(1);
    changed(input);
  }

  // ---- questions: one more row, and the bank's

  const questions = (item) => [...item.querySelectorAll(".question")];
  const wording = (row) => row.querySelector("input:not([type=radio])");

  function another(item) {
    const rows = questions(item);
    const n = rows.length + 1;
    if (n > Number(item.dataset.most)) return null;
    const row = rows.at(-1).cloneNode(true);
    for (const input of row.querySelectorAll("input, select")) {
      input.name = input.name.replace(/:\d+:/, `:${n}:`);
      if (input.type === "radio") input.checked = false;
      else input.value = "";
    }
    const name = row.getAttribute("aria-label").replace(/\d+$/, String(n));
    row.dataset.row = n;
    row.setAttribute("aria-label", name);
    wording(row).setAttribute("aria-label", name);
    row.querySelector(".text").lastChild.textContent = ` ${name}`;
    row.querySelector("kbd").textContent = n;
    rows.at(-1).after(row);
    wording(row).focus();
    return row;
  }

  function take(button) {
    const item = button.closest("fieldset.item");
    const row = questions(item).find((one) => !wording(one).value) ?? another(item);
    if (!row) return;
    wording(row).value = button.dataset.question;
    changed(wording(row));
  }

  function go(step) {
    const all = items();
    const at = all.indexOf(current());
    const next = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
    show(next);
  }

  function show(item) {
    if (!item) return;
    item.focus({ preventScroll: true });
    item.scrollIntoView({ block: "nearest" });
    follow(item);
  }

  // Each item's clip by itself when the item's turn comes; of several the first whose question is open.
  const following = document.getElementById("following");
  const REMEMBERED = "thirdring-following";
  function follow(item) {
    if (!following?.checked || !sound) return;
    const rows = [...item.querySelectorAll(".choices")].filter((row) => row.querySelector(".hear") && !row.querySelector("input:checked"));
    const button = rows[0]?.querySelector(".hear") ?? item.querySelector(".hear");
    if (button) hearing.goOn(button);
    else if (item.id === "sign") sound.pause();
  }
  if (following) {
    following.checked = localStorage.getItem(REMEMBERED) === "1";
    following.addEventListener("change", () => {
      localStorage.setItem(REMEMBERED, following.checked ? "1" : "");
      const item = current() ?? nextOpen(null);
      if (following.checked && item) follow(item);
      else sound?.pause();
    });
  }

  function unanswered(item) {
    if (item.id === "heard-by" || item.id === "accuracy") {
      if (item.querySelector('[name="question:asked"]')?.value) return false;
      const rows = [...item.querySelectorAll("[data-row]")].filter((row) => row.querySelector("input[type=radio]"));
      const wanted = item.id === "accuracy" ? Number(item.dataset.least) : rows.length;
      return rows.filter((row) => row.querySelector("input:checked")).length < wanted;
    }
    return item.querySelector(".ask") !== null && shows(item.querySelector(".ask")) && !alternatives(item).some(full);
  }

  // Of a group's alternatives only one is filled in.
  function alternatives(item) {
    return [...sheet.querySelectorAll(`[data-one="${item.dataset.one}"]`)];
  }

  // An item is full once every question of it is answered, or one of its options is chosen.
  function full(item) {
    const names = new Set([...item.querySelectorAll(".ask input[type=radio]:not([value='?']), .ask input[type=checkbox]")].map((one) => one.name));
    if (names.size) return [...names].every((name) => item.querySelector(`[name="${CSS.escape(name)}"]:checked`) || machineKnows(item, name));
    return [...item.querySelectorAll(".ask input:not([type=radio])")].some((one) => one.value);
  }

  function machineKnows(item, name) {
    return Boolean(item.querySelector(`[name="${CSS.escape(name)}"]`).closest("[data-row]")?.querySelector("em"));
  }

  function nextOpen(from) {
    const all = items();
    const at = all.indexOf(from);
    return [...all.slice(at + 1), ...all.slice(0, at + 1)].find(unanswered) ?? null;
  }

  let aimed = null; // the row whose points or answer is wanted next
  function aim(row) {
    aimed?.classList.remove("aimed");
    aimed = row;
    aimed?.classList.add("aimed");
  }

  function choose(digit, item) {
    const key = String(digit);
    if (aimed && item.contains(aimed)) {
      const row = aimed;
      aim(null);
      tick([...row.querySelectorAll("input[type=radio]")].find((one) => one.dataset.key === key), item);
      return;
    }
    const single = item.querySelector(`.option input[data-key="${key}"]`);
    const row = item.querySelector(`[data-row="${key}"]`);
    if (single) tick(single, item);
    else if (row && row.querySelectorAll(".chip").length === 2 + (item.id === "accuracy" ? 1 : 0)) cycle(row, item);
    else if (row) aim(row);
    else if (!item.querySelector("[data-row]")) tick(item.querySelector(`.chip input[data-key="${key}"]`), item);
  }

  // One key for a question of yes and no: the first press says the first answer, each further one the next.
  function cycle(row, item) {
    const all = [...row.querySelectorAll("input[type=radio]")];
    const at = all.findIndex((one) => one.checked);
    tick(all[(at + 1) % all.length], item);
  }

  function tick(input, item) {
    if (!input || !shows(input)) return;
    input.checked = input.type === "checkbox" ? !input.checked : true;
    changed(input);
    if (input.type === "radio" && !unanswered(item)) show(nextOpen(item) ?? document.getElementById("sign"));
    else follow(item);
  }

  function typing(target) {
    return target.matches("textarea, select, input:not([type=radio]):not([type=checkbox])");
  }

  document.addEventListener("keydown", (event) => {
    const on = document.getElementById("shortcuts")?.checked;
    if (!on || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (handled(event)) event.preventDefault();
  });

  function handled(event) {
    const item = current();
    if (/^[1-9]$/.test(event.key)) {
      if (item) choose(event.key, item);
      return Boolean(item);
    }
    switch (event.key) {
      case "ArrowDown": return go(1), true;
      case "ArrowUp": return go(-1), true;
      case " ": return space(event.target, item);
      case "b": case "B": return sound && hearing.back(sound), true;
      case "p": case "P": return following?.click(), Boolean(following);
      case "m": case "M": return show(nextOpen(item)), true;
      case "s": case "S": return document.getElementById("sign").focus(), true;
      case "Escape": return aim(null), Boolean(item);
    }
    return false;
  }

  function space(target, item) {
    if (target.matches("button, summary, a, input")) return false;
    const button = item?.querySelector(".hear");
    if (button) hearing.hear(button);
    else if (sound) playPause();
    return true;
  }

  document.addEventListener("focusin", () => {
    if (aimed && !current()?.contains(aimed)) aim(null);
  });

  // A draft that could not be kept is said, and what was filled in stays on the page until the next is kept.
  for (const one of ["htmx:error", "htmx:response:error"]) {
    document.addEventListener(one, () => {
      document.getElementById("unsaved").hidden = false;
    });
  }
  document.addEventListener("htmx:after:request", (event) => {
    if (event.detail?.ctx?.response?.status === 200) document.getElementById("unsaved").hidden = true;
  });
  // What is printed of a sheet that is not signed yet is the paper too, as the draft stands at that moment.
  function paper() {
    const ask = new XMLHttpRequest();
    ask.open("GET", sheet.dataset.paper, false); // a browser does not wait for a promise before it prints
    ask.send();
    if (ask.status !== 200) return;
    const [whole, style] = ask.responseText.match(/<style[^>]*>([^]*?)<\/style>/);
    const told = new DOMParser().parseFromString(ask.responseText.replace(whole, ""), "text/html");
    const place = document.createElement("div");
    place.className = "paper";
    const inside = place.attachShadow({ mode: "open" });
    const own = new CSSStyleSheet();
    own.replaceSync(style.replace(/\bbody \{/g, ":host {"));
    inside.adoptedStyleSheets = [own];
    inside.replaceChildren(...told.body.childNodes);
    document.querySelector("main").append(place);
  }

  if (sheet?.dataset.paper) {
    window.addEventListener("beforeprint", paper);
    window.addEventListener("afterprint", () => document.querySelector("main > .paper")?.remove());
  }
  document.getElementById("wanted")?.focus();
  if (sheet && !document.getElementById("wanted") && sheet.querySelector("#sign")) {
    document.body.classList.add("fills");
    if (!window.location.hash) show(nextOpen(null));
  }
})();
