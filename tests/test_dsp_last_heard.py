"""A voice or music before a ring ends where it was last heard, though the line is noisy."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, music, quiet, with_noise

from dsp import synthesis as syn
from dsp.second_look.last_heard import with_heard_ends
from dsp.segment import MUSIC, RINGBACK, SPEECH, Segment
from dsp.tone_plan import load_plan

RING = syn.cadence(load_plan("tw").ringback, 1.0, sr=SR, level_dbfs=-20)


def heard(pause_s: float, noise_dbfs: float, sound: str = MUSIC, *, behind: np.ndarray | None = None) -> float:
    """Where a sound of 3 s is said to end that was counted until the ring behind its pause, in seconds."""
    wave = np.concatenate([music(3), quiet(pause_s), RING, quiet(1) if behind is None else behind])
    start = round((3 + pause_s) * SR)
    counted, ring = Segment(sound, 0, start), Segment(RINGBACK, start, start + SR)
    found, same = with_heard_ends([ring, counted], with_noise(wave, noise_dbfs), sr=SR)
    assert (found.sound, found.start, same) == (sound, 0, ring)
    return found.end / SR


@pytest.mark.parametrize("noise_dbfs", [-70, -50, -38])
@pytest.mark.parametrize("sound", [MUSIC, SPEECH])
@pytest.mark.parametrize("pause_s", [0.4, 1.0, 2.5])
def test_it_ends_where_the_line_alone_is_heard(pause_s: float, noise_dbfs: float, sound: str) -> None:
    assert heard(pause_s, noise_dbfs, sound) == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("pause_s", [0.0, 0.1, 0.2])
def test_what_sounds_until_the_ring_or_rests_before_it_stays(pause_s: float) -> None:
    assert heard(pause_s, -50) == 3 + pause_s


def test_where_something_else_sounds_behind_the_ring_the_line_is_not_known() -> None:
    assert heard(1.0, -50, behind=music(1)) == 4


def test_what_ended_before_stays() -> None:
    talk, ring = Segment(SPEECH, 0, SR), Segment(RINGBACK, 2 * SR, 3 * SR)
    assert with_heard_ends([talk, ring], with_noise(quiet(4)), sr=SR) == (talk, ring)
