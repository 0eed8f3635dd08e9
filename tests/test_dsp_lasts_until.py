"""A ring that a line made another sound of halfway goes on as loud until it was due to be over."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR
from dsp_segments import at, legs, ring

from dsp.answering.recording import Recording
from dsp.second_look.lasts_until import lasts_until
from dsp.segment import SPEECH


def line(rest_s: float, *, rest_db: float = 0.0, lasts_s: float = 1.0) -> tuple[np.ndarray, int]:
    """Noise, a burst of a fifth of a second, another sound behind it, noise; and where a ring was due to be over."""
    rng = np.random.default_rng(2)
    wave = rng.normal(0, 20, 4 * SR)
    wave[SR : SR + SR // 5] += 8000 * np.sin(np.arange(SR // 5) / 3)
    rest = round(rest_s * SR)
    wave[SR + SR // 5 : SR + SR // 5 + rest] = rng.normal(0, 5600 * 10 ** (rest_db / 20), rest)
    return wave.astype(np.int16), SR + round(lasts_s * SR)


@pytest.mark.parametrize(
    ("rest_s", "rest_db", "lasts"),
    [
        (0.8, 0, True),
        (0.8, 4, True),
        (0.8, -10, False),  # fainter
        (0.6, 0, False),  # over too soon
        (1.2, 0, False),  # goes on
        (0.0, 0, False),
    ],
)
def test_a_sound_as_loud_that_falls_off_in_time_is_the_ring(rest_s: float, rest_db: float, lasts: bool) -> None:
    wave, end = line(rest_s, rest_db=rest_db)
    assert lasts_until(wave, at("ringback", 1, 1.2), end, sr=SR) == lasts


def test_too_little_behind_the_burst_or_the_ring_tells_nothing() -> None:
    wave, _ = line(0.06, lasts_s=0.26)
    assert not lasts_until(wave, at("ringback", 1, 1.2), SR + round(0.26 * SR), sr=SR)
    wave, end = line(0.8)
    assert not lasts_until(wave[: end + 100], at("ringback", 1, 1.2), end, sr=SR)


@pytest.mark.parametrize("lasts", [False, True])
def test_such_a_ring_was_not_surely_cut(lasts: bool) -> None:
    rings = [ring(1, 2), ring(4, 5), ring(7, 8), ring(10, 10.3)]
    (leg,) = legs(*rings, at(SPEECH, 11.5, 13), recording=Recording(lasts_until=lambda *_: lasts))
    assert leg.pick_up is not None
    assert (leg.pick_up.latest > 11 * SR) == lasts


@pytest.mark.parametrize("goes_on_s", [0.0, 0.09])
def test_a_reply_that_begins_with_the_rest_of_a_ring_began_behind_it(goes_on_s: float) -> None:
    def rest_until(_, since: int) -> int:
        return since + round(goes_on_s * SR)

    rings = [ring(1, 2), ring(4, 5), ring(7, 8), ring(10, 10.28, stops=False)]
    recording = Recording(rest_until=rest_until, rest_end=lambda _: round(10.4 * SR))
    (leg,) = legs(*rings, at(SPEECH, 10.4, 13), recording=recording)
    assert leg.pick_up is not None
    assert (round(10.49 * SR) <= leg.pick_up.latest) == (goes_on_s > 0)
