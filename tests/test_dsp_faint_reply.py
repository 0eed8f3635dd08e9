"""Who is hardly heard behind a ringing need not be who answered: the caller's own room is heard on the line as well."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, quiet, voice, with_noise

from dsp import synthesis as syn
from dsp.answering.faint_reply import loud_db
from dsp.answering.legs import ANSWERED, NONE
from dsp.listen import listen
from dsp.listening import Listening
from dsp.segment import SPEECH, Segment
from dsp.tone_plan import load_plan

TW = load_plan("tw")


def talk(seconds: float, level_dbfs: float) -> np.ndarray:
    return np.resize(syn.at_level(voice("wei-nin-hao"), level_dbfs), round(seconds * SR))


def heard(*pieces: np.ndarray) -> Listening:
    return listen(with_noise(np.concatenate(pieces), -70), sr=SR, plan=TW)


def rung(seconds: float) -> np.ndarray:
    return syn.cadence(TW.ringback, seconds, sr=SR, level_dbfs=-15)


@pytest.mark.parametrize(("level_dbfs", "doubted"), [(-48, True), (-30, False), (-18, False)])
def test_the_first_voice_as_loud_as_others_may_be_the_first_on_the_line(level_dbfs: float, doubted: bool) -> None:
    found = heard(quiet(1), rung(4.5), talk(0.8, level_dbfs), quiet(0.3), talk(2, -18), quiet(1))
    (leg,) = found.legs
    assert (leg.outcome, leg.rings) == (ANSWERED, 2)
    assert leg.provisional == doubted
    assert leg.pick_up is not None
    assert (round(6.55 * SR) in leg.pick_up) == doubted


def test_where_it_rings_on_nothing_is_sure() -> None:
    on = rung(7)
    room = np.zeros(len(on), np.float32)
    word = talk(0.9, -48)
    room[round(1.8 * SR) : round(1.8 * SR) + len(word)] = word
    found = heard(quiet(1), on + room, quiet(1.5), talk(2, -18))
    assert all(leg.provisional for leg in found.legs)


def test_a_call_with_nobody_louder_behind_may_have_been_picked_up_until_the_next_ring() -> None:
    (leg,) = heard(quiet(1), rung(1.5), talk(0.7, -50), quiet(4)).legs
    assert leg.provisional
    assert leg.voice_onset is None
    assert leg.outcome in (ANSWERED, NONE)


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_loudness_is_that_of_the_louder_frames(dtype: type) -> None:
    wave = np.concatenate([quiet(1), syn.white_noise(SR, rng=np.random.default_rng(1), level_dbfs=-20), quiet(1)])
    samples = syn.to_int16(wave) if dtype == np.int16 else wave
    assert loud_db(samples, Segment(SPEECH, SR, 2 * SR), sr=SR) == pytest.approx(-19.3, abs=1)
    assert loud_db(samples, Segment(SPEECH, 0, 9), sr=SR) == -np.inf
