// Hearing stretches of a recording, on every page that has a player: buttons that say where they begin and end, and
// the text beside the sound. A page may have several recordings; what is inside [data-sound] is about the one there.
"use strict";

const hearing = (() => {
  let clip = null; // {sound, start, end, loop, button}
  let watched = 0;

  // A place in the page says which recording it is about; elsewhere there is only one.
  function soundOf(place) {
    return place.closest("[data-sound]")?.querySelector("audio") ?? document.getElementById("sound");
  }

  // The recording is fetched when it is first played: until then there is no place in it to go to.
  function goTo(sound, at) {
    sound.currentTime = at;
    if (!sound.readyState) sound.addEventListener("loadedmetadata", () => { sound.currentTime = at; }, { once: true });
  }

  function leave() {
    clip?.button.classList.remove("now");
    clip = null;
  }

  // timeupdate comes four times a second, too seldom for a clip's end; a page that nobody sees has nothing else.
  function watch() {
    if (!clip || clip.sound.paused) {
      watched = 0;
      return;
    }
    check();
    watched = clip ? requestAnimationFrame(watch) : 0;
  }

  function check() {
    if (clip && clip.sound.currentTime >= clip.end) over();
  }

  function over() {
    if (clip.loop) {
      clip.sound.currentTime = clip.start;
      return;
    }
    clip.sound.pause();
    leave();
  }

  function play(sound) {
    for (const one of document.querySelectorAll("audio")) if (one !== sound) one.pause();
    sound.play().catch(() => {}); // paused again before it began: nothing went wrong
    if (!watched) watched = requestAnimationFrame(watch);
  }

  function hear(button) {
    const sound = soundOf(button);
    if (clip?.button === button && !sound.paused) {
      sound.pause();
      return;
    }
    const again = clip?.button === button && sound.currentTime < clip.end;
    leave();
    clip = { sound, start: Number(button.dataset.start), end: Number(button.dataset.end), loop: "loop" in button.dataset, button };
    button.classList.add("now");
    if (!again) goTo(sound, clip.start);
    play(sound);
  }

  // Where a stretch begins that nobody has heard yet on this page; null: all of it was heard.
  function unheard(sound, start, end) {
    let at = start;
    for (let n = 0; n < sound.played.length; n += 1) {
      if (sound.played.start(n) <= at + 0.5 && sound.played.end(n) > at) at = sound.played.end(n);
    }
    return at < end - 0.5 ? at : null;
  }

  // Play of a clip what was not heard yet, unless it is being heard.
  function goOn(button) {
    const sound = soundOf(button);
    const [start, end] = [Number(button.dataset.start), Number(button.dataset.end)];
    if (clip?.sound === sound && clip.start === start && clip.end === end && !sound.paused) return;
    const at = unheard(sound, start, end);
    if (at === null) return;
    leave();
    hear(button);
    if (at > start) goTo(sound, at - 0.5);
  }

  // From a little before, so that the first syllable is whole.
  function jump(button) {
    const sound = soundOf(button);
    leave();
    goTo(sound, Math.max(Number(button.dataset.at) - 0.5, 0));
    play(sound);
  }

  function back(sound) {
    sound.currentTime = Math.max(sound.currentTime - 3, clip?.sound === sound ? clip.start : 0);
  }

  document.addEventListener("play", (event) => {
    if (clip?.sound === event.target && !watched) watched = requestAnimationFrame(watch);
  }, true);
  document.addEventListener("timeupdate", check, true);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.matches(".hear")) hear(button);
    else if (button?.matches(".jump")) jump(button);
    else if (button?.matches(".back")) back(soundOf(button));
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches(".at-rate")) soundOf(event.target).playbackRate = Number(event.target.value);
  });

  // ---- the text beside the sound: what the ear hears in it, each line a way there

  function line(words, at) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "jump";
    button.dataset.at = at;
    button.textContent = words;
    const entry = document.createElement("li");
    entry.append(button);
    return entry;
  }

  async function listen(list) {
    const answer = await fetch(`${list.dataset.call}/sound/heard`);
    if (!answer.ok) return null;
    const found = await answer.json();
    for (const one of found.segments) {
      const ring = one.sound === "ringback" ? found.rings.find((other) => Math.abs(other.start_s - one.start_s) < 0.05) : null;
      one.number = ring?.number ?? null;
      const said = ring ? list.dataset.ring.replace("{n}", ring.number) : one.label;
      list.append(line(`${said} ${one.start_s.toFixed(1)}–${one.end_s.toFixed(1)} s`, one.start_s));
    }
    list.dataset.ready = "1";
    return found;
  }

  // A page that draws the recording asks by itself, once it is drawn; elsewhere it is asked when somebody opens it.
  document.addEventListener("toggle", (event) => {
    const list = event.target.querySelector(":scope > ol.heard-list:not([data-drawn], [data-ready])");
    if (list && event.target.open) listen(list);
  }, true);

  return { hear, goOn, leave, goTo, play, back, listen };
})();
