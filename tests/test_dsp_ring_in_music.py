"""A telephone that begins to ring before music was told to be over."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, music, quiet, voice, with_noise

from dsp import synthesis as syn
from dsp.answering.legs import ANSWERED
from dsp.listen import listen
from dsp.second_look.ring_in_music import with_rings_in_music
from dsp.segment import MUSIC, RINGBACK, SPEECH, Segment
from dsp.tone_plan import load_plan


def behind_music(plan: str, *, pause_s: float, ring_s: float, lost: tuple[float, float] | None = None) -> np.ndarray:
    """Six seconds of music, a pause, the first of a plan's ringback, and quiet."""
    ring = syn.cadence(load_plan(plan).ringback, ring_s, sr=SR, level_dbfs=-20)
    wave = with_noise(np.concatenate([music(6), quiet(pause_s), ring, quiet(1)]), -55)
    if lost is not None:
        wave[round((6 + pause_s + lost[0]) * SR) : round((6 + pause_s + lost[1]) * SR)] = 0
    return wave


def parted(wave: np.ndarray, plan: str, end_s: float) -> tuple[Segment, ...]:
    heard = Segment(MUSIC, 0, round(end_s * SR))
    return with_rings_in_music([heard], wave, sr=SR, plan=load_plan(plan))


@pytest.mark.parametrize(("plan", "ring_s"), [("tw", 1.0), ("es", 1.5), ("pt", 1.0), ("us", 2.0)])
@pytest.mark.parametrize("pause_s", [0.4, 1.0, 1.6])
@pytest.mark.parametrize("lost", [None, (0.2, 0.3)])
def test_a_plans_tones_alone_as_long_as_its_ring_are_a_ring(
    plan: str, ring_s: float, pause_s: float, lost: tuple[float, float] | None
) -> None:
    wave = behind_music(plan, pause_s=pause_s, ring_s=ring_s, lost=lost)
    before, ring = parted(wave, plan, 6 + pause_s + ring_s)
    assert (before.sound, ring.sound) == (MUSIC, RINGBACK)
    assert ring.start == pytest.approx((6 + pause_s) * SR, abs=0.015 * SR)
    assert ring.end == pytest.approx((6 + pause_s + ring_s) * SR, abs=0.015 * SR)
    assert before.end == ring.start


@pytest.mark.parametrize(
    ("pause_s", "ring_s", "plan"),
    [(0.0, 1.0, "tw"), (0.1, 1.0, "tw"), (1.0, 0.25, "tw"), (1.0, 1.0, "es"), (1.0, 1.0, "uk")],
)
def test_what_follows_at_once_or_is_not_as_long_as_a_ring_stays_music(pause_s: float, ring_s: float, plan: str) -> None:
    """A note of the same pitch: it follows others, or has a length of its own."""
    wave = behind_music(plan, pause_s=pause_s, ring_s=ring_s)
    assert [one.sound for one in parted(wave, plan, 6 + pause_s + ring_s)] == [MUSIC]


@pytest.mark.parametrize("lost", [None, (0.2, 0.24)])
@pytest.mark.parametrize("ring_s", [0.4, 0.6, 0.8])
def test_a_ring_that_was_cut_is_told_by_two_tones_in_step(ring_s: float, lost: tuple[float, float] | None) -> None:
    wave = behind_music("tw", pause_s=0.6, ring_s=ring_s, lost=lost)
    before, ring = parted(wave, "tw", 6.6 + ring_s)
    assert (before.sound, ring.sound) == (MUSIC, RINGBACK)
    assert ring.start == pytest.approx(6.6 * SR, abs=0.015 * SR)


@pytest.mark.parametrize("notes_hz", [(440.0,), (480.0,), (440.0, 554.4), (440.0, 452.0)])
def test_a_note_or_a_chord_as_long_is_none(notes_hz: tuple[float, ...]) -> None:
    at = np.arange(round(0.6 * SR)) / SR
    notes = sum(0.1 * np.sin(2 * np.pi * hz * at) for hz in notes_hz)
    wave = with_noise(np.concatenate([music(6), quiet(0.6), np.asarray(notes, np.float32), quiet(1)]), -55)
    assert [part.sound for part in parted(wave, "tw", 7.2)] == [MUSIC]


def test_a_telephone_that_rings_once_behind_music_has_its_leg() -> None:
    ring = syn.cadence(load_plan("tw").ringback, 1.0, sr=SR, level_dbfs=-20)
    said = syn.at_level(voice("hello"), -20)
    wave = with_noise(np.concatenate([quiet(0.5), music(8), quiet(0.9), ring, quiet(0.8), said, quiet(1)]), -55)
    heard = listen(wave, sr=SR, plan=load_plan("tw"))
    assert RINGBACK in [one.sound for one in heard.segments]
    assert not any(one.outcome == ANSWERED and one.rings != 1 for one in heard.legs)
    assert SPEECH in [one.sound for one in heard.segments]
