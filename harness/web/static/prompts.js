// The recording with the instant of the mark on it: a click chooses it, dragging moves it, the field can be typed in.
"use strict";

(() => {
  const box = document.getElementById("wave");
  const sound = document.getElementById("sound");
  const field = document.getElementById("mark").elements.at;
  const here = document.getElementById("here");
  let line = null;

  function write(value) {
    field.value = value.toFixed(2);
  }

  function draw(regions, duration) {
    const at = Number(field.value.trim() || NaN);
    if (line !== null) line.remove();
    line = null;
    if (Number.isNaN(at) || at < 0 || at > duration) return;
    line = regions.addRegion({ start: at, color: colourOf("--bad"), drag: true, resize: false });
    line.on("update-end", () => write(line.start));
  }

  async function begin() {
    const answer = await fetch(`${box.dataset.call}/sound/peaks`);
    if (!answer.ok) return;
    const { peaks, duration_s } = await answer.json();
    box.hidden = false;
    const regions = WaveSurfer.Regions.create();
    const wave = WaveSurfer.create({
      container: box,
      media: sound,
      peaks: peaks.slice(0, 1),
      duration: duration_s,
      normalize: true,
      height: 96,
      cursorWidth: 2,
      cursorColor: colourOf("--pico-color"),
      waveColor: colourOf("--pico-muted-color"),
      progressColor: colourOf("--pico-primary"),
      cspNonce: document.querySelector("link[nonce]").nonce,
      plugins: [regions, WaveSurfer.Timeline.create({ height: 16 })],
    });
    wave.on("interaction", (at) => {
      write(at);
      draw(regions, duration_s);
    });
    here.addEventListener("click", () => {
      write(sound.currentTime);
      draw(regions, duration_s);
    });
    field.addEventListener("input", () => draw(regions, duration_s));
    wave.once("ready", () => {
      draw(regions, duration_s);
      here.hidden = false;
      document.getElementById("drag").hidden = false;
      box.dataset.ready = "1";
    });
  }

  begin();
})();
