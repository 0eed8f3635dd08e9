// A browser's telephone: the page's microphone and loudspeaker, and the socket to the line. No plug-in.
"use strict";

const START_MS = 2000;

// Tells by events on itself: `state` {state}, `level` {far, own, held, holes}, `failed` {why}.
class BrowserTelephone extends EventTarget {
  constructor({ socket, worklet }) {
    super();
    this.url = socket;
    this.worklet = worklet;
    this.rate = 8000;
    this.levels = { far: null, own: null, held: null, holes: 0 };
    this.wanted = false;
  }

  // Ask for the microphone and connect. To be called from a click: browsers let nothing sound before one.
  async open({ headset = false } = {}) {
    this.wanted = true;
    try {
      // Without a headset the far end would hear itself; with one, the browser's changes of the voice do harm only.
      const wish = { echoCancellation: !headset, noiseSuppression: !headset, autoGainControl: !headset, channelCount: 1 };
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: wish });
    } catch (error) {
      this.wanted = false;
      this.tell("failed", { why: error.name === "NotFoundError" ? "no-microphone" : "not-allowed" });
      return;
    }
    if (await this.build()) this.connect();
    else this.refuse("press");
  }

  refuse(why) {
    this.close();
    this.tell("failed", { why });
  }

  async build() {
    this.context = new AudioContext({ latencyHint: "interactive" });
    await this.context.audioWorklet.addModule(this.worklet);
    const options = { processorOptions: { rate: this.rate } };
    this.microphone = new AudioWorkletNode(this.context, "microphone", { ...options, numberOfOutputs: 0 });
    this.loudspeaker = new AudioWorkletNode(this.context, "loudspeaker", { ...options, numberOfInputs: 0 });
    this.context.createMediaStreamSource(this.stream).connect(this.microphone);
    this.loudspeaker.connect(this.context.destination);
    this.microphone.port.onmessage = ({ data }) => this.spoken(data);
    this.loudspeaker.port.onmessage = ({ data }) => this.heard(data);
    this.stream.getAudioTracks()[0].addEventListener("ended", () => this.refuse("no-microphone"));
    // Without a click on this page some browsers let nothing sound, and their promise stays open.
    await Promise.race([this.context.resume(), new Promise((late) => setTimeout(late, START_MS))]);
    return this.context.state === "running";
  }

  spoken({ frame, dbfs }) {
    if (dbfs !== undefined) this.levels.own = dbfs;
    // What cannot leave now would arrive too late; the line fills the gap with silence.
    if (frame && this.socket?.readyState === WebSocket.OPEN && this.socket.bufferedAmount < 16 * frame.byteLength) {
      this.socket.send(frame);
    }
  }

  heard({ dbfs, held, holes }) {
    Object.assign(this.levels, { far: dbfs, held, holes });
    this.tell("level", this.levels);
  }

  connect() {
    this.socket = new WebSocket(this.url);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.take(JSON.parse(data));
      else this.loudspeaker.port.postMessage({ frame: data }, [data]);
    };
    this.socket.onopen = () => {
      this.tries = 0;
    };
    this.socket.onclose = ({ code }) => this.lost(code);
  }

  take(said) {
    if (said.sample_rate_hz && said.sample_rate_hz !== this.rate) {
      this.rate = said.sample_rate_hz;
      for (const node of [this.microphone, this.loudspeaker]) node.port.postMessage({ rate: this.rate });
    }
    this.tell("state", { state: said.event });
  }

  // A lost line is tried again at once, then less and less often; the agency's call waits for it.
  lost(code) {
    if (!this.wanted) return;
    if (code === 4409 || code === 4401) {
      this.refuse(code === 4409 ? "elsewhere" : "signed-out");
      return;
    }
    this.tell("state", { state: "lost" });
    this.tries = (this.tries ?? 0) + 1;
    this.again = setTimeout(() => this.connect(), Math.min(4000, 150 * this.tries * this.tries));
  }

  // Speak, or only listen.
  quiet(is) {
    this.microphone?.port.postMessage({ quiet: is });
  }

  close() {
    this.wanted = false;
    clearTimeout(this.again);
    this.socket?.close();
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    if (this.context && this.context.state !== "closed") this.context.close();
    this.tell("state", { state: "closed" });
  }

  tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}
