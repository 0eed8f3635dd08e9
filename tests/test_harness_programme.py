"""The programme as it runs: a month on a clock that jumps, and what is left of it when it is killed anywhere."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from programme_month import BEGIN, END, SEED, AtOnce, JumpingClock, make_folder, run_month, stopped_at

from harness.agency import Agency, load_agency
from harness.errors import LineError, Refused
from harness.ledger import Claim, claim, claims, settle
from harness.number_gate import permit
from harness.programme.attempts import after_crash, attempted, settled
from harness.programme.events import Event
from harness.programme.month import verify_month
from harness.programme.running import GRACE, Programme
from harness.redial import Rules
from harness.store import open_store
from harness.store.plans import CALLED_OFF, CLAIMED, DONE, REDRAWN, UNKNOWN, WAITING

pytestmark = pytest.mark.waits

CI = os.environ.get("CI") == "true"
KILLS = 200 if CI else 25
ENDED = (DONE, UNKNOWN, CALLED_OFF)


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return make_folder(tmp_path / "agency")


def invites(agency: Agency) -> list[str]:
    path = agency.folder / "invites"
    return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []


def states(agency: Agency, month: str = "2026-12") -> Counter[str]:
    with open_store(agency.database) as store:
        return Counter(one["state"] for one in store.plans.tests(month))


class Placing:
    """Stands for calls; what is to come of each is told beforehand."""

    def __init__(self, *, raises: Exception | None = None) -> None:
        self.raises, self.placed, self.known = raises, [], []  # type: ignore[var-annotated]

    def __call__(self, known: Any, test: Any, earlier: Any) -> Any:
        self.placed.append((test, earlier))
        self.known.append(known)
        raise self.raises or AssertionError


def programme(agency: Agency, told: list[Event], *, place: Any, workers: Any = None) -> Programme:
    clock = JumpingClock(agency.folder / "clock")
    return Programme(
        agency.folder, place=place, clock=clock, workers=workers or AtOnce(), tell=told.append, seeds=lambda: SEED
    )


def to_first_test(agency: Agency, running: Programme) -> datetime:
    """Draw the month and let the time of its first test come."""
    due = running.look()
    assert due is not None
    clock = JumpingClock(agency.folder / "clock")
    clock.sleep((due - clock.now()).total_seconds())
    return due


def test_a_month_runs_by_itself_and_every_test_is_dialled_in_its_minute(agency: Agency) -> None:
    told = run_month(agency.folder)
    assert states(agency) == {DONE: 8}
    with open_store(agency.database) as store:
        assert verify_month(agency, "2026-12", store).same_lots
        due = {one["test_id"]: one["due_at"] for one in store.plans.events("2026-12") if one["what"] == "drawn"}
        calls = store.list_calls(limit=100)
    first = {event.test: event.at for event in reversed(told) if event.what == "dialling"}
    late = [(first[test] - datetime.fromisoformat(at)).total_seconds() for test, at in due.items()]
    assert all(0 <= seconds < 120 for seconds in late)
    assert len(calls) == len(invites(agency)) == len(set(invites(agency)))
    busy = [name for name in invites(agency) if "0227000202" in name]
    assert 1 <= len(busy) <= 4  # once, and three times more because it was engaged, but not after closing
    assert [told_of(event) for event in told if event.what == "vacant"] == [("2026-12", 1, True)]


def told_of(event: Event) -> tuple[str, int, bool]:
    """The month of an event about vacant numbers, how many it names, and whether it names the one that is."""
    assert event.detail is not None
    assert event.needs_person
    return event.detail["month"], event.detail["count"], "0227000204" in event.detail["zh"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_killed_anywhere_it_dials_nothing_twice_and_loses_nothing(agency: Agency, seed: int) -> None:
    program = Path(__file__).with_name("programme_month.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, str(program), str(agency.folder), str(KILLS), str(seed)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr
    dialled = Counter(invites(agency))
    assert dialled
    assert set(dialled.values()) == {1}
    claimed = {one.attempt_id: one.outcome for one in claims(load_agency(agency.folder))}
    assert set(dialled) <= set(claimed)
    now = JumpingClock(agency.folder / "clock").now()
    with open_store(agency.database) as store:
        months = [row["month"] for row in store.plans.months() if row["month"] < f"{now:%Y-%m}"]
        ended = [one for month in months for one in store.plans.tests(month)]
        kept = {
            row["attempt_id"] for call in store.list_calls(limit=9999) for row in store.attempts_of(call["call_id"])
        }
        unknown = {one["test_id"] for one in ended if one["state"] == UNKNOWN}
    assert months
    assert {one["state"] for one in ended} <= set(ENDED)
    # What rang somebody is kept as a call, or somebody is asked about it.
    assert all(name in kept or any(name.startswith(test) for test in unknown) for name in dialled)
    assert sqlite3.connect(agency.database).execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.fixture(scope="module")
def before_a_test(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An agency's folder a moment before its first test is due."""
    agency = make_folder(tmp_path_factory.mktemp("before") / "agency")
    due = programme(agency, [], place=Placing()).look()
    assert due is not None
    clock = JumpingClock(agency.folder / "clock")
    clock.sleep((due - clock.now()).total_seconds() - 1)
    return agency.folder


def test_killed_at_each_step_of_a_test_it_is_dialled_once_or_left_to_a_person(
    before_a_test: Path, tmp_path: Path
) -> None:
    def fresh(name: str) -> Path:
        return Path(shutil.copytree(before_a_test, tmp_path / name))

    steps = stopped_at(fresh("whole"), None)
    assert {"before the INVITE", "in the call", "before the disk", "database insert", "database commit"} <= set(steps)
    dialling = steps.index("before the INVITE")
    tried = range(len(steps)) if CI else {*range(dialling - 3, dialling + 3), *range(0, len(steps), len(steps) // 4)}
    for step in tried:
        folder = fresh(str(step))
        assert stopped_at(folder, step + 1) == steps[: step + 1]
        told = run_month(folder, until=JumpingClock(folder / "clock").now() + timedelta(minutes=5))
        dialled = Counter(invites(load_agency(folder)))
        assert set(dialled.values()) <= {1}, (step, steps[step])
        over = {event.what for event in told} & {DONE, UNKNOWN, "again"}
        assert over or step > dialling, (step, steps[step])  # dialled now, or settled before the kill
        with open_store(load_agency(folder).database) as store:
            assert store.plans.claimed() == []
        assert sqlite3.connect(folder / "thirdring.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)
        shutil.rmtree(folder)


def test_a_window_that_was_missed_is_drawn_anew_and_not_dialled_late(agency: Agency) -> None:
    told: list[Event] = []
    placing = Placing(raises=LineError("softphone.worker_silent", what="dial"))
    running = programme(agency, told, place=placing)
    to_first_test(agency, running)
    JumpingClock(agency.folder / "clock").sleep(GRACE.total_seconds() + 1)
    running.look()
    assert placing.placed == []
    assert [event.what for event in told][-1] == REDRAWN
    with open_store(agency.database) as store:
        (event,) = [one for one in store.plans.events("2026-12") if one["what"] == REDRAWN]
    assert event["detail"]["why"] == "missed"


def test_a_fault_of_ours_is_tried_again_three_times_and_then_left_to_a_person(agency: Agency) -> None:
    told: list[Event] = []
    placing = Placing(raises=LineError("softphone.worker_silent", what="dial"))
    running, clock = programme(agency, told, place=placing), JumpingClock(agency.folder / "clock")
    to_first_test(agency, running)
    for _ in range(45):
        running.look()
        clock.sleep(60)
    first = placing.placed[0][0].id
    assert [len(earlier) for test, earlier in placing.placed if test.id == first] == [0, 1, 2, 3]
    assert states(agency)[UNKNOWN] >= 1
    assert next(event.test for event in told if event.needs_person) == first


def test_what_the_gate_refuses_is_drawn_anew_and_after_some_refusals_left_to_a_person(agency: Agency) -> None:
    told: list[Event] = []
    placing = Placing(raises=Refused("refused.no_notice"))
    running, clock = programme(agency, told, place=placing), JumpingClock(agency.folder / "clock")
    while clock.now() < END:
        due = running.look()
        clock.sleep(min(max((due - clock.now()).total_seconds(), 60), 6 * 3600) if due else 3600)
    counted = Counter(test.id for test, _ in placing.placed)
    assert max(counted.values()) <= 4
    assert set(states(agency)) <= {UNKNOWN, CALLED_OFF}


def test_a_test_that_finds_the_switchboard_in_use_waits_its_turn_and_keeps_its_day(agency: Agency) -> None:
    told: list[Event] = []
    placing = Placing(raises=Refused("refused.switchboard_in_call", site="x"))
    running, clock = programme(agency, told, place=placing), JumpingClock(agency.folder / "clock")
    to_first_test(agency, running)
    for _ in range(10):
        running.look()
        clock.sleep(20)
    first = placing.placed[0][0].id
    assert 2 <= len([test for test, _ in placing.placed if test.id == first]) <= 4
    with open_store(agency.database) as store:
        assert store.plans.state(first) in WAITING
        assert store.plans.drawings(first) == 1
    placing.raises = Refused("refused.closed", unit="x", hours="x", now="x")
    clock.sleep(60)
    running.look()
    running.look()  # what came of a call is noted at the next look
    with open_store(agency.database) as store:
        assert store.plans.drawings(first) == 2


class Never:
    """Calls that never come back."""

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        return Future()


@pytest.mark.parametrize("outcome", ["answered", "no_answer", "busy", "unknown", None])
def test_what_rang_and_left_nothing_is_a_persons_to_decide_and_only_a_void_one_is_dialled_again(
    agency: Agency, outcome: str | None
) -> None:
    at = datetime(2026, 12, 1, 2, tzinfo=UTC)
    claimed = Claim("a-1", "desk", "0227000202", at, outcome, call_id="a")
    with open_store(agency.database) as store:
        attempt = after_crash(claimed, store, now=at, agency=agency)
        void = after_crash(replace(claimed, outcome="fault_ours"), store, now=at, agency=agency)
    assert attempt is not None
    assert settled((attempt,), Rules()).what == UNKNOWN
    assert void is not None
    assert settled((void,), Rules()).what == "again"


@pytest.mark.parametrize("outcome", ["answered", None])
def test_a_call_whose_keeping_breaks_for_good_is_not_dialled_again(agency: Agency, outcome: str | None) -> None:
    class Breaks(Placing):
        def __call__(self, known: Any, test: Any, earlier: Any) -> Any:
            leave = permit(test.unit, agency, now=JumpingClock(agency.folder / "clock").now())
            name = f"{attempted(test.id, 1)}-1"
            claim(agency, name, permit=leave)
            if outcome is not None:
                settle(agency, name, outcome)
            raise ZeroDivisionError

    told: list[Event] = []
    running = programme(agency, told, place=Breaks())
    to_first_test(agency, running)
    running.look()
    running.look()
    assert states(agency)[UNKNOWN] == 1
    (event,) = [one for one in told if one.what == UNKNOWN]
    assert "ZeroDivisionError" in str(event.detail)


@pytest.mark.parametrize("how", ["before the claim", "while it rang", "before it was noted"])
def test_a_stop_at_each_step_is_settled_when_it_begins_again(agency: Agency, how: str) -> None:
    told: list[Event] = []
    first = programme(agency, told, place=Placing(), workers=Never())
    due = to_first_test(agency, first)
    first.look()
    assert states(agency)[CLAIMED] == 1
    with open_store(agency.database) as store:
        (row,) = store.plans.claimed()
    name = f"{attempted(row['test_id'], 1)}-1"
    if how != "before the claim":
        leave = permit(row["test_id"].split("-")[-1], agency, now=due + timedelta(seconds=1))
        _claimed_by_a_dead_process(agency, name, leave)
    if how == "before it was noted":
        settle(agency, name, "fault_ours")
    again = programme(agency, told, place=Placing(), workers=Never())
    again.recover()
    with open_store(agency.database) as store:
        state = store.plans.state(row["test_id"])
    assert state in {"before the claim": WAITING, "while it rang": (UNKNOWN,), "before it was noted": WAITING}[how]


def _claimed_by_a_dead_process(agency: Agency, name: str, leave: Any) -> None:
    child = os.fork()
    if child == 0:
        claim(agency, name, permit=leave)
        os._exit(0)
    os.waitpid(child, 0)


def test_the_months_are_drawn_on_the_agencys_day_and_told_with_their_seal(agency: Agency) -> None:
    told: list[Event] = []
    running, clock = programme(agency, told, place=Placing(), workers=Never()), JumpingClock(agency.folder / "clock")
    running.look()
    assert [event.detail["month"] for event in told if event.detail] == ["2026-12"]  # BEGIN is the 25th in Taipei
    assert clock.now() == BEGIN
    running.look()
    assert len(told) == 1
    assert told[0].detail is not None
    assert len(told[0].detail["seal"]) == 64
