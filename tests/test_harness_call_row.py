"""A row of the list tells of one leg: no outcome of one beside the rings and seconds of another."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.interval import Interval
from harness.kept_call import call_row
from harness.measured_leg import MeasuredLeg
from harness.web.pages.calls import UNTIMED, timing_of

LATENCY = Interval(1.0, 1.25)
LEGS = st.builds(
    MeasuredLeg,
    leg=st.sampled_from(["ivr", "operator", "unit"]),
    outcome=st.sampled_from(["answered", "none", "busy", "no_answer", "fault_ours"]),
    rings=st.sampled_from([None, (1, 1), (2, 3)]),
    answer_latency_s=st.sampled_from([None, LATENCY]),
)


def row_of(legs: list[MeasuredLeg]) -> dict[str, Any]:
    told = dict.fromkeys(("call_id", "unit", "number", "scenario", "started_at"), "x")
    measured = SimpleNamespace(legs=tuple(legs), outcome=legs[-1].outcome)
    test: Any = SimpleNamespace(record=SimpleNamespace(**told), measured=measured)
    return call_row(test, {"path": "", "sha256": ""})


@given(st.lists(LEGS, min_size=1, max_size=3))
def test_earlier_legs_change_nothing(legs: list[MeasuredLeg]) -> None:
    row = row_of(legs)
    assert row == row_of(legs[-1:])
    if legs[-1].answer_latency_s is None:
        figures = ("rings", "answer_latency_earliest_s", "answer_latency_latest_s")
        assert [row[name] for name in figures] == [None] * 3


@given(st.sampled_from(sorted(UNTIMED)))
def test_a_row_of_an_older_release_shows_no_other_legs_figures(outcome: str) -> None:
    old = {"outcome": outcome, "rings": 1, "answer_latency_earliest_s": 1.0, "answer_latency_latest_s": 1.0}
    assert timing_of(old) == {"rings": None, "seconds": "—"}
    assert timing_of(old | {"outcome": "answered"}) == {"rings": 1, "seconds": "1.0"}
