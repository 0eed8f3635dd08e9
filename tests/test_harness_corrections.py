"""A reviewer's marks: beside the machine's, scored by the same form, with a reason, never in the machine's place."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept_calls import agency_with_units, keep_call
from rubric_cases import best, call, leg

from harness.agency import Agency
from harness.confirming import candidates, confirm_fault
from harness.corrections import OUTCOMES, Marks, correct_mark, corrections, marks_of, with_corrections
from harness.errors import Refused, ThirdringError, WrongInput
from harness.second_opinion import add_opinion
from harness.store import Store, open_store

LATE = call(legs={"ivr": leg(1, 2.0), "operator": leg(3, 7.4), "unit": leg(6, (16.2, 17.6))})
SOON = Marks(outcome="answered", ring_onset_s=20.0, pick_up_earliest_s=24.0, pick_up_latest_s=24.2, rings=2)


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    made = agency_with_units(tmp_path / "agency")
    keep_call(made, "c", LATE, None, day=date(2026, 11, 20))
    return made


def correct(agency: Agency, store: Store, marks: Marks = SOON, **told: Any) -> Any:
    said = {"who": "黃複評", "reason": "第二聲就接了"} | told
    return correct_mark("c", "unit", marks, agency=agency, store=store, **said)


def test_a_correction_counts_and_the_machine_s_stays(agency: Agency) -> None:
    with open_store(agency.database) as store:
        before = store.get_call("c")
        tried = correct(agency, store, try_only=True, reason="")
        assert (tried.version, store.get_call("c")) == (None, before)
        done = correct(agency, store)
        after = store.get_call("c")
        assert done.points == tried.points
        assert {one.what for one in done.points}
        assert after["sheets"][0] == before["sheets"][0]
        assert after["measured"] == before["measured"]
        assert after["sheets"][1]["facts"]["legs"]["unit"] == done.after
        assert done.after["answer_latency_s"] == {"earliest": 4.0, "latest": 4.2}
        (line,) = corrections("c", store)
        assert (line["who"], line["detail"]["reason"], line["detail"]["sheet"]) == ("黃複評", "第二聲就接了", 2)
        assert with_corrections(LATE, "c", store)["legs"]["unit"] == done.after


@pytest.mark.parametrize("said", ["rejected", "congestion"])
def test_a_refusal_or_no_way_there_is_no_zero_before_somebody_says_whose_fault_it_was(
    agency: Agency, said: str
) -> None:
    with open_store(agency.database) as store:
        done = correct(agency, store, Marks(outcome=said))
        assert (done.after["outcome"], done.after["fault_confirmed"]) == ("fault_theirs", False)
        assert [
            one["points"] for one in store.get_call("c")["sheets"][-1]["sheet"]["items"] if one["id"] == "B1.1"
        ] == [None]
        assert corrections("c", store)[0]["detail"]["outcome"] == said
        assert candidates(store.get_call("c")["sheets"][-1]["facts"]) == ["unit"]
        with pytest.raises(WrongInput) as caught:
            correct(agency, store, Marks(outcome=said))
        assert caught.value.key == "correction.same"
        confirm_fault("c", "theirs", who="黃複評", reason="x", agency=agency, store=store)
        assert candidates(store.get_call("c")["sheets"][-1]["facts"]) == []


def test_every_outcome_of_a_call_may_be_said(agency: Agency) -> None:
    assert set(OUTCOMES) == {"answered", "no_answer", "busy", "congestion", "rejected", "fault_theirs", "fault_ours"}
    with open_store(agency.database) as store:
        for one in OUTCOMES:
            assert correct(agency, store, replace(SOON, outcome=one), try_only=True).outcome == one


def test_answers_keep_whose_they_were(agency: Agency) -> None:
    keep_call(agency, "c2", LATE, best(), who="陳小華")
    with open_store(agency.database) as store:
        correct_mark("c2", "unit", SOON, who="黃複評", reason="x", agency=agency, store=store)
        assert {one["who"] for one in store.sheets("c2")} == {"陳小華"}


@pytest.mark.parametrize(
    ("marks", "key"),
    [
        (replace(SOON, outcome="maybe"), "outcome"),
        (replace(SOON, rings=-1), "rings"),
        (replace(SOON, pick_up_latest_s=None), "half"),
        (replace(SOON, ring_onset_s=25.0), "order"),
        (replace(SOON, pick_up_latest_s=float("nan")), "order"),
        (replace(SOON, ring_onset_s=-1.0), "outside"),
    ],
)
def test_marks_that_cannot_be_are_refused(marks: Marks, key: str, agency: Agency) -> None:
    with open_store(agency.database) as store:
        with pytest.raises(WrongInput) as raised:
            correct(agency, store, marks)
        assert raised.value.key == f"correction.{key}"
        assert len(store.sheets("c")) == 1


def test_no_reason_no_leg_and_no_difference_are_refused(agency: Agency) -> None:
    same = marks_of(LATE["legs"]["unit"])
    with open_store(agency.database) as store:
        for told in ({"reason": " "}, {"marks": same}):
            with pytest.raises(WrongInput):
                correct(agency, store, **told)
        with pytest.raises(WrongInput):
            correct_mark("c", "nobody", SOON, who="a", reason="b", agency=agency, store=store)


def test_while_two_judge_blind_the_marks_stay(agency: Agency) -> None:
    with open_store(agency.database) as store:
        add_opinion("c", best(), who="甲", agency=agency, store=store)
        with pytest.raises(Refused):
            correct(agency, store)


@given(
    st.floats(0, 50, allow_nan=False),
    st.floats(0, 30, allow_nan=False),
    st.floats(0, 3, allow_nan=False),
    st.integers(0, 20),
)
def test_a_leg_says_what_was_marked(onset: float, waited: float, width: float, rings: int) -> None:
    from harness.corrections import _leg_of

    first = onset + waited
    marks = Marks(
        outcome="answered",
        ring_onset_s=onset,
        pick_up_earliest_s=first,
        pick_up_latest_s=first + width,
        rings=rings,
    )
    made = _leg_of(leg(6, 16.2), marks)
    assert marks_of(made) == marks
    assert made["answer_latency_s"]["earliest"] == pytest.approx(waited, abs=1e-3)


def test_every_error_is_said_in_both_languages(agency: Agency) -> None:
    with open_store(agency.database) as store, pytest.raises(ThirdringError) as raised:
        correct(agency, store, replace(SOON, rings=100))
    assert "99" in raised.value.sentence("zh")
    assert "99" in raised.value.sentence("en")
