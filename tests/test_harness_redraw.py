"""Times drawn anew: every rule of the draw holds, the sealed month beside it counts, and all can be verified."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from agency_folder import make_office

from harness.agency import Agency, load_agency
from harness.cli.program import run
from harness.errors import DONE, WRONG_USAGE, WrongInput
from harness.programme.kept_to import Moved, kept_to
from harness.programme.month import draw_and_seal, inputs_of, kept_plan
from harness.programme.month_plan import PlannedTest
from harness.programme.published import publish, verify_file
from harness.programme.redraw import call_off, redraw
from harness.programme.times import first_attempt_minutes
from harness.store import Store, open_store
from harness.store.plans import CALLED_OFF, CLAIMED, REDRAWN

NOVEMBER, DECEMBER = "2026-11", "2026-12"
REST_DAYS = 6
PROGRAMME = f"""
rounds_per_month = 2
units_per_round = 4
days_between_calls = {REST_DAYS}
[every_unit]
every = "month"
"""


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return make_office(tmp_path / "agency", PROGRAMME)


def drawn(agency: Agency, store: Store, month: str, seed: str) -> tuple[PlannedTest, ...]:
    before = datetime(int(month[:4]), int(month[5:]), 1, 1, tzinfo=UTC) - timedelta(days=6)
    return draw_and_seal(agency, month, store, seed=seed, now=before).tests


def days_by_unit(agency: Agency, store: Store) -> dict[str, list[date]]:
    found: dict[str, list[date]] = {}
    for row in store.plans.months():
        of = {test.id: test.unit for test in kept_plan(row["month"], store)[0].tests}
        for one in store.plans.tests(row["month"]):
            if one["state"] != CALLED_OFF:
                due = datetime.fromisoformat(one["due_at"]).astimezone(agency.zone).date()
                found.setdefault(of[one["test_id"]], []).append(due)
    return {unit: sorted(days) for unit, days in found.items()}


def in_month(month: str, store: Store, test: str) -> Any:
    return next(one for one in store.plans.tests(month) if one["test_id"] == test)


@pytest.mark.parametrize("seed", range(8))
def test_a_number_rests_between_a_time_drawn_anew_and_every_call_around_it(agency: Agency, seed: int) -> None:
    """At the end of November the calls of December are sealed already, and those of its first days count."""
    now = datetime(2026, 11, 26, 18, tzinfo=agency.zone)
    with open_store(agency.database) as store:
        tests = drawn(agency, store, NOVEMBER, f"a{seed}")
        drawn(agency, store, DECEMBER, f"b{seed}")
        missed = [test for test in tests if test.at < now]
        assert missed
        for test in missed:
            redraw(agency, in_month(NOVEMBER, store, test.id), store, reason={"why": "missed"}, now=now)
        first = kept_plan(DECEMBER, store)[0].tests[0].at
        call_off(agency, first.date(), store, reason="颱風", now=now)
        found = days_by_unit(agency, store)
        moved = [one for one in store.plans.events(NOVEMBER) if one["what"] == REDRAWN]
        off = [one for one in store.plans.events(DECEMBER) if one["what"] == REDRAWN]
        verified = [kept_to(agency, month, store, now=now) for month in (NOVEMBER, DECEMBER)]
    close = [(unit, a, b) for unit, days in found.items() for a, b in pairwise(days)]
    assert [one for one in close if one[2] - one[1] < timedelta(days=REST_DAYS)] == []
    assert all(one["due_at"][:7] == DECEMBER for one in off)
    assert off
    assert len(moved) <= len(missed)  # a number that rests until December may have no day left in November
    for month in verified:
        assert {(one.by_lot, one.reasoned) for one in month.moved if one.why} == {(True, True)}
        assert all(one.explained for one in month.moved if one.why)


def of_test(agency: Agency, store: Store, test: PlannedTest) -> Moved:
    found = kept_to(agency, DECEMBER, store, now=datetime(2027, 1, 4, tzinfo=UTC))
    return next(one for one in found.moved if one.test == test.id)


def test_a_time_set_by_hand_at_that_days_own_minute_is_not_the_lots(agency: Agency) -> None:
    """Whoever can write to the database picks a day, and takes the minute that the lot has for it."""
    with open_store(agency.database) as store:
        test = drawn(agency, store, DECEMBER, "s")[0]
        missed_at = test.at + timedelta(minutes=20)
        unit = next(one for one in agency.units if one.unit == test.unit)
        inputs = inputs_of(agency, DECEMBER, store)
        assert first_attempt_minutes(inputs.hours_of(unit), inputs.settings.margin_min)
        chosen = _minute_of(agency, store, test, date(2026, 12, 30), missed_at)
        with store.writing():
            note = store.plans.note
            note(test.id, REDRAWN, month=DECEMBER, due_at=chosen, detail={"why": "missed"}, now=missed_at)
        found = of_test(agency, store, test)
        assert (found.by_lot, found.explained) == (False, False)
        store.plans.note(test.id, CLAIMED, month=DECEMBER, now=datetime(2026, 12, 24, 13, tzinfo=agency.zone))
        found = of_test(agency, store, test)
    assert (found.by_lot, found.in_time, found.explained) == (False, False, False)
    assert found.dialled == "2026-12-24T13:00+08:00"


def _minute_of(agency: Agency, store: Store, test: PlannedTest, day: date, now: datetime) -> datetime:
    """The minute that the lot has for a day: what it gives when it may fall on no other."""
    from harness.programme.lot_anew import Log, time_anew

    plan, inputs = kept_plan(DECEMBER, store)[0], inputs_of(agency, DECEMBER, store)
    others = {date(2026, 12, n) for n in range(1, 32)} - {day}
    for away in range(4):  # its number may rest on that day
        log = Log(agency, DECEMBER, store)
        at = time_anew(inputs, plan, test, log, now=now, but=others - {day - timedelta(days=away)})
        if at is not None:
            return at
    raise AssertionError("no day")


def test_a_time_of_the_lots_that_was_not_dialled_then_is_told(agency: Agency) -> None:
    with open_store(agency.database) as store:
        test = drawn(agency, store, DECEMBER, "s")[0]
        row, later = in_month(DECEMBER, store, test.id), test.at + timedelta(minutes=20)
        at = redraw(agency, row, store, reason={"why": "missed"}, now=later)
        assert at is not None
        store.plans.note(test.id, CLAIMED, month=DECEMBER, now=at + timedelta(minutes=3))
        assert of_test(agency, store, test).explained
        other = drawn(agency, store, "2027-01", "s")[0]
        store.plans.note(other.id, CLAIMED, month="2027-01", now=other.at + timedelta(hours=2))
        found = kept_to(agency, "2027-01", store, now=other.at + timedelta(hours=3)).moved[0]
    assert (found.test, found.in_time, found.explained) == (other.id, False, False)


@pytest.mark.parametrize(
    ("detail", "early"),
    [({"why": "day_off", "said": " "}, False), ({}, False), ({"why": "missed"}, True)],
    ids=["no words", "no reason", "missed before it came"],
)
def test_what_is_no_reason_explains_nothing(agency: Agency, detail: dict[str, str], early: bool) -> None:
    with open_store(agency.database) as store:
        test = drawn(agency, store, DECEMBER, "s")[-1]
        now = test.at + (-timedelta(days=9) if early else timedelta(minutes=20))
        redraw(agency, in_month(DECEMBER, store, test.id), store, reason=dict(detail), now=now)
        found = of_test(agency, store, test)
    assert (found.reasoned, found.explained) == (False, False)


def test_a_test_dropped_though_days_were_left_is_told(agency: Agency) -> None:
    with open_store(agency.database) as store:
        test = drawn(agency, store, DECEMBER, "s")[0]
        later = test.at + timedelta(minutes=20)
        store.plans.note(test.id, CALLED_OFF, month=DECEMBER, detail={"why": "missed"}, now=later)
        assert of_test(agency, store, test).by_lot is False


def test_hours_that_were_changed_before_and_after_a_redraw_leave_it_untold_not_accused(agency: Agency) -> None:
    path = agency.folder / "agency.toml"
    text = path.read_text(encoding="utf-8")
    with open_store(agency.database) as store:
        test = drawn(agency, store, DECEMBER, "s")[0]
        path.write_text(text.replace("13:30-16:30", "13:30-16:00"), encoding="utf-8")
        changed = load_agency(agency.folder)
        row, later = in_month(DECEMBER, store, test.id), test.at + timedelta(minutes=20)
        assert redraw(changed, row, store, reason={"why": "missed"}, now=later) is not None
        assert of_test(changed, store, test).by_lot is True
        path.write_text(text.replace("13:30-16:30", "13:30-15:30"), encoding="utf-8")
        assert of_test(load_agency(agency.folder), store, test).by_lot is None


def test_a_day_is_called_off_by_somebody_and_for_a_reason(agency: Agency) -> None:
    with open_store(agency.database) as store:
        test = drawn(agency, store, DECEMBER, "s")[0]
        with pytest.raises(WrongInput):
            call_off(agency, test.at.date(), store, reason="  ", now=test.at - timedelta(hours=3))
        assert store.plans.state(test.id) == "drawn"
        day = f"{test.at:%Y-%m-%d}"
        off = ["--agency", str(agency.folder), "plan", "off", day]
        for lacking in ([], ["--who", "承辦人"], ["--reason", "颱風"], ["--who", " ", "--reason", "颱風"]):
            assert run([*off, *lacking]) == WRONG_USAGE
        assert store.plans.state(test.id) == "drawn"
        assert run([*off, "--who", "承辦人", "--reason", "颱風"]) == DONE
        (line,) = store.log.named("day_called_off")
    assert (line["who"], line["detail"]["reason"], line["detail"]["day"]) == ("承辦人", "颱風", day)


def test_a_published_month_says_which_times_were_drawn_anew_and_not_what_people_wrote(
    agency: Agency, tmp_path: Path
) -> None:
    with open_store(agency.database) as store:
        first, second, *_ = drawn(agency, store, DECEMBER, "s")
        store.plans.take(first.id, month=DECEMBER, attempts=[], now=first.at)
        call_off(agency, second.at.date(), store, reason="林小姐請假", now=second.at - timedelta(hours=2))
        due = in_month(DECEMBER, store, second.id)["due_at"]
        files = publish(DECEMBER, tmp_path, store, today=date(2027, 1, 1))
    text = files[-1].read_text(encoding="utf-8")
    tests = {one["test"]: one for one in json.loads(text)["tests"]}
    assert (tests[first.id]["redrawn"], len(tests[first.id]["dialled"])) == ([], 1)
    (new,) = tests[second.id]["redrawn"]
    assert (new["at"], new["why"], tests[second.id]["dialled"]) == (due, "day_off", [])
    assert "林小姐" not in text
    assert verify_file(files[0]).same_lots
