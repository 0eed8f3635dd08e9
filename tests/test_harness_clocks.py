"""Two clocks beside one another, on a machine that puts a process off wherever it likes."""

from __future__ import annotations

import time
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import clocks

SET_S = 1_700_000_000.25
"""How far the wall clock is before the other."""


@given(put_off_s=st.lists(st.sampled_from((1e-7, 1e-6, 5e-6, 0.002, 0.05)), min_size=3, max_size=40))
def test_nobody_is_put_off_between_two_clocks_unseen(put_off_s: list[float]) -> None:
    running, stalls = 5_000.0, cycle(put_off_s)

    def monotonic() -> float:
        nonlocal running
        running += next(stalls)
        return running

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clocks.time, "monotonic", monotonic)
        patch.setattr(clocks.time, "time", lambda: monotonic() + SET_S)
        found_s, error_s = clocks.monotonic_less_wall_s()
    assert abs(found_s + SET_S) <= error_s + 1e-6
    if max(put_off_s) < 1e-5:
        assert error_s < 1e-4


def test_what_two_clocks_differ_by_is_known_to_a_tenth_of_a_millisecond() -> None:
    found = [clocks.monotonic_less_wall_s() for _ in range(100)]
    assert min(error for _, error in found) < 1e-4
    assert all(abs(a - found[0][0]) < 0.001 + error for a, error in found)
    assert found[0][0] == pytest.approx(time.monotonic() - time.time(), abs=0.1)
