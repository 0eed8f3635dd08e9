// The recording with the marks on it; dragging a mark fills in the form beside it, which can be typed in as well.
"use strict";

(() => {
  const box = document.getElementById("wave");
  const forms = [...document.querySelectorAll("form.correct")];
  const shade = (name, share) => `color-mix(in srgb, var(${name}) ${share}%, transparent)`;
  const seconds = (form, name) => {
    const text = form.elements[name].value.trim();
    return text === "" || Number.isNaN(Number(text)) ? null : Number(text);
  };

  // A mark may be thinner than a finger: its name is the handle, in a row of its own. The plugin moves what covers
  // something else to rows of its choice, but sees nothing of what an empty box holds.
  function label(text, row) {
    const made = document.createElement("div"), name = made.appendChild(document.createElement("span"));
    name.textContent = text;
    Object.assign(made.style, { position: "relative", width: "0", height: "0", padding: "0" });
    Object.assign(name.style, { position: "absolute", top: `${1.5 * row}em`, left: "2px", fontSize: "12px", lineHeight: "1.5", color: "var(--pico-color)", background: shade("--pico-card-background-color", 80), whiteSpace: "nowrap", pointerEvents: "auto" });
    return made;
  }

  function write(form, name, value) {
    form.elements[name].value = value.toFixed(2).replace(/\.?0+$/, "");
  }

  // What can be dragged of a leg: where the ringing begins, the pick-up as a whole, and each of its ends by itself.
  function follow(form, regions, duration) {
    const open = () => form.closest("details").open;
    const spans = [];
    function moved(values) {
      Object.entries(values).forEach(([name, value]) => write(form, name, Math.min(Math.max(value, 0), duration)));
      setTimeout(draw); // not while the mark itself is being told of its end
    }
    // The ends lie closer than a finger is wide: each has its name for a handle, in a row of its own.
    function end_of(name, at, text, row, meant) {
      const made = regions.addRegion({ start: at, drag: true, color: shade("--good", 90), content: label(`${text} ◆`, row) });
      made.element.style.pointerEvents = "none"; // its box is as wide as its name and covers the others': the name alone is pulled
      made.on("update-end", () => moved(meant(made.start)));
      spans.push(made);
    }
    function draw() {
      spans.splice(0).forEach((one) => one.remove());
      const [onset, from, to] = ["onset", "from", "to"].map((name) => seconds(form, name));
      if (onset !== null && onset <= duration) {
        const made = regions.addRegion({ start: onset, color: shade("--wait", 80), drag: open(), content: label(`${form.dataset.name} ☎`, 0) });
        made.on("update-end", () => moved({ onset: made.start }));
        spans.push(made);
      }
      if (from !== null && to !== null && from <= to && to <= duration) {
        const end = Math.max(to, from + 0.02);
        const made = regions.addRegion({ start: from, end, drag: open(), resize: false, color: shade("--good", 45), content: label(`${form.dataset.name} ✓`, 1) });
        made.on("update-end", () => moved({ from: made.start, to: made.start + to - from }));
        spans.push(made);
        if (open()) {
          end_of("from", from, form.dataset.earliest, 2, (at) => ({ from: at, to: Math.max(at, to) }));
          end_of("to", to, form.dataset.latest, 3, (at) => ({ from: Math.min(at, from), to: at }));
        }
      }
    }
    form.addEventListener("input", draw);
    form.closest("details").addEventListener("toggle", draw);
    draw();
  }

  async function begin() {
    const answer = await fetch(`${box.dataset.call}/sound/peaks`);
    if (!answer.ok) return;
    const { peaks, duration_s } = await answer.json();
    box.hidden = false;
    const regions = WaveSurfer.Regions.create();
    const wave = WaveSurfer.create({
      container: box,
      media: document.getElementById("sound"),
      peaks: peaks.slice(0, 1),
      duration: duration_s,
      normalize: true,
      height: 72,
      cursorWidth: 2,
      cursorColor: colourOf("--bad"),
      waveColor: colourOf("--pico-muted-color"),
      progressColor: colourOf("--pico-primary"),
      cspNonce: document.querySelector("link[nonce]").nonce,
      plugins: [regions, WaveSurfer.Timeline.create({ height: 16 })],
    });
    wave.once("ready", () => {
      forms.forEach((form) => follow(form, regions, duration_s));
      document.getElementById("drag").hidden = forms.length === 0;
      box.dataset.ready = "1";
    });
  }

  begin();
})();
