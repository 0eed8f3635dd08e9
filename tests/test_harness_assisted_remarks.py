"""What people say of a call stays beside what the machine measured, and whether the unit rang back is in the log."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from agency_folder import make_agency

from harness import clocks
from harness.agency import Agency, load_agency
from harness.assisted.remarks import happened, rang_back, remark, time_of
from harness.callback import CALLBACKS
from harness.cli import main
from harness.errors import NotFound, WrongInput
from harness.softphone.scripted import FarEnd, ScriptedSoftphone
from harness.store import open_store
from harness.test_call import plan_call, run_call

NUMBER = "0227000601"
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
SITES = {"here": "02-2700-0999", "there": "02-2700-0888"}
CALLERS = ((3, "0227000888"), (5, "0227000999"), (9, NUMBER))


OURS, OWN = "0227000999", "0227001234"
"""The agency's test number, and one that a tester left."""


def placed(agency: Agency, at: datetime) -> str:
    far = FarEnd().says(0.1, 180).says(2.0, 200).sounds_like(2.1, np.zeros(8000, np.int16)).hangs_up(4.0)
    test = run_call(plan_call(NUMBER, agency), agency, ScriptedSoftphone({NUMBER: far}), now=at)
    return test.record.call_id


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Agency, str]:
    agency = make_agency(tmp_path_factory.mktemp("said") / "agency", {NUMBER: "127.0.0.1:5060"})
    return agency, placed(agency, NOW)


def test_remarks_only_add_up_and_change_nothing_that_was_measured(kept: tuple[Agency, str]) -> None:
    agency, call_id = kept
    with open_store(agency.database) as store:
        before = store.get_call(call_id)
        remark(call_id, "wrong_unit", who="王小明", store=store, note="轉到地政")
        remark(call_id, "number_left", who="王小明", store=store, number="02-2700-0999")
        told = happened(store.get_call(call_id), agency, store)
        assert store.get_call(call_id) == before
    assert [(one["what"], one["who"]) for one in told["remarks"]] == [
        ("wrong_unit", "王小明"),
        ("number_left", "王小明"),
    ]
    assert told["remarks"][1]["detail"] == {"number": "0227000999"}
    connection = sqlite3.connect(agency.database)
    for change in ("UPDATE call_marks SET who = 'x'", "DELETE FROM call_marks"):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(change)
    connection.close()


def test_what_is_no_remark_and_what_cannot_be_called_back_is_refused(kept: tuple[Agency, str]) -> None:
    agency, call_id = kept
    with open_store(agency.database) as store:
        with pytest.raises(WrongInput, match="wrong_unit"):
            remark(call_id, "bored", who="王小明", store=store)
        with pytest.raises(WrongInput, match="119"):
            remark(call_id, "number_left", who="王小明", store=store, number="119")
        with pytest.raises(NotFound):
            remark("nobody", "refused", who="王小明", store=store)


def test_the_unit_that_rang_the_number_back_is_found_and_no_other(kept: tuple[Agency, str]) -> None:
    agency, call_id = kept

    def line(after: timedelta, caller: str, status: int = 200) -> str:
        return json.dumps({"at": (NOW + after).isoformat(), "caller": caller, "status": status})

    calls = [
        line(-timedelta(minutes=5), NUMBER),
        line(timedelta(minutes=7), "0900000000"),
        line(timedelta(minutes=12), NUMBER),
        line(timedelta(days=1), NUMBER, status=486),
        line(timedelta(days=30), NUMBER),
        '{"at": "cut',
    ]
    (agency.folder / CALLBACKS).write_text("\n".join(calls), encoding="utf-8")
    with open_store(agency.database) as store:
        told = happened(store.get_call(call_id), agency, store)
    assert [(one["after_min"], one["answered"]) for one in told["rang_back"]] == [(12.0, True), (24 * 60.0, False)]


def test_a_call_back_is_of_the_last_test_that_left_the_number_that_was_called(tmp_path: Path) -> None:
    agency = make_agency(tmp_path / "agency", {NUMBER: "127.0.0.1:5060"})
    settings = agency.folder / "agency.toml"
    settings.write_text(f'call_back_number = "{OURS}"\n' + settings.read_text(encoding="utf-8"), encoding="utf-8")
    agency = load_agency(agency.folder)
    days = (0, 1, 2, 3)  # left: the test number; nobody noted one; a tester's own; the test number, said without it
    ids = [placed(agency, NOW + timedelta(days=day)) for day in days]
    back = [(timedelta(days=2, hours=3), OURS), (timedelta(days=3, hours=1), OURS), (timedelta(days=2, hours=2), OWN)]
    lines = [
        {"at": (NOW + after).isoformat(), "caller": NUMBER, "called": called, "status": 200 if called == OURS else 404}
        for after, called in back
    ]
    (agency.folder / CALLBACKS).write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    with open_store(agency.database) as store:
        for call_id, number in ((ids[0], OURS), (ids[2], OWN), (ids[3], "")):
            remark(call_id, "number_left", who="王小明", store=store, number=number)
        sure = [
            [one.at - NOW for one in rang_back(store.get_call(call_id), agency, store) if one.sure] for call_id in ids
        ]
        maybe = [len(rang_back(store.get_call(call_id), agency, store)) for call_id in ids]
    assert sure == [[back[0][0]], [], [back[2][0]], [back[1][0]]]
    assert maybe == [3, 3, 3, 1]  # they are listed all the same


def test_when_the_unit_called_back_can_be_said_and_only_what_can_be(
    kept: tuple[Agency, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    agency, call_id = kept
    monkeypatch.setattr(clocks, "now", lambda: NOW + timedelta(days=1))
    at = time_of("2026-11-20T14:05", agency.zone)
    assert time_of("2026-11-20 14:05", agency.zone) == at == datetime(2026, 11, 20, 6, 5, tzinfo=UTC)
    assert time_of(" ", agency.zone) is None
    with pytest.raises(WrongInput, match="14:05"):
        time_of("two o'clock", agency.zone)
    with open_store(agency.database) as store:
        remark(call_id, "called_back", who="王小明", store=store, at=at)
        assert store.call_marks.of(call_id)[-1]["detail"] == {"at": "2026-11-20T14:05+08:00"}
        for what, wrong in (("refused", at), ("called_back", NOW - timedelta(1)), ("called_back", NOW + timedelta(2))):
            with pytest.raises(WrongInput):
                remark(call_id, what, who="王小明", store=store, at=wrong)


def test_a_call_back_that_shows_the_switchboards_number_is_told_as_such(tmp_path: Path) -> None:
    number, switchboard = NUMBER, "0227000999"
    folder = make_agency(tmp_path / "agency", {number: "127.0.0.1:5060"}).folder
    text = (folder / "agency.toml").read_text(encoding="utf-8")
    sites = "".join(f'[[sites]]\nid = "{one}"\nname = "x"\nswitchboard = "{n}"\n' for one, n in SITES.items())
    (folder / "agency.toml").write_text(text + sites, encoding="utf-8")
    rows = f"unit,name,number,extension,line,site\ntax,稅務課,{number},,,here\nfar,遠方,0227000602,,,there\n"
    (folder / "units.csv").write_text(rows, encoding="utf-8")
    agency = load_agency(folder)
    calls = [{"at": (NOW + timedelta(minutes=n)).isoformat(), "caller": one, "status": 200} for n, one in CALLERS]
    (folder / CALLBACKS).write_text("\n".join(map(json.dumps, calls)), encoding="utf-8")

    def found(unit: str) -> list[tuple[str, bool]]:
        call = {"call_id": "x", "unit": unit, "started_at": NOW.isoformat(), "number": number}
        with open_store(agency.database) as store:
            return [(one.caller, one.by_switchboard) for one in rang_back(call, agency, store)]

    assert found("tax") == [(switchboard, True), (number, False)]
    assert found("far") == [("0227000888", True)]


def test_the_command_keeps_a_remark_and_tells_them(
    kept: tuple[Agency, str], capsys: pytest.CaptureFixture[str]
) -> None:
    agency, call_id = kept
    asked = ["--agency", str(agency.folder), "remark", call_id]
    for options, status in ((["--what", "refused", "--who", "李大華"], 0), ([], 0), (["--what", "refused"], 2)):
        with pytest.raises(SystemExit) as left:
            main([*asked, *options])
        assert left.value.code == status
    said = capsys.readouterr().out
    assert "拒絕協助" in said
    assert "李大華" in said
