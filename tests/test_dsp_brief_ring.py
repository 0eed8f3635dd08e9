"""A ring cut as soon as it began, found by its tones where it was due."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp import synthesis as syn
from dsp.second_look.brief_ring import LONGEST_S, brief_ring_end
from dsp.segment import RINGBACK, Segment
from dsp.tone_plan import load_plan

SR = 8000
BEFORE, DUE = Segment(RINGBACK, SR, 2 * SR), 4 * SR


def line(lasts_s: float, *, plan: str, noise_dbfs: float, other: np.ndarray | None = None) -> np.ndarray:
    """Seconds 1 to 2 ring, and so many from 4 s on, at −25 dBFS in noise."""
    ring = np.tile(syn.cadence(load_plan(plan).ringback, 1.0, sr=SR, level_dbfs=-25), 2)
    wave = syn.white_noise(6 * SR, rng=np.random.default_rng(4), level_dbfs=noise_dbfs)
    wave[SR : 2 * SR] += ring[:SR]
    brief = round(lasts_s * SR)
    wave[DUE : DUE + brief] += ring[:brief]
    if other is not None:
        wave[DUE : DUE + len(other)] += other
    return syn.to_int16(wave)


def found(wave: np.ndarray, plan: str = "tw") -> int | None:
    return brief_ring_end(wave, DUE, before=BEFORE, sr=SR, plan=load_plan(plan))


@given(lasts_s=st.floats(0.04, LONGEST_S - 0.03), noise_dbfs=st.sampled_from([-60.0, -45.0, -37.0]))
@settings(max_examples=60)
@pytest.mark.parametrize("plan", ["tw", "de", "fr"])
def test_it_is_found_at_12_db_and_ends_where_it_was_cut(plan: str, lasts_s: float, noise_dbfs: float) -> None:
    end = found(line(lasts_s, plan=plan, noise_dbfs=noise_dbfs), plan)
    assert end is not None
    assert abs(end - DUE - lasts_s * SR) <= 0.02 * SR


@given(lasts_s=st.floats(0.002, 0.04), noise_dbfs=st.sampled_from([-70.0, -60.0, -50.0]))
@settings(max_examples=60)
@pytest.mark.parametrize("plan", ["tw", "de", "fr"])
def test_one_of_a_few_milliseconds_is_found_on_a_quiet_line(plan: str, lasts_s: float, noise_dbfs: float) -> None:
    end = found(line(lasts_s, plan=plan, noise_dbfs=noise_dbfs), plan)
    assert end is not None
    assert -0.004 * SR <= end - DUE - lasts_s * SR <= 0.02 * SR


@given(begins_s=st.floats(-0.1, 0.2), lasts_s=st.floats(0.002, 0.03))
def test_a_click_counts_where_a_ring_may_begin_and_only_there(begins_s: float, lasts_s: float) -> None:
    wave = line(0.0, plan="tw", noise_dbfs=-60.0)
    begins = DUE + round(begins_s * SR)
    click = np.random.default_rng(2).normal(0, 1500, round(lasts_s * SR))
    wave[begins : begins + len(click)] += click.astype(np.int16)
    end = found(wave)
    if -0.018 <= begins_s <= 0.035:
        assert end is not None
        assert end >= begins
    elif begins_s > 0.045 or begins_s + lasts_s < -0.025:
        assert end is None


def test_a_line_that_grows_louder_for_good_is_no_ring() -> None:
    """As where a handset is lifted."""
    wave = line(0.0, plan="tw", noise_dbfs=-60.0)
    louder = syn.white_noise(2 * SR, rng=np.random.default_rng(5), level_dbfs=-30)
    wave[DUE:] += syn.to_int16(louder)
    assert found(wave) is None


@pytest.mark.parametrize("noise_dbfs", [-60.0, -45.0, -37.0, -30.0])
def test_the_lines_noise_is_none(noise_dbfs: float) -> None:
    assert found(line(0.0, plan="tw", noise_dbfs=noise_dbfs)) is None


@pytest.mark.parametrize("lasts_s", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("share", [0.0, 0.2])
def test_one_that_packets_were_lost_of_is_found_however_long_it_is(lasts_s: float, share: float) -> None:
    wave = line(lasts_s, plan="tw", noise_dbfs=-50.0)
    rng = np.random.default_rng(3)
    torn, _ = syn.lose_packets(wave.astype(np.float32), sr=SR, share=share, rng=rng, conceal=False)
    end = found(torn.astype(np.int16))
    assert end is not None
    assert -0.061 * SR <= end - DUE - lasts_s * SR <= 0.02 * SR
    assert found(line(1.6, plan="tw", noise_dbfs=-50.0)) is None


def test_other_tones_and_noises_are_none() -> None:
    rng = np.random.default_rng(1)
    tone = syn.cadence(load_plan("de").ringback, 0.1, sr=SR, level_dbfs=-20)
    noise = syn.white_noise(round(0.1 * SR), rng=rng, level_dbfs=-15)
    for other in (noise, tone * 0 + 0.2 * np.sin(2 * np.pi * 800 * np.arange(len(tone)) / SR)):
        assert found(line(0.0, plan="tw", noise_dbfs=-50.0, other=other)) is None


def test_where_nothing_can_be_compared_there_is_none() -> None:
    assert (
        brief_ring_end(np.zeros(100, np.int16), 50, before=Segment(RINGBACK, 0, 40), sr=SR, plan=load_plan("tw"))
        is None
    )


@pytest.mark.parametrize("lost_s", [0.06, 0.1, 0.16])
def test_one_whose_first_packets_were_all_lost_is_found_behind_them(lost_s: float) -> None:
    """On a line that is not silent: there a hole is heard for one."""
    for noise_dbfs, is_found in ((-50.0, True), (None, False)):
        wave = line(lost_s + 0.1, plan="tw", noise_dbfs=noise_dbfs or -120.0)
        wave[DUE - SR // 50 : DUE + round(lost_s * SR)] = 0
        end = found(wave)
        assert (end is not None) == is_found or lost_s < 0.07
        assert end is None or abs(end - DUE - (lost_s + 0.1) * SR) <= 0.02 * SR


@pytest.mark.parametrize("lasts_s", [0.06, 0.1, 0.14])
@pytest.mark.parametrize("loud", [1.0, 0.5])
def test_what_a_line_was_driven_into_its_limits_by_may_be_one_whatever_is_left_of_its_tones(
    lasts_s: float, loud: float
) -> None:
    wave = line(0.0, plan="tw", noise_dbfs=-60.0)
    wave[DUE : DUE + round(lasts_s * SR)] = (
        32767 * loud * np.sign(np.random.default_rng(7).normal(0, 1, round(lasts_s * SR)))
    )
    end = found(wave)
    assert (end is None) == (loud < 1)
    assert end is None or abs(end - DUE - lasts_s * SR) <= 0.01 * SR


@pytest.mark.parametrize("loud", [1.0, 0.5])
def test_so_it_may_behind_its_first_packets(loud: float) -> None:
    wave = line(0.0, plan="tw", noise_dbfs=-50.0)
    wave[DUE : DUE + 2080] = 32767 * loud * np.sign(np.random.default_rng(7).normal(0, 1, 2080))
    wave[DUE - SR // 50 : DUE + 1040] = 0
    assert (found(wave) is None) == (loud < 1)
