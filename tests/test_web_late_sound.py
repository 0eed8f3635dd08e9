"""A page's loudspeaker in virtual time: frames that come late, in bursts or from a clock that is not its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import harness.web

pytest_plugins = ("web_fixtures",)
WORKLET = Path(harness.web.__file__).parent / "static" / "assist-worklet.js"
FRAME_S, BLOCK_HZ = 0.02, 48000
MOST_S = 0.2
"""So much lies in the buffer at the most: what is older nobody wants to hear in a conversation."""
SETTLED_S = 10.0
PLAYS = """([source, rate, arrivals, seconds]) => {
  const made = {};
  class Processor { constructor() { this.port = { postMessage() {} }; } }
  const scope = { sampleRate: 48000, AudioWorkletProcessor: Processor };
  const names = [...Object.keys(scope), "registerProcessor"];
  new Function(...names, source)(...Object.values(scope), (name, kind) => { made[name] = kind; });
  const speaker = new made.loudspeaker({ processorOptions: { rate } });
  const told = { held: [], holes: [], sounded: 0, wrong: 0 };
  const pitch = (2 * Math.PI * 300) / rate;
  let at = 0, before = 0;
  for (let block = 0; block * 128 / 48000 < seconds; block += 1) {
    const now = block * 128 / 48000;
    for (; at < arrivals.length && arrivals[at] <= now; at += 1) {
      const frame = new Int16Array(rate / 50);
      for (let i = 0; i < frame.length; i += 1) frame[i] = 16000 * Math.sin(pitch * (at * frame.length + i));
      speaker.port.onmessage({ data: { frame: frame.buffer } });
    }
    const out = new Float32Array(128);
    speaker.process([], [[out]]);
    for (const one of out) {
      told.sounded += one !== 0;
      told.wrong += !(Math.abs(one) < 1);
    }
    if (block % 37 === 0) { told.held.push(speaker.held()); told.holes.push(speaker.holes); }
  }
  return told;
}"""


@pytest.fixture(scope="module")
def sandbox(browser: Any) -> Any:
    """A page of nothing, in which the audio thread's own file is run on a clock of the test's."""
    page = browser.new_page()
    yield page
    browser.shut(page)


def played(sandbox: Any, arrivals: list[float], *, rate: int = 8000, seconds: float) -> dict[str, Any]:
    """What the loudspeaker does with frames that come at these times."""
    told = sandbox.evaluate(PLAYS, [WORKLET.read_text(encoding="utf-8"), rate, sorted(arrivals), seconds])
    assert told["wrong"] == 0
    return told


def steady(seconds: float, *, skew: float = 1.0) -> list[float]:
    """Frames at their times, by a clock that goes so much faster."""
    return [n * FRAME_S / skew for n in range(round(seconds * skew / FRAME_S))]


@pytest.mark.slow
@settings(max_examples=15)
@given(seed=st.integers(0, 999), worst_s=st.floats(0.0, 0.08), rate=st.sampled_from([8000, 16000]))
def test_frames_that_come_up_to_80_ms_late_leave_no_holes_once_the_buffer_knows_it(sandbox, seed, worst_s, rate):
    arrivals = np.array(steady(14.0))
    arrivals = (arrivals + np.random.default_rng(seed).uniform(0.0, worst_s, len(arrivals))).tolist()
    told = played(sandbox, arrivals, rate=rate, seconds=14.0)
    settled = round(len(told["holes"]) * SETTLED_S / 14.0)
    assert told["holes"][-1] - told["holes"][settled] <= 1
    assert max(told["held"]) <= MOST_S + FRAME_S
    assert told["sounded"] > 0.9 * 14.0 * BLOCK_HZ


@pytest.mark.slow
@settings(max_examples=15)
@given(st.lists(st.tuples(st.floats(1.0, 8.0), st.floats(0.05, 1.5)), max_size=4))
def test_after_any_burst_little_lies_there_again_and_nothing_is_invented(sandbox, stalls):
    """While something stands still nothing comes, and then all of it at once."""
    arrivals = steady(20.0)
    for begin, lasts in stalls:
        arrivals = [begin + lasts if begin <= at < begin + lasts else at for at in arrivals]
    told = played(sandbox, arrivals, seconds=20.0)
    assert max(told["held"]) <= MOST_S + FRAME_S
    assert told["held"][-1] <= 0.08  # ten seconds after the last one
    assert told["sounded"] <= (20.0 + 0.3) * BLOCK_HZ
    assert told["sounded"] >= (20.0 - 0.4 - sum(lasts + 0.3 for _, lasts in stalls)) * BLOCK_HZ


@pytest.mark.parametrize("skew", [0.9998, 1.0002, 1.002, 0.998])
def test_two_clocks_that_differ_neither_fill_the_buffer_nor_empty_it_again_and_again(sandbox, skew):
    told = played(sandbox, steady(60.0, skew=skew), seconds=60.0)
    assert told["holes"][-1] <= 1
    assert max(told["held"]) < 0.1
