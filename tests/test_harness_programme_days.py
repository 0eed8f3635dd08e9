"""What the programme does about days that went wrong: nobody ran it, lunch came near, somebody else ended a round."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from programme_month import BEGIN, SEED, JumpingClock, make_folder, run_month

from harness.agency import Agency
from harness.bench.faults.life import AtOnce
from harness.programme.events import Event
from harness.programme.month import draw_and_seal, kept_plan
from harness.programme.redraw import call_off
from harness.programme.running import Programme
from harness.store import open_store
from harness.store.plans import AGAIN, CALLED_OFF, REDRAWN, WAITING

MONTH = "2026-12"
VACANT_UNIT = "u0227000204"


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return make_folder(tmp_path / "agency")


def programme(agency: Agency, told: list[Event]) -> Programme:
    clock: Any = JumpingClock(agency.folder / "clock")
    workers: Any = AtOnce()
    return Programme(agency.folder, place=_fails, clock=clock, workers=workers, tell=told.append, seeds=lambda: SEED)


def _fails(*_: object) -> Any:
    raise AssertionError("no line")


def set_clock(agency: Agency, *moment: int) -> datetime:
    now = datetime(*moment, tzinfo=agency.zone)  # type: ignore[arg-type, misc]
    (agency.folder / "clock").write_text(now.astimezone(UTC).isoformat())
    return now


def of(told: list[Event], what: str) -> list[Any]:
    return [event.detail for event in told if event.what == what]


# --- a round that somebody else ends


def to_vacant_call(agency: Agency) -> int:
    """Run to the call whose number does not exist, with a test of its round still to come; give the round."""
    run_month(agency.folder, until=BEGIN + timedelta(days=1))
    with open_store(agency.database) as store:
        tests = kept_plan(MONTH, store)[0].tests
        vacant = next(test for test in tests if test.unit == VACANT_UNIT)
        other = next(test for test in tests if test.round == vacant.round and test != vacant)
        later = datetime(2026, 12, 30, 10, tzinfo=agency.zone)
        store.plans.note(other.id, REDRAWN, month=MONTH, due_at=later, detail={"why": "missed"}, now=BEGIN)
    told = run_month(agency.folder, until=vacant.at + timedelta(minutes=10))
    assert of(told, "vacant") == []
    return vacant.round


def test_a_rounds_vacant_numbers_are_told_once_when_its_last_test_is_dropped_elsewhere(agency: Agency) -> None:
    number = to_vacant_call(agency)
    told: list[Event] = []
    running = programme(agency, told)
    running.look(dial=False)
    last = datetime(2026, 12, 31, 20, tzinfo=agency.zone)
    with open_store(agency.database) as store:
        due = [row for row in store.plans.tests(MONTH) if row["state"] in WAITING]
        days = {datetime.fromisoformat(row["due_at"]).astimezone(agency.zone).date() for row in due}
        assert days
        for day in days:
            call_off(agency, day, store, reason="颱風", now=last)
    assert of(told, "vacant") == []
    running.look(dial=False)
    running.look(dial=False)
    (one,) = of(told, "vacant")
    assert (one["month"], one["round"], one["count"]) == (MONTH, number, 1)
    again: list[Event] = []
    programme(agency, again).look(dial=False)
    assert of(again, "vacant") == []


def test_a_round_that_ended_while_nothing_ran_is_told_at_the_next_start(agency: Agency) -> None:
    number = to_vacant_call(agency)
    with open_store(agency.database) as store:
        for row in store.plans.tests(MONTH):
            if row["state"] in WAITING:
                store.plans.note(row["test_id"], CALLED_OFF, month=MONTH)
    told: list[Event] = []
    programme(agency, told).look(dial=False)
    assert [one["round"] for one in of(told, "vacant")] == [number]


# --- lunch and closing


@pytest.mark.parametrize(
    ("due", "late", "dialled"),
    [
        ((16, 14), 0, True),  # the last minute before the fifteen before closing
        ((16, 14), 1, False),
        ((16, 14), 9, False),
        ((11, 10), 4, True),
        ((11, 10), 5, False),  # 11:15, and lunch is at 11:30
        ((10, 0), 9, True),
    ],
)
def test_a_first_attempt_that_was_kept_waiting_is_not_dialled_before_lunch_or_closing(
    agency: Agency, due: tuple[int, int], late: int, dialled: bool
) -> None:
    told: list[Event] = []
    running = programme(agency, told)
    running.look()
    at = datetime(2026, 12, 2, *due, tzinfo=agency.zone)
    with open_store(agency.database) as store:
        test = kept_plan(MONTH, store)[0].tests[-1]
        store.plans.note(test.id, REDRAWN, month=MONTH, due_at=at, detail={"why": "missed"}, now=BEGIN)
    set_clock(agency, 2026, 12, 2, due[0], due[1] + late, 30)
    running.look()
    whats = [event.what for event in told if event.test == test.id]
    assert whats[:1] == (["dialling"] if dialled else ["redrawn"])


def test_a_test_is_dialled_again_up_to_closing(agency: Agency) -> None:
    """The margin is a first attempt's: the form says when the next one is."""
    told: list[Event] = []
    running = programme(agency, told)
    running.look()
    at = datetime(2026, 12, 2, 16, 20, tzinfo=agency.zone)
    ended = (at - timedelta(minutes=10)).isoformat()
    with open_store(agency.database) as store:
        test = kept_plan(MONTH, store)[0].tests[-1]
        attempts = [{"ended_at": ended, "outcome": "no_answer", "leg": "unit"}]
        store.plans.note(test.id, AGAIN, month=MONTH, due_at=at, detail={"attempts": attempts}, now=BEGIN)
    set_clock(agency, 2026, 12, 2, 16, 21)
    running.look()
    assert [event.what for event in told if event.test == test.id][:1] == ["dialling"]


# --- months that nobody drew in time


@pytest.fixture
def quarterly(agency: Agency) -> Agency:
    """An agency with its rounds in the first month of each quarter, whose last drawn month is October."""
    text = 'units_per_round = 3\nrounds_every = "quarter"\nround_month = 1\n'
    (agency.folder / "programme.toml").write_text(text, encoding="utf-8")
    with open_store(agency.database) as store:
        draw_and_seal(agency, "2026-10", store, seed=SEED, now=datetime(2026, 9, 25, tzinfo=UTC))
        for row in store.plans.tests("2026-10"):
            store.plans.note(row["test_id"], CALLED_OFF, month="2026-10")
    return agency


def test_a_month_of_rounds_that_was_not_drawn_in_time_is_told_and_its_last_days_are_used(quarterly: Agency) -> None:
    now, told = set_clock(quarterly, 2027, 1, 26, 8), list[Event]()
    running = programme(quarterly, told)
    running.look()
    running.look()
    assert [one["month"] for one in of(told, "month_drawn")] == ["2027-01"]
    assert [one["month"] for one in of(told, "month_late")] == ["2027-01"]
    assert all(event.needs_person for event in told if event.what == "month_late")
    with open_store(quarterly.database) as store:
        rows = store.plans.tests("2027-01")
    waiting = [datetime.fromisoformat(row["due_at"]) for row in rows if row["state"] in WAITING]
    assert len(waiting) == len(rows) == 8  # every unit is owed its test, and four days of testing are left
    assert all(at > now and at.astimezone(quarterly.zone).month == 1 for at in waiting)


def test_a_month_of_rounds_that_is_over_and_was_not_drawn_is_told_once(quarterly: Agency) -> None:
    set_clock(quarterly, 2027, 2, 3, 8)
    told: list[Event] = []
    running = programme(quarterly, told)
    running.look()
    running.look()
    assert [one["month"] for one in of(told, "month_skipped")] == ["2027-01"]
    assert of(told, "month_drawn") == []
    assert all(event.needs_person for event in told if event.what == "month_skipped")


def test_a_monthly_programme_draws_what_is_left_of_this_month_and_the_next(agency: Agency) -> None:
    with open_store(agency.database) as store:
        draw_and_seal(agency, "2026-10", store, seed=SEED, now=datetime(2026, 9, 25, tzinfo=UTC))
        for row in store.plans.tests("2026-10"):
            store.plans.note(row["test_id"], CALLED_OFF, month="2026-10")
    set_clock(agency, 2026, 11, 25, 8)
    told: list[Event] = []
    running = programme(agency, told)
    for _ in range(3):
        running.look()
    assert [one["month"] for one in of(told, "month_drawn")] == ["2026-11", "2026-12"]
    assert [one["month"] for one in of(told, "month_late")] == ["2026-11"]


def test_the_hash_of_a_drawn_month_is_sent_though_nobody_has_to_act(agency: Agency) -> None:
    told: list[Event] = []
    programme(agency, told).look()
    (event,) = [one for one in told if one.what == "month_drawn"]
    with open_store(agency.database) as store:
        assert event.detail is not None
        assert event.detail["seal"] == kept_plan(MONTH, store)[1]
    assert (event.is_sent, event.needs_person) == (True, False)
    assert not Event(at=BEGIN, what="dialling").is_sent
