"""Rings that a line clipped beyond recognition, found by their loudness where one was due."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, quiet, voice

from dsp import synthesis as syn
from dsp.answering.heard_call import Clues
from dsp.answering.legs import ANSWERED, find_legs
from dsp.listen import listen
from dsp.second_look.clipped_rings import with_clipped_rings
from dsp.segment import RINGBACK, SPEECH, Segment
from dsp.tone_plan import load_plan
from dsp.truth.truth_line import coded


def call(plan: str, at_s: float, *, louder_db: float, from_s: float = 1.9) -> np.ndarray:
    """Ringing that begins at 1 s and is picked up `at_s` later, amplified beyond full scale from `from_s` on."""
    ringing = syn.cadence(load_plan(plan).ringback, at_s, sr=SR, level_dbfs=-7)
    wave = np.concatenate([quiet(1), ringing, quiet(0.6), syn.at_level(voice("wei-nin-hao"), -12), quiet(1)])
    wave = wave + syn.white_noise(len(wave), rng=np.random.default_rng(1), level_dbfs=-45)
    wave[round(from_s * SR) : round((1 + at_s) * SR)] *= 10 ** (louder_db / 20)
    return syn.to_int16(coded(np.clip(wave, -1, 1).astype(np.float32), "g726"))


@pytest.mark.parametrize("louder_db", [4.0, 7.0])
@pytest.mark.parametrize(("plan", "at_s"), [("tw", 7.7), ("tw", 9.5), ("za", 6.25), ("de", 12.0)])
def test_every_ring_counts_however_hard_it_was_clipped(plan: str, at_s: float, louder_db: float) -> None:
    tones = load_plan(plan)
    (leg,) = listen(call(plan, at_s, louder_db=louder_db, from_s=2.6), sr=SR, plan=tones).legs
    assert leg.outcome == ANSWERED
    assert leg.rings == int(at_s // tones.period_s) + 1
    assert round((1 + at_s) * SR) in leg.pick_up
    assert at_s * SR in leg.answer_latency


def test_a_burst_that_began_to_clip_halfway_is_whole() -> None:
    (leg,) = listen(call("tw", 7.7, louder_db=7, from_s=4.5), sr=SR, plan=load_plan("tw")).legs
    assert (leg.outcome, leg.rings) == (ANSWERED, 3)


def test_what_is_not_clipped_or_not_due_or_not_steady_is_no_ring() -> None:
    plan, known = load_plan("tw"), Segment(RINGBACK, SR, 2 * SR, stops=True)
    base = np.concatenate([quiet(1), syn.cadence(plan.ringback, 1.0, sr=SR, level_dbfs=-7), quiet(6)])
    loud = syn.cadence(plan.ringback, 1.0, sr=SR, level_dbfs=-7)
    talk = syn.at_level(np.resize(voice("hello"), SR), -7)
    clipped = np.clip(3 * loud, -1, 1)
    for at_s, sound in ((4.0, loud * 0.8), (3.5, clipped), (4.0, np.clip(3 * talk, -1, 1))):
        wave = base.copy()
        wave[round(at_s * SR) : round((at_s + 1) * SR)] = sound
        assert with_clipped_rings([known], syn.to_int16(wave), sr=SR, plan=plan).segments == (known,)


def test_what_passed_for_speech_inside_one_is_left_out() -> None:
    plan, known = load_plan("tw"), Segment(RINGBACK, SR, 2 * SR, stops=True)
    wave = np.concatenate([quiet(1), syn.cadence(plan.ringback, 3.9, sr=SR, level_dbfs=-7), quiet(2)])
    wave[2 * SR :] = np.clip(3 * wave[2 * SR :], -1, 1)
    inside, behind = Segment(SPEECH, round(4.2 * SR), round(4.6 * SR)), Segment(SPEECH, 6 * SR, 7 * SR)
    found = with_clipped_rings([known, inside, behind], syn.to_int16(wave), sr=SR, plan=plan).segments
    assert inside not in found
    assert behind in found
    assert len([s for s in found if s.sound == RINGBACK]) == 2


def test_where_a_voice_was_heard_from_its_start_on_a_cut_one_is_in_doubt() -> None:
    """It may have been the voice's first vowel: the pick-up is before it or at its end, and a person has to say."""
    plan, known = load_plan("tw"), Segment(RINGBACK, SR, 2 * SR, stops=True)
    cut = syn.cadence(plan.ringback, 3.4, sr=SR, level_dbfs=-7)
    wave = np.concatenate([quiet(1), cut, quiet(2)])
    wave[2 * SR :] = np.clip(3 * wave[2 * SR :], -1, 1)
    spoken = Segment(SPEECH, round(4.01 * SR), round(4.9 * SR))
    found = with_clipped_rings([known, spoken], syn.to_int16(wave), sr=SR, plan=plan)
    assert found.segments == (known, spoken)
    (leg,) = find_legs(found.segments, sr=SR, plan=plan, end=len(wave), clues=Clues(doubtful=found.doubtful))
    assert (leg.outcome, leg.rings, leg.most_rings) == (ANSWERED, 1, 2)
    assert leg.pick_up is not None
    assert leg.pick_up.earliest <= 3.9 * SR
    assert leg.pick_up.latest >= 4.4 * SR
    brief = Segment(SPEECH, round(4.01 * SR), round(4.42 * SR))
    assert len(with_clipped_rings([known, brief], syn.to_int16(wave), sr=SR, plan=plan).segments) == 2


@pytest.mark.parametrize("plan", ["tw", "de", "uk"])
@pytest.mark.parametrize("sr", [8000, 16000])
def test_rings_clipped_before_the_first_that_is_told_count(plan: str, sr: int) -> None:
    """Until a gain control turned the line down the network took them for somebody's words."""
    tones = load_plan(plan)
    ons, period = tones.cadence, tones.period_s
    wave = np.concatenate([quiet(1), syn.cadence(tones.ringback, 4 * period - 0.3, sr=SR, level_dbfs=-7), quiet(2)])
    wave = wave + syn.white_noise(len(wave), rng=np.random.default_rng(1), level_dbfs=-60)
    loud = slice(0, round((1 + 2 * period - 0.1) * SR))
    wave[loud] = np.clip(4 * wave[loud], -1, 1)
    told = [
        Segment(RINGBACK, round((1 + n * period + at) * sr), round((1 + n * period + at + on) * sr), stops=True)
        for n in (2, 3)
        for at, on in zip((0.0, sum(ons[0])), (on for on, _ in ons), strict=False)
    ]
    words = [Segment(SPEECH, sr, round((1 + ons[0][0]) * sr)), Segment(SPEECH, sr // 4, sr // 2)]
    samples = syn.to_int16(np.repeat(wave, sr // SR))
    found = with_clipped_rings([*words, *told], samples, sr=sr, plan=tones).segments
    rings = [s for s in found if s.sound == RINGBACK]
    assert len(rings) == 4 * len(ons)
    assert abs(rings[0].start - sr) <= 0.03 * sr
    assert [s for s in found if s.sound == SPEECH] == words[1:]


def test_talk_before_a_ring_is_no_ring_however_loud() -> None:
    plan, known = load_plan("tw"), Segment(RINGBACK, 4 * SR, 5 * SR, stops=True)
    wave = np.concatenate([quiet(4), syn.cadence(plan.ringback, 1.0, sr=SR, level_dbfs=-7), quiet(1)])
    wave[SR : 2 * SR] = np.clip(4 * syn.at_level(np.resize(voice("hello"), SR), -7), -1, 1)
    prompt = Segment(SPEECH, SR, 2 * SR)
    assert with_clipped_rings([prompt, known], syn.to_int16(wave), sr=SR, plan=plan).segments == (prompt, known)


@pytest.mark.parametrize("lost_ms", [20, 60])
def test_the_beat_of_clipped_rings_is_not_that_of_one_that_lost_its_first_packets(lost_ms: int) -> None:
    samples = call("tw", 12.43, louder_db=7, from_s=7.86)
    for ring_s, less in ((4, 20), (7, lost_ms)):
        samples[ring_s * SR : ring_s * SR + less * SR // 1000] = 0
    (leg,) = listen(samples, sr=SR, plan=load_plan("tw")).legs
    assert (leg.outcome, leg.rings) == (ANSWERED, 5)
    assert leg.pick_up is not None
    assert round(13.43 * SR) in leg.pick_up
