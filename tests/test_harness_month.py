"""An agency's month by the command line: drawn once, sealed, called off by the day, and verified afterwards."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from agency_folder import make_office

from harness.agency import Agency, load_agency
from harness.cli.program import run
from harness.errors import BELOW_STANDARD, DONE, WRONG_USAGE, Refused
from harness.programme.kept_to import kept_to
from harness.programme.month import draw_and_seal, inputs_of, kept_plan, verify_month
from harness.programme.published import publish, verify_file
from harness.programme.redraw import call_off, redraw
from harness.programme.seal import seal_of
from harness.store import open_store
from harness.store.plans import CALLED_OFF, REDRAWN

DRAWN = datetime(2026, 11, 25, 1, tzinfo=UTC)
SEED = "0123456789abcdef"
PROGRAMME = """
rounds_per_month = 2
units_per_round = 4
days_between_calls = 3
[every_unit]
every = "month"
[[testers]]
name = "甲"
unit = "u0227000201"
[[testers]]
name = "乙"
"""


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return make_office(tmp_path / "agency", PROGRAMME)


def asked(agency: Agency, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, object]]:
    capsys.readouterr()
    status = run(["--agency", str(agency.folder), "plan", *words, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_a_month_is_drawn_once_and_its_hash_is_all_that_is_told(
    agency: Agency, capsys: pytest.CaptureFixture[str]
) -> None:
    status, drawn = asked(agency, capsys, "draw", "115-12")
    assert (status, drawn["month"], drawn["tests"], drawn["unmet"]) == (DONE, "2026-12", 8, [])
    status, shown = asked(agency, capsys, "show", "2026-12")
    assert (shown["seal"], shown["states"]) == (drawn["seal"], {"drawn": 8})
    assert "plan" not in shown
    assert asked(agency, capsys, "draw", "2026-12")[0] == WRONG_USAGE
    assert asked(agency, capsys, "verify", "2026-12")[0] == DONE


def test_who_looks_at_the_times_is_written_down(agency: Agency, capsys: pytest.CaptureFixture[str]) -> None:
    asked(agency, capsys, "draw", "2026-12")
    _, shown = asked(agency, capsys, "show", "2026-12", "--reveal", "--who", "承辦人")
    assert len(shown["tests"]) == 8  # type: ignore[arg-type]
    rows = sqlite3.connect(agency.database).execute("SELECT who, what FROM log").fetchall()
    assert rows == [("承辦人", "plan_revealed")]


def test_a_changed_plan_does_not_verify(agency: Agency, capsys: pytest.CaptureFixture[str]) -> None:
    asked(agency, capsys, "draw", "2026-12")
    with sqlite3.connect(agency.database) as db:
        triggers = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in triggers:
            db.execute(f'DROP TRIGGER "{name}"')
        (text,) = db.execute("SELECT plan FROM plans").fetchone()
        plan = json.loads(text)
        plan["tests"][0]["at"] = plan["tests"][1]["at"]
        db.execute("UPDATE plans SET plan = ?", [json.dumps(plan)])
    status, verdict = asked(agency, capsys, "verify", "2026-12")
    assert (status, verdict["sealed"], verdict["same_lots"]) == (BELOW_STANDARD, False, False)


def test_the_database_itself_refuses_to_change_a_plan(agency: Agency) -> None:
    with open_store(agency.database) as store:
        draw_and_seal(agency, "2026-12", store, seed=SEED, now=DRAWN)
    with sqlite3.connect(agency.database) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute("UPDATE plans SET seal = 'x'")
    with sqlite3.connect(agency.database) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute("DELETE FROM plan_events")


def test_a_directory_that_changed_since_is_said_and_is_no_accusation(agency: Agency) -> None:
    with open_store(agency.database) as store:
        draw_and_seal(agency, "2026-12", store, seed=SEED, now=DRAWN)
        with (agency.folder / "units.csv").open("a", encoding="utf-8") as units:
            units.write("unew,新單位,0227000299,,l0\n")
        verdict = verify_month(load_agency(agency.folder), "2026-12", store)
    assert (verdict.sealed, verdict.same_inputs, verdict.same_lots) == (True, False, True)


def test_a_day_called_off_has_no_test_and_loses_none_that_another_day_can_take(agency: Agency) -> None:
    with open_store(agency.database) as store:
        plan = draw_and_seal(agency, "2026-12", store, seed=SEED, now=DRAWN)
        day = plan.tests[0].at.date()
        moved, dropped = call_off(agency, day, store, reason="颱風", now=plan.tests[0].at - timedelta(hours=2))
        after = store.plans.tests("2026-12")
        events = [one for one in store.plans.events("2026-12") if one["what"] == REDRAWN]
    assert plan.tests[0].id in moved
    assert dropped == []
    due = [datetime.fromisoformat(one["due_at"]).astimezone(agency.zone) for one in after]
    assert len(due) == 8
    assert all(at.date() != day for at in due)
    assert {one["detail"]["said"] for one in events} == {"颱風"}


def test_a_missed_window_is_drawn_anew_later_in_the_month_inside_the_rules(agency: Agency) -> None:
    with open_store(agency.database) as store:
        plan = draw_and_seal(agency, "2026-12", store, seed=SEED, now=DRAWN)
        row = store.plans.tests("2026-12")[0]
        now = datetime.fromisoformat(row["due_at"]) + timedelta(hours=3)
        at = redraw(agency, row, store, reason={"why": "missed"}, now=now)
        assert at is not None
        again = redraw(agency, row, store, reason={"why": "missed"}, now=now)
        others = [one for one in store.plans.tests("2026-12") if one["test_id"] != row["test_id"]]
    local = at.astimezone(agency.zone)
    assert local > now
    assert local.weekday() < 5
    assert again != at
    unit = {test.id: test.unit for test in plan.tests}
    mine = [o for o in others if unit[o["test_id"]] == unit[row["test_id"]]]
    assert all(abs((datetime.fromisoformat(o["due_at"]) - at).days) >= 2 for o in mine)


def test_a_window_missed_at_the_months_end_is_dropped_and_said(agency: Agency) -> None:
    with open_store(agency.database) as store:
        draw_and_seal(agency, "2026-12", store, seed=SEED, now=DRAWN)
        row = store.plans.tests("2026-12")[0]
        now = datetime(2026, 12, 31, 20, tzinfo=agency.zone)
        assert redraw(agency, row, store, reason={"why": "missed"}, now=now) is None
        assert store.plans.state(row["test_id"]) == CALLED_OFF


def test_the_next_month_lets_the_numbers_rest_and_shares_the_testers(agency: Agency) -> None:
    with open_store(agency.database) as store:
        first = draw_and_seal(agency, "2026-11", store, seed=SEED, now=DRAWN)
        second = draw_and_seal(agency, "2026-12", store, seed=SEED, now=DRAWN)
        assert kept_plan("2026-12", store)[0] == second
    last = {test.unit: test.at.date() for test in first.tests}
    gaps = [test.at.date() - last[test.unit] for test in second.tests if test.unit in last]
    assert min(gaps) >= timedelta(days=3)
    assert max(last.values()) <= date(2026, 11, 30)


def test_a_claimed_test_is_claimed_once(agency: Agency) -> None:
    with open_store(agency.database) as store, open_store(agency.database) as other:
        draw_and_seal(agency, "2026-12", store, seed=SEED, now=DRAWN)
        (test, *_) = store.plans.waiting(datetime(2027, 1, 1, tzinfo=UTC))
        taken = [one.plans.take(test["test_id"], month="2026-12", attempts=[]) for one in (store, other)]
        assert taken == [True, False]
        assert [one["test_id"] for one in other.plans.claimed()] == [test["test_id"]]


def test_every_moved_call_is_named_with_its_reason(agency: Agency, capsys: pytest.CaptureFixture[str]) -> None:
    with open_store(agency.database) as store:
        plan = draw_and_seal(agency, "2026-12", store, seed=SEED, now=DRAWN)
        first, second, third, *_ = plan.tests
        store.plans.take(first.id, month="2026-12", attempts=[], now=first.at + timedelta(seconds=20))
        call_off(agency, second.at.date(), store, reason="颱風", now=second.at - timedelta(hours=2))
        moved = [row for row in store.plans.tests("2026-12") if row["test_id"] == third.id]
        if moved[0]["state"] == "drawn":
            store.plans.note(third.id, "redrawn", month="2026-12", due_at=third.at + timedelta(hours=1), now=third.at)
        found = kept_to(agency, "2026-12", store, now=DRAWN)
    by = {one.test: one for one in found.moved}
    assert first.id not in by
    assert (by[second.id].why, by[second.id].by_lot, by[second.id].explained) == (("day_off：颱風",), True, True)
    assert [one.test for one in found.unexplained] == [third.id]
    status, told = asked(agency, capsys, "verify", "2026-12")
    assert (status, told["sealed"], told["same_lots"]) == (BELOW_STANDARD, True, True)
    assert {one["test"] for one in told["moved"]} == set(by)
    assert run(["--agency", str(agency.folder), "plan", "verify", "2026-12"]) == BELOW_STANDARD


def test_a_month_that_is_over_can_be_verified_by_anybody_with_its_files_alone(
    agency: Agency, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_store(agency.database) as store:
        plan = draw_and_seal(agency, "2026-12", store, seed=SEED, now=DRAWN)
        with pytest.raises(Refused):
            publish("2026-12", tmp_path / "out", store, today=date(2026, 12, 31))
        file, *_ = publish("2026-12", tmp_path / "out", store, today=date(2027, 1, 1))
    assert hashlib.sha256(file.read_bytes()).hexdigest() == seal_of(plan)
    found = verify_file(file)
    assert (found.seal, found.same_lots) == (seal_of(plan), True)
    other = plan.tests[0].at.isoformat(timespec="minutes")
    file.write_text(file.read_text("utf-8").replace(other, other.replace("T09", "T10").replace("T1", "T0")), "utf-8")
    assert verify_file(file).seal != seal_of(plan)
    assert run(["plan", "verify", str(file)]) == BELOW_STANDARD
    (tmp_path / "x.json").write_text("[1]")
    assert run(["plan", "verify", str(tmp_path / "x.json")]) == WRONG_USAGE


def test_nobody_looks_at_the_times_without_a_name(agency: Agency) -> None:
    with open_store(agency.database) as store:
        draw_and_seal(agency, "2026-12", store, seed=SEED, now=DRAWN)
    assert run(["--agency", str(agency.folder), "plan", "show", "2026-12", "--reveal"]) == WRONG_USAGE


def test_a_call_placed_by_hand_is_named_and_rests_its_number(agency: Agency) -> None:
    with open_store(agency.database) as store:
        row = {"call_id": "hand", "unit": "u0227000201", "number": "0227000201", "scenario": "extension-direct"}
        row |= {"started_at": "2026-12-14T02:00:00+00:00", "outcome": "answered"}
        store.add_call(row, record={})
        past = inputs_of(agency, "2027-01", store).past
        assert past.tested == {"u0227000201": [date(2026, 12, 14)]}
        assert past.called == {"0227000201": [date(2026, 12, 14)]}
        draw_and_seal(agency, "2026-12", store, seed=SEED, now=DRAWN)
        assert kept_to(agency, "2026-12", store, now=DRAWN).beside == ("hand",)


def test_a_test_that_was_dropped_counts_as_none(agency: Agency) -> None:
    with open_store(agency.database) as store:
        plan = draw_and_seal(agency, "2026-11", store, seed=SEED, now=DRAWN)
        before = inputs_of(agency, "2026-12", store).past
        store.plans.note(plan.tests[0].id, CALLED_OFF, month="2026-11")
        after = inputs_of(agency, "2026-12", store).past
    assert plan.tests[0].at.date() in before.tested[plan.tests[0].unit]
    assert plan.tests[0].at.date() not in after.tested.get(plan.tests[0].unit, [])
    assert sum(before.burden.values()) == sum(after.burden.values()) + 1
