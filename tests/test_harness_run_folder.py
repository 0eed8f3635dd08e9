"""An agency's folder that is edited while its programme runs, and the lines that are opened by it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from agency_folder import make_agency
from programme_month import NUMBERS, JumpingClock, make_folder
from test_harness_programme import AtOnce, Placing, programme, to_first_test

from harness import telephones
from harness.agency import Agency, load_agency
from harness.assisted.live_call import LiveCall
from harness.errors import LineError, Refused, WrongInput
from harness.programme.alarm import Alarm
from harness.programme.events import Event
from harness.programme.folder import WatchedFolder
from harness.telephones import Telephones
from harness.test_call import plan_call

SCENARIO = Path(__file__).parent.parent / "scenarios" / "extension-direct.toml"


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return make_folder(tmp_path / "agency")


def grown(path: Path, text: str, watched: WatchedFolder) -> Iterator[None]:
    """Write a file in pieces, as some editors and copying over a slow network do, with a look after each."""
    data = text.encode()
    for end in range(0, len(data) + 1, max(len(data) // 40, 1)):
        path.write_bytes(data[:end])
        watched.look()
        yield
    path.write_bytes(data)
    watched.look()


def test_a_change_counts_when_it_has_stood_still_from_one_look_to_the_next(agency: Agency) -> None:
    watched = WatchedFolder(agency.folder)
    path = agency.folder / "agency.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("測試機關", "另一機關"), encoding="utf-8")
    assert watched.look().agency.settings.name == "測試機關"
    assert not watched.still
    assert watched.look().agency.settings.name == "另一機關"
    assert watched.still


@pytest.mark.parametrize("name", ["agency.toml", "units.csv", "programme.toml"])
def test_a_file_that_is_being_written_never_counts_for_a_shorter_one(agency: Agency, name: str) -> None:
    watched, path = WatchedFolder(agency.folder), agency.folder / name
    before, text = watched.known, path.read_text(encoding="utf-8")
    for _ in grown(path, text + "\n", watched):
        assert watched.known == before
        assert not watched.still
    assert watched.look().agency.units == before.agency.units
    assert watched.still
    assert watched.wrong is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("agency.toml", "name = 1\n"),
        ("units.csv", "unit,number\na,110\n"),
        ("programme.toml", "rounds = 1\n"),
        ("calendar-2026.csv", "西元日期,是否放假\n20261399,0\n"),
        ("scenarios/extension-direct.toml", 'name = "extension-direct"\n'),
        ("forms/keelung-102.toml", "id = 1\n"),
    ],
)
def test_what_is_wrong_is_said_once_and_what_stood_there_before_goes_on(agency: Agency, name: str, text: str) -> None:
    told: list[Event] = []
    placing = Placing(raises=LineError("softphone.worker_silent", what="dial"))
    running = programme(agency, told, place=placing)
    to_first_test(agency, running)
    before, path = running.folder.known, agency.folder / name
    kept = path.read_bytes() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    running.look()
    assert placing.placed == []  # nothing is dialled while something is being changed
    for _ in range(3):
        running.look()
    wrong = [event for event in told if event.what == "folder_wrong"]
    assert len(wrong) == 1
    assert wrong[0].needs_person
    assert wrong[0].detail is not None
    assert path.name in wrong[0].detail["zh"]
    assert placing.known == [before]
    assert before.plan(f"u{NUMBERS[0]}").scenario.steps
    path.unlink() if kept is None else path.write_bytes(kept)
    running.look()
    running.look()
    assert [event.what for event in told if event.what.startswith("folder")] == ["folder_wrong", "folder_right"]


def test_a_folder_that_is_wrong_from_the_start_begins_nothing(agency: Agency) -> None:
    (agency.folder / "programme.toml").write_text("rounds = 1\n", encoding="utf-8")
    with pytest.raises(WrongInput):
        programme(agency, [], place=Placing())


def test_a_unit_that_leaves_the_directory_is_not_called(agency: Agency) -> None:
    told: list[Event] = []
    placing = Placing(raises=Refused("refused.not_in_directory", text="x"))
    running = programme(agency, told, place=placing)
    to_first_test(agency, running)
    path = agency.folder / "units.csv"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    for _ in range(4):
        running.look()
    assert running.folder.known.plans == {}
    assert {event.what for event in told if event.test} <= {"dialling", "refused", "called_off"}
    assert JumpingClock(agency.folder / "clock").now()


def test_a_database_in_use_is_said_once_and_no_call_is_lost(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Event] = []
    landing: Future[Any] = Future()

    class Later(AtOnce):
        def submit(self, *_: Any, **__: Any) -> Future[Any]:
            return landing

    running = programme(agency, told, place=Placing(), workers=Later())
    to_first_test(agency, running)
    running.look()
    landing.set_exception(LineError("softphone.worker_silent", what="dial"))
    noting = running._noting
    noted = noting.note
    monkeypatch.setattr(noting, "note", lambda *_, **__: (_ for _ in ()).throw(LineError("store.failed", reason="x")))
    for _ in range(2):
        with pytest.raises(LineError) as raised:
            running.look()
        running.tell_of(raised.value)
    assert running.flying == 1
    monkeypatch.setattr(noting, "note", noted)
    running.look()
    assert running.flying == 0
    assert [event.what for event in told if event.what.startswith("trouble")] == ["trouble", "trouble_over"]


# --- lines ----------------------------------------------------------------------------------------------


class Pool:
    """Stands for a line's worker processes."""

    made: ClassVar[list[Pool]] = []
    broken = False

    def __init__(self, line: Any, **how: Any) -> None:
        self.line, self.how, self.warm, self.closed = line, how, list[int](), 0
        self.made.append(self)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def warm_up(self, *, calls: int) -> None:
        if self.broken:
            raise LineError("softphone.worker_silent", what="ready")
        self.warm.append(calls)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> list[Pool]:
    monkeypatch.setattr(Pool, "made", [])
    monkeypatch.setattr(Pool, "broken", False)
    monkeypatch.setattr(telephones, "WorkerPool", Pool)
    monkeypatch.setattr(telephones, "LivePhone", lambda pool, agency, live: pool)
    monkeypatch.setattr(LiveCall, "came_to", lambda live, test: test)
    monkeypatch.setattr(telephones, "run_call", lambda plan, agency, telephone, **how: how["then"](telephone))
    return Pool.made


@pytest.fixture
def open_agency(tmp_path: Path) -> Agency:
    return make_agency(tmp_path / "open", {"0227000201": "127.0.0.1:5060", "0227000202": "127.0.0.1:5070"})


def place(lines: Telephones, agency: Agency, *, unit: str = "u0227000201", then: Any = lambda pool: pool) -> Any:
    return lines.place(plan_call(unit, agency), agency, then=then)


def test_a_line_is_opened_once_for_all_its_calls_and_closed_at_the_end(open_agency: Agency, pools: list[Pool]) -> None:
    with Telephones(several=True) as lines:
        assert place(lines, open_agency) is place(lines, open_agency)
        place(lines, open_agency, unit="u0227000202")
        assert [pool.line.id for pool in pools] == ["l0", "l1"]
        assert [pool.closed for pool in pools] == [0, 0]
        assert pools[0].how["most_calls"] == open_agency.settings.at_once
    assert [pool.closed for pool in pools] == [1, 1]


def test_a_refusal_opens_no_line(open_agency: Agency, pools: list[Pool]) -> None:
    settings = open_agency.settings.model_copy(update={"recording_notice_date": None})
    with Telephones() as lines, pytest.raises(Refused):
        place(lines, replace(open_agency, settings=settings))
    assert pools == []


def test_a_line_that_does_not_open_is_opened_anew_by_the_next_call(open_agency: Agency, pools: list[Pool]) -> None:
    with Telephones() as lines:
        Pool.broken = True
        with pytest.raises(LineError):
            place(lines, open_agency)
        Pool.broken = False
        place(lines, open_agency)
    assert [pool.closed for pool in pools] == [1, 1]


def test_changed_settings_open_a_line_anew_and_cut_no_call_off(open_agency: Agency, pools: list[Pool]) -> None:
    path = open_agency.folder / "agency.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('id = "l0"', 'id = "l0"\nuser = "new"'), encoding="utf-8")
    changed = load_agency(open_agency.folder)
    with Telephones() as lines:

        def meanwhile(pool: Pool) -> None:
            other = threading.Thread(target=place, args=(lines, changed))
            other.start()
            other.join(20)
            assert [one.closed for one in pools] == [0, 0]

        place(lines, open_agency, then=meanwhile)
        assert [(one.line.user, one.closed) for one in pools] == [("", 1), ("new", 0)]


# --- waking ---------------------------------------------------------------------------------------------


def test_an_alarm_wakes_whoever_waits_and_never_blocks_whoever_rings() -> None:
    bell = Alarm()
    for _ in range(100_000):  # more than a pipe holds
        bell.ring()
    ended: Future[None] = Future()
    ended.add_done_callback(bell.ring)
    ended.set_result(None)
    waiting = threading.Thread(target=lambda: bell.wait(600, due=None, calls=0))
    waiting.start()
    waiting.join(20)
    assert not waiting.is_alive()
    bell.stop()
    assert bell.stopped
    bell.close()
    heard, rung = os.pipe()  # takes the numbers that are free again
    bell.ring()  # a call that is over after the end
    os.close(rung)
    assert os.read(heard, 1) == b""
    os.close(heard)
