"""What passes for a word behind a ring and is as loud as the line around it is the line."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR
from dsp_segments import at, ring

from dsp.second_look.background import without_line
from dsp.segment import MISSING, SPEECH

WORD = at(SPEECH, 5, 6)


def line(louder_db: float = 0.0, since_s: float = 5, until_s: float = 6) -> np.ndarray:
    """Ten seconds of noise, louder for a while."""
    wave = np.random.default_rng(1).normal(0, 100, 10 * SR)
    wave[round(since_s * SR) : round(until_s * SR)] *= 10 ** (louder_db / 20)
    return wave.astype(np.int16)


@pytest.mark.parametrize(
    ("louder_db", "word"), [(-1, False), (0, False), (1, False), (4, True), (10, True), (-10, True)]
)
def test_only_what_is_as_loud_is(louder_db: float, word: bool) -> None:
    kept = without_line([ring(1, 2), WORD], line(louder_db), sr=SR)
    assert kept == ((ring(1, 2), WORD) if word else (ring(1, 2),))


@pytest.mark.parametrize(("since_s", "until_s"), [(4, 5), (6, 7)])
def test_it_must_be_as_loud_as_the_line_on_both_sides(since_s: float, until_s: float) -> None:
    assert WORD in without_line([ring(1, 2), WORD], line(-10, since_s, until_s), sr=SR)


def test_lost_packets_are_no_line() -> None:
    wave = line()
    wave[4 * SR : 5 * SR] = 0
    assert WORD in without_line([ring(1, 2), WORD], wave, sr=SR)
    wave = line()
    wave[round(4.8 * SR) : round(4.84 * SR)] = 0
    gone = at(MISSING, 4.8, 4.84)
    assert without_line([ring(1, 2), gone, WORD], wave, sr=SR) == (ring(1, 2), gone)


def test_without_room_on_both_sides_or_a_ring_before_it_nothing_is_said() -> None:
    wave = line()
    assert WORD in without_line([WORD], wave, sr=SR)
    assert WORD in without_line([ring(1, 4.8), WORD], wave, sr=SR)
    assert WORD in without_line([ring(1, 2), WORD, at(SPEECH, 6.1, 8)], wave, sr=SR)
    assert without_line([], wave, sr=SR) == ()
