"""Where a burst's two ends are, however many pieces of what is none are bridged to it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.bursts.burst_ends import PIECE, BurstEnds
from dsp.bursts.steadiness import Steadiness
from dsp.bursts.tone_fit import explained, explained_each
from dsp.stream import Stream, overlapping
from dsp.tone_plan import load_plan
from dsp.tone_sets import SR, plan_tones, set_of, tone_sets

TONES = (440.0, 480.0)
LEVEL = 0.1
LINE = SR


def _ends(before, length, behind):
    """A burst with noise as loud as itself around it, and what reads its ends."""
    at = np.arange(LINE + before + length + behind + LINE) / SR
    sound = np.random.default_rng(1).normal(0, LEVEL, len(at)).astype(np.float32)
    tone = sum(LEVEL * np.sin(2 * np.pi * f * at) for f in TONES)
    sound[LINE + before : LINE + before + length] = tone[LINE + before : LINE + before + length]
    stream = Stream(sr=SR)
    stream.append(sound)
    sets = tone_sets(plan_tones(load_plan("tw")))
    return BurstEnds(sets, read=stream.read, steadiness=Steadiness(sets, read=stream.read)), sound


@given(before=st.integers(0, 5000), length=st.integers(0, 6000), behind=st.integers(0, 5000))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_what_is_no_tone_is_taken_off_both_ends_half_a_piece_at_a_time(before, length, behind):
    ends, sound = _ends(before, length, behind)
    start, end = LINE, LINE + before + length + behind

    def sounds(at):
        return explained(sound[at : at + PIECE], TONES) > 0.6

    wanted, until = start, end
    while until - wanted > 3 * PIECE and not sounds(until - PIECE):
        until -= PIECE // 2
    while until - wanted > 3 * PIECE and not sounds(wanted):
        wanted += PIECE // 2
    assert ends.trimmed(start, end, TONES, LEVEL, share=1.0) == (wanted, until)


@pytest.mark.parametrize("tail_s", [0.04, 0.06, 0.1])
@pytest.mark.parametrize("goes_on", [True, False])
def test_behind_a_hole_what_is_no_tone_is_somebody_who_spoke_at_once(tail_s, goes_on):
    hole = LINE + round(0.34 * SR), LINE + round(0.38 * SR)
    end = hole[1] + round(tail_s * SR)
    at = np.arange(end + LINE) / SR
    sound = sum(LEVEL * np.sin(2 * np.pi * f * at) for f in TONES).astype(np.float32)
    if not goes_on:
        vowel = sum(3 * LEVEL * np.sin(2 * np.pi * 230 * k * at) for k in (1, 2, 3, 4))
        sound[hole[1] :] = vowel[hole[1] :]
    sound[slice(*hole)] = 0
    stream = Stream(sr=SR)
    stream.append(sound)
    sets = tone_sets(plan_tones(load_plan("tw")))
    ends = BurstEnds(sets, read=stream.read, steadiness=Steadiness(sets, read=stream.read))
    told = ends.without_reply(LINE, end, set_of(load_plan("tw").ringback, sets), LEVEL, 1.0)
    assert told == end if goes_on else abs(told - hole[1]) <= 0.01 * SR


def test_pieces_looked_at_together_are_told_as_each_alone():
    _, sound = _ends(0, 4000, 0)
    pieces = overlapping(sound, 90, PIECE, 100)
    alone = [explained(sound[at : at + PIECE], TONES) for at in range(0, 9000, 100)]
    assert np.allclose(explained_each(pieces, TONES), alone, rtol=1e-9)
