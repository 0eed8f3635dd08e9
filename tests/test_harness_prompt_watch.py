"""Remembered prompts while the call lasts: the same finds as afterwards, at once, and for hardly any work."""

from __future__ import annotations

import time

import numpy as np
import pytest
from dsp_calls import SR, quiet, voice, with_noise
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.tone_plan import load_plan
from harness.prompts.heard_mark import listen_for
from harness.prompts.live import PromptWatch
from harness.prompts.marks import END, MENU, OPERATOR, make_mark
from harness.switchboard import sound

MENU_WORDS = np.concatenate([sound.to_pcm(sound.prompt("ivr-menu", SR)), np.zeros(SR, np.int16)])
CALL = with_noise(np.concatenate([quiet(1.3), MENU_WORDS.astype(np.float32) / 32768, voice("hello"), quiet(1)]))


def marked(at_s, *, name, what):
    return make_mark(
        MENU_WORDS, rate=SR, at_s=at_s, name=name, what=what, site="", marked_in="a call", tones=load_plan("tw")
    )


MARKS = (
    marked(0.1, name="begins", what=MENU),
    marked(3.0, name="key-9", what=OPERATOR),
    marked(len(MENU_WORDS) / SR - 1.1, name="over", what=END),
)
WHOLE = listen_for(MARKS, CALL, rate=SR)


def test_marks_in_one_prompt_are_found_in_their_order():
    assert [one.name for one in WHOLE] == ["begins", "key-9", "over"]
    for one, mark in zip(WHOLE, MARKS, strict=True):
        assert one.mark_s == pytest.approx(1.3 + mark.at_s, abs=0.02)
        assert one.begin_s - 0.05 <= one.mark_s <= one.end_s + 0.05
        assert (one.kind, one.what, one.error_s) == (mark.kind, mark.what, 0.05)


@settings(max_examples=12, deadline=None)
@given(cuts=st.lists(st.integers(0, len(CALL)), max_size=40))
def test_live_and_later_agree_however_the_sound_is_cut(cuts):
    watch = PromptWatch(MARKS, sample_rate_hz=SR)
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(CALL)], strict=True):
        watch.feed(CALL[start:end])
    watch.flush()
    assert watch.found == WHOLE


def test_a_mark_is_told_at_once():
    """A third of a second behind the mark, or a second and a half into a prompt that is marked at its beginning."""
    watch = PromptWatch(MARKS, sample_rate_hz=SR)
    for start in range(0, len(CALL), 160):
        for one in watch.feed(CALL[start : start + 160]):
            assert (start + 160) / SR <= max(one.mark_s + 0.4, 1.3 + 2.4)
    assert watch.heard("key-9") == WHOLE[1]
    assert watch.heard("key-9", since_s=WHOLE[1].mark_s + 0.1) is None
    assert watch.heard("nothing") is None


def test_what_never_came_is_no_silence():
    gone = (round(3.2 * SR), round(3.6 * SR))
    watch = PromptWatch(MARKS[1:2], sample_rate_hz=SR)
    watch.feed(CALL[: gone[0]])
    watch.fill(gone[1] - gone[0])
    watch.feed(CALL[gone[1] :])
    assert watch.heard("key-9").mark_s == pytest.approx(4.3, abs=0.02)
    assert listen_for(MARKS[1:2], CALL, rate=SR, missing=[gone]) == watch.found


def test_nothing_to_listen_for_costs_nothing():
    watch = PromptWatch((), sample_rate_hz=SR)
    assert watch.feed(CALL) == watch.fill(10) == watch.flush() == watch.found == ()


def test_the_work_is_small():
    """A bound far above what is measured, in processor time: three prompts in a call fed every 50 ms."""
    watch = PromptWatch(MARKS, sample_rate_hz=SR)
    long = np.tile(CALL, 6)
    begun = time.process_time()
    for start in range(0, len(long), 400):
        watch.feed(long[start : start + 400])
    assert time.process_time() - begun < 0.05 * len(long) / SR
