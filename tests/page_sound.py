"""A page's sound in a real browser: a microphone that hears a file, and what the page lets sound."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser_sounds import RATE, talk
from browsers import Browser, browsing
from numpy.typing import NDArray
from scipy.signal import resample_poly
from web_pages import PASSWORD, Running, login_of

from harness.softphone.growing_wav import write_wav
from harness.web.rights import Role

MICROPHONE_HZ = 48000
SAID_S = 20.0
"""How much of the file is different from everything else in it; then it begins again."""
TAP = """
(() => {
  // Both ends of the page's sound, on one clock: what its microphone hears (left), what it lets sound (right).
  const connect = AudioNode.prototype.connect;
  const tap = (context, node, side) => {
    if (!context.tapped) {
      context.tapped = context.createChannelMerger(2);
      const writer = context.createScriptProcessor(4096, 2, 1);
      window.tapped = { rate: context.sampleRate, chunks: [[], []] };
      writer.onaudioprocess = ({ inputBuffer }) => {
        for (const side of [0, 1]) window.tapped.chunks[side].push(inputBuffer.getChannelData(side).slice());
      };
      connect.call(context.tapped, writer);
      connect.call(writer, context.destination);
    }
    connect.call(node, context.tapped, 0, side);
  };
  AudioNode.prototype.connect = function (to, ...rest) {
    if (to instanceof AudioDestinationNode) tap(this.context, this, 1);
    if (this instanceof MediaStreamAudioSourceNode) tap(this.context, this, 0);
    return connect.call(this, to, ...rest);
  };
  localStorage.setItem("thirdring-headset", "1");
})();
"""
READ = """() => {
  if (!window.tapped) return null;
  return [window.tapped.rate, ...window.tapped.chunks.map((chunks) => {
    const all = new Int16Array(chunks.reduce((sum, one) => sum + one.length, 0));
    let at = 0;
    for (const one of chunks) for (const value of one) all[at++] = Math.max(-1, Math.min(1, value)) * 32767;
    const bytes = new Uint8Array(all.buffer);
    let text = "";
    for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return btoa(text);
  })];
}"""


@contextmanager
def talking_browser(config: pytest.Config, folder: Path) -> Iterator[tuple[Browser, NDArray[np.int16]]]:
    """Chromium whose microphone hears noise of a voice's width; and that noise, at RATE."""
    said = talk(SAID_S, 7)
    wide = np.clip(resample_poly(said.astype(float), MICROPHONE_HZ // RATE, 1), -32768, 32767).astype("<i2")
    write_wav(folder / "said.wav", wide, sample_rate_hz=MICROPHONE_HZ)
    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with browsing(config, [*fake, f"--use-file-for-fake-audio-capture={folder / 'said.wav'}"]) as opened:
        yield opened, said


def page_in(browser: Any, server: Running, role: Role, wrong: list[str]) -> Any:
    """A page of somebody who is logged in and lets the microphone be heard; `wrong` gets what it complains of."""
    context = browser.new_context(locale="zh-TW", permissions=["microphone"])
    context.set_default_timeout(90_000)
    context.add_init_script(TAP)
    client = server.client(role)
    assert client.cookies, (login_of(role), PASSWORD)
    context.add_cookies([{"name": k, "value": v, "url": server.url} for k, v in client.cookies.items()])
    page = context.new_page()
    page.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    return page


def tapped(page: Any) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
    """The rate, what the microphone heard and what sounded, on one clock."""
    rate, *sides = page.evaluate(READ)
    own, far = (np.frombuffer(base64.b64decode(one), "<i2").astype(float) for one in sides)
    return int(rate), own, far
