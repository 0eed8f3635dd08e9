"""Whether the packet behind a burst arrived, by what is heard there."""

from __future__ import annotations

import numpy as np
import pytest

from dsp import synthesis as syn
from dsp.second_look.packet_behind import arrives_behind, with_sure_stops
from dsp.segment import RINGBACK, SPEECH, Segment
from dsp.tone_plan import load_plan

SR = 8000
TONE = load_plan("tw").ringback
BURST = Segment(RINGBACK, SR, round(1.6 * SR))


def line(noise_dbfs: float = -45.0, behind_db: float = 0.0) -> np.ndarray:
    """A burst from 1 s to 1.6 s at −25 dBFS; the noise behind it is so much louder than before."""
    wave = syn.white_noise(3 * SR, rng=np.random.default_rng(5), level_dbfs=noise_dbfs)
    wave[BURST.end :] *= 10 ** (behind_db / 20)
    wave[BURST.start : BURST.end] += syn.cadence(TONE, 0.6, sr=SR, level_dbfs=-25)
    return wave


def arrives(wave: np.ndarray) -> bool:
    return arrives_behind(syn.to_int16(wave), BURST, TONE, sr=SR)


@pytest.mark.parametrize("behind_db", [-3.0, 0.0, 11.0, 20.0])
def test_a_line_that_goes_on_or_rises_lost_nothing(behind_db: float) -> None:
    assert arrives(line(behind_db=behind_db))
    assert arrives(line(-35.0, behind_db=behind_db / 2))


@pytest.mark.parametrize("packets", [1, 2, 5])
def test_silence_behind_it_is_a_hole(packets: int) -> None:
    wave = line()
    wave[BURST.end : BURST.end + packets * SR // 50] = 0
    assert not arrives(wave)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_the_tone_again_was_put_in_for_what_was_lost(share: float) -> None:
    wave, size = line(), SR // 50
    wave[BURST.end : BURST.end + size] = share * wave[BURST.end - size : BURST.end]
    assert not arrives(wave)


def test_on_a_silent_line_or_at_an_edge_of_the_call_nothing_tells() -> None:
    silent = np.zeros(3 * SR, np.float32)
    silent[BURST.start : BURST.end] = line()[BURST.start : BURST.end]
    assert not arrives(silent)
    assert not arrives(line()[: BURST.end + SR // 100])
    early = Segment(RINGBACK, 100, 2000)
    assert not arrives_behind(line(), early, TONE, sr=SR)


@pytest.mark.parametrize(("share", "sure"), [(0.5, False), (0.0, True)])
def test_a_burst_of_which_a_packet_was_put_in_faintly_did_not_surely_stop(share: float, sure: bool) -> None:
    """As faint as the line's noise."""
    wave, size = line(-36.0), SR // 50
    wave[BURST.end : BURST.end + size] += share * wave[BURST.end - size : BURST.end]
    burst = Segment(RINGBACK, BURST.start, BURST.end, stops=True)
    for behind, last in (((Segment(SPEECH, 2 * SR, 3 * SR),), True), ((Segment(RINGBACK, 2 * SR, 3 * SR),), False)):
        told = with_sure_stops([burst, *behind], syn.to_int16(wave), sr=SR, plan=load_plan("tw"))
        assert told[0].stops == (sure or not last)
    assert with_sure_stops((), syn.to_int16(wave), sr=SR, plan=load_plan("tw")) == ()
