"""A reply begins where something is heard of it: not at a click, a hole in the packets, or the line's own hum."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, music, quiet, voice

from dsp import synthesis as syn
from dsp.second_look.late_reply import with_heard_onsets
from dsp.segment import MUSIC, RINGBACK, SPEECH, Segment
from dsp.truth import made_sounds as made

BURST = Segment(RINGBACK, 0, SR)


def line(sound: np.ndarray, at_s: float, *, hum_dbfs: float = -90, offset: float = 0) -> np.ndarray:
    """A burst's second, and from `at_s` on a sound, on a line with hum and an offset."""
    wave = np.concatenate([quiet(at_s), sound, quiet(1)])
    hum = made.hum(len(wave), mains_hz=60, rng=np.random.default_rng(1), level_dbfs=hum_dbfs)
    return syn.to_int16(wave + hum + np.float32(offset))


def heard(samples: np.ndarray, sound: str, from_s: float) -> float:
    """Where a reply that was counted from `from_s` on begins, in seconds."""
    reply = Segment(sound, round(from_s * SR), len(samples) - SR)
    first, second = with_heard_onsets([BURST, reply], samples, sr=SR)
    assert (first, second.sound, second.end) == (BURST, sound, reply.end)
    return second.start / SR


@pytest.mark.parametrize("from_s", [1.3, 1.9, 2.4])
@pytest.mark.parametrize("hum_dbfs", [-90, -44])
def test_what_began_too_early_begins_where_it_is_heard(from_s: float, hum_dbfs: float) -> None:
    for sound, wave in ((MUSIC, music(3)), (SPEECH, syn.at_level(voice("wei-nin-hao"), -20))):
        assert heard(line(wave, 3, hum_dbfs=hum_dbfs), sound, from_s) == pytest.approx(3, abs=0.04)


def test_a_lost_packet_on_a_line_with_an_offset_is_no_reply() -> None:
    samples = line(music(3), 3, offset=0.02)
    samples[round(2.4 * SR) : round(2.42 * SR)] = 0
    assert heard(samples, MUSIC, 2.4) == pytest.approx(3, abs=0.04)


def test_a_click_is_no_reply() -> None:
    samples = line(music(3), 3)
    samples[round(2.4 * SR) : round(2.4 * SR) + 16] = 12000
    assert heard(samples, MUSIC, 2.4) == pytest.approx(3, abs=0.04)


@pytest.mark.parametrize("early_s", [0, 0.04, 0.07])
def test_what_begins_where_it_is_heard_stays(early_s: float) -> None:
    samples = line(syn.at_level(voice("hello"), -20), 3)
    assert heard(samples, SPEECH, 3 - early_s) == pytest.approx(3 - early_s, abs=1e-3)


def test_what_never_stands_out_of_the_line_stays() -> None:
    samples = line(syn.at_level(voice("hello"), -50), 3, hum_dbfs=-40)
    assert heard(samples, SPEECH, 2) == pytest.approx(2, abs=1e-3)


def test_what_comes_behind_another_sound_stays() -> None:
    first, reply = Segment(SPEECH, 0, SR), Segment(MUSIC, 2 * SR, 5 * SR)
    assert with_heard_onsets([first, reply], line(music(3), 3), sr=SR) == (first, reply)


@pytest.mark.parametrize("late_s", [0.06, 0.08])
@pytest.mark.parametrize("lost", [True, False])
def test_the_edges_of_a_lost_packet_or_a_click_are_no_consonant(late_s: float, lost: bool) -> None:
    """Behind it the line is as before it."""
    samples = line(music(3), 3, offset=0.0 if not lost else 0.02)
    first = round((3 - late_s) * SR)
    samples[first : first + round(0.02 * SR)] = 0
    if not lost:
        samples[first : first + 16] = 8 * [12000, -12000]
    assert heard(samples, MUSIC, 3 - late_s) == pytest.approx(3, abs=0.02)


def test_a_consonant_that_goes_over_into_its_word_begins_it() -> None:
    samples = line(music(3), 3)
    hiss = syn.white_noise(round(0.05 * SR), rng=np.random.default_rng(1), level_dbfs=-40)
    samples[round(2.94 * SR) : round(2.94 * SR) + len(hiss)] += syn.to_int16(hiss)
    assert heard(samples, MUSIC, 2.94) == pytest.approx(2.94, abs=1e-3)
