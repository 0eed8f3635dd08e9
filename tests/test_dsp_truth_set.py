"""The ear against calls whose truth is known."""

from __future__ import annotations

import os

import numpy as np
import pytest
from dsp_calls import VOICES, voice

from dsp.listen import listen
from dsp.tone_plan import load_plan
from dsp.truth.truth_judge import judge, table
from dsp.truth.truth_set import make_call, make_calls

ALL = [voice(name) for name in VOICES]
TAIWAN = 30 if os.environ.get("CI") == "true" else 12


@pytest.mark.parametrize(
    ("plan", "strict", "count"),
    [
        ("tw", True, TAIWAN),
        ("tw", False, 15),
        pytest.param("uk", True, 8, marks=pytest.mark.slow),
        pytest.param("jp", True, 6, marks=pytest.mark.slow),
    ],
)
def test_the_ear_is_never_wrong(plan, strict, count):
    tones = load_plan(plan)
    rows = []
    for call in make_calls(2026, count, plan=tones, voices=ALL, strict=strict):
        rows.append(judge(call, listen(call.samples, sr=call.sr, plan=tones, missing=call.missing), plan=tones))
    figures = dict(table(rows))
    assert figures["ring count wrong"] == "0"
    assert figures["outcome wrong"] == "0"
    assert figures["interval without the truth"] == "0"


@pytest.mark.parametrize("plain", [True, False])
def test_the_ear_is_never_wrong_behind_a_jitter_buffer(plain):
    tones = load_plan("tw")
    for index in range(8):
        rng = np.random.default_rng([31, index])
        call = make_call(rng, plan=tones, voices=ALL, plain=plain, buffered=True)
        heard = listen(call.samples, sr=call.sr, plan=tones, buffer_s=call.buffer_s)
        row = judge(call, heard, plan=tones)
        assert (row.rings_wrong, row.outcome_wrong, row.truth_outside) == (False, False, False)


def test_a_seed_is_a_set():
    one, other = (list(make_calls(7, 3, plan=load_plan("tw"), voices=ALL)) for _ in range(2))
    assert all((a.samples == b.samples).all() and a.truth == b.truth for a, b in zip(one, other, strict=True))


def test_the_truth_is_what_was_made():
    for call in make_calls(8, 20, plan=load_plan("tw"), voices=ALL):
        if call.truth.pick_up is not None and call.truth.ring_onset is not None:
            latency_s = (call.truth.pick_up - call.truth.ring_onset) / call.sr
            assert call.truth.rings == int(np.floor(latency_s / 3)) + 1
            assert call.truth.pick_up <= call.truth.reply
