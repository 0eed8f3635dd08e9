"""Reading a spectrum at the edges of the band."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dsp.bursts.purity import Spectrum, _side
from dsp.listen import listen
from dsp.tone_plan import load_plan, plan_names
from dsp.tone_sets import SR


@pytest.mark.parametrize("frequency_hz", [-40.0, -3.0, 0.0, 3.0, 2000.0, 3990.0, 4000.0, 4100.0])
def test_a_side_outside_the_band_is_no_crash(frequency_hz: float) -> None:
    heard = Spectrum(np.ones(513, np.float32), hz=SR / 1024, half_hz=17.0, whole=513.0)
    assert math.isfinite(_side(heard, frequency_hz))


@pytest.mark.parametrize("plan", plan_names())
def test_a_short_rumble_is_heard_without_an_error_by_every_plan(plan: str) -> None:
    rng = np.random.default_rng(7)
    rumble = np.cumsum(rng.normal(0, 300, 2400)) + 4000 * np.sin(np.arange(2400) / 90)
    listen((rumble - rumble.mean()).clip(-32000, 32000).astype(np.int16), sr=8000, plan=load_plan(plan))
