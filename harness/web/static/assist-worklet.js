// The audio thread of a browser's telephone: microphone to frames of 20 ms at the line's rate, frames to loudspeaker.
"use strict";

const FRAME_S = 0.02;
const ZEROS = 12; // of the sinc on each side of the middle
const PHASES = 64; // tables between two samples

// Band-limited interpolation (a windowed sinc) from one rate to another, fed and read in pieces of any length.
// `speed` near 1 plays a little faster or slower: two clocks are never the same.
class Resampler {
  constructor(from, to) {
    this.step = from / to;
    const cutoff = Math.min(1, to / from) * 0.92;
    this.half = Math.ceil(ZEROS / cutoff);
    this.tables = [];
    for (let phase = 0; phase <= PHASES; phase += 1) {
      const table = new Float32Array(2 * this.half);
      for (let tap = 0; tap < table.length; tap += 1) {
        const x = tap - this.half + 1 - phase / PHASES;
        const window = 0.5 + 0.5 * Math.cos((Math.PI * x) / this.half);
        const angle = Math.PI * x * cutoff;
        table[tap] = Math.abs(x) >= this.half ? 0 : window * cutoff * (angle === 0 ? 1 : Math.sin(angle) / angle);
      }
      this.tables.push(table);
    }
    this.held = new Float32Array(1 << 16);
    this.clear();
  }

  clear() {
    this.length = this.half; // begins with silence
    this.held.fill(0, 0, this.length);
    this.at = this.half - 1;
  }

  // Samples that are held and not read, at the source's rate.
  get waiting() {
    return Math.max(0, this.length - this.half - this.at);
  }

  feed(samples) {
    if (this.length + samples.length > this.held.length) this.drop(this.length + samples.length - this.held.length);
    this.held.set(samples, this.length);
    this.length += samples.length;
  }

  // Forget the oldest that are not read.
  drop(count) {
    this.at += count;
    this.trim();
  }

  trim() {
    const spare = Math.min(Math.floor(this.at) - this.half + 1, this.length);
    if (spare <= 0) return;
    this.held.copyWithin(0, spare, this.length);
    this.length -= spare;
    this.at -= spare;
  }

  // Fill as much of `out` as there is; gives how many.
  read(out, speed = 1) {
    let done = 0;
    while (done < out.length && Math.floor(this.at) + this.half < this.length) {
      const whole = Math.floor(this.at);
      const table = this.tables[Math.round((this.at - whole) * PHASES)];
      const first = whole - this.half + 1;
      let sum = 0;
      for (let tap = 0; tap < table.length; tap += 1) sum += table[tap] * this.held[first + tap];
      out[done] = sum;
      done += 1;
      this.at += this.step * speed;
    }
    this.trim();
    return done;
  }
}

// The root mean square of what went by, told ten times a second, in dB below full scale.
class Level {
  constructor(tell) {
    this.tell = tell;
    this.sum = 0;
    this.count = 0;
  }

  take(samples) {
    for (const one of samples) this.sum += one * one;
    this.count += samples.length;
    if (this.count < sampleRate / 10) return;
    this.tell(10 * Math.log10(this.sum / this.count + 1e-10));
    this.sum = 0;
    this.count = 0;
  }
}

class Microphone extends AudioWorkletProcessor {
  constructor(options) {
    super();
    this.setRate(options.processorOptions.rate);
    this.level = new Level((dbfs) => this.port.postMessage({ dbfs }));
    this.quiet = false;
    this.port.onmessage = ({ data }) => {
      if (data.rate) this.setRate(data.rate);
      if (data.quiet !== undefined) this.quiet = data.quiet;
    };
  }

  setRate(rate) {
    this.resampler = new Resampler(sampleRate, rate);
    this.frame = new Float32Array(Math.round(rate * FRAME_S));
    this.filled = 0;
  }

  process([input]) {
    const samples = input[0];
    if (!samples) return true;
    this.level.take(samples);
    this.resampler.feed(samples);
    for (;;) {
      const got = this.resampler.read(this.frame.subarray(this.filled));
      this.filled += got;
      if (this.filled < this.frame.length) return true;
      this.send();
    }
  }

  send() {
    const frame = new Int16Array(this.frame.length);
    if (!this.quiet) for (let i = 0; i < frame.length; i += 1) frame[i] = Math.max(-1, Math.min(1, this.frame[i])) * 32767;
    this.filled = 0;
    this.port.postMessage({ frame: frame.buffer }, [frame.buffer]);
  }
}

// Holds as little as the network lets it: begins with FIRST_S, more after every hole, less while much lies there unused.
const FIRST_S = 0.04;
const SPARE_S = 0.01; // wanted to lie there at the worst moment
const MOST_S = 0.2;
const LOOK_S = 2;
const SPEED = 0.01; // 1 %: nobody hears it

class Loudspeaker extends AudioWorkletProcessor {
  constructor(options) {
    super();
    this.level = new Level((dbfs) => this.port.postMessage({ dbfs, held: this.held(), holes: this.holes, speed: this.speed }));
    this.setRate(options.processorOptions.rate);
    this.port.onmessage = ({ data }) => {
      if (data.rate) this.setRate(data.rate);
      if (data.frame) this.take(new Int16Array(data.frame));
    };
  }

  setRate(rate) {
    this.rate = rate;
    this.resampler = new Resampler(rate, sampleRate);
    this.first = FIRST_S;
    this.playing = false;
    this.holes = 0;
    this.speed = 1;
    this.beginLook();
  }

  beginLook() {
    this.least = Infinity;
    this.looked = 0;
  }

  held() {
    return this.resampler.waiting / this.rate;
  }

  take(frame) {
    this.resampler.feed(Float32Array.from(frame, (one) => one / 32768));
    const much = this.held() - MOST_S;
    if (much > 0) this.resampler.drop(Math.round((much + MOST_S - this.first) * this.rate)); // it stood still somewhere
  }

  process(_, [output]) {
    const out = output[0];
    if (!this.playing && this.held() >= this.first) this.playing = true;
    if (this.playing) this.play(out);
    this.level.take(out);
    for (let channel = 1; channel < output.length; channel += 1) output[channel].set(out);
    return true;
  }

  play(out) {
    if (this.resampler.read(out, this.speed) < out.length) {
      this.playing = false;
      this.holes += 1;
      this.first = Math.min(this.first + FRAME_S, MOST_S / 2);
      this.speed = 1;
      this.beginLook();
      return;
    }
    this.least = Math.min(this.least, this.held());
    this.looked += out.length / sampleRate;
    if (this.looked < LOOK_S) return;
    // What lay there even at the worst moment is delay for nothing; without any, the next late frame makes a hole.
    this.speed = this.least > 2 * SPARE_S ? 1 + SPEED : this.least < SPARE_S / 2 ? 1 - SPEED : 1;
    if (this.speed > 1) this.first = Math.max(FIRST_S, this.first - FRAME_S / 2);
    this.beginLook();
  }
}

registerProcessor("microphone", Microphone);
registerProcessor("loudspeaker", Loudspeaker);
