"""How long sound is kept: until its time, longer under objection; the sheet and the log stay."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programme_month import JumpingClock, make_folder, run_month

from harness import clocks
from harness.agency import Agency, load_agency
from harness.cli.program import run
from harness.errors import DONE, WRONG_USAGE
from harness.evidence.verify import verify
from harness.ledger import Claim
from harness.left_call import mark_left, paths_of
from harness.programme.alarm import Alarm
from harness.programme.events import Event
from harness.programme.folder import WatchedFolder
from harness.programme.notify import said
from harness.programme.retention import delete_sound, expired
from harness.programme.service import run_until
from harness.programme.settings import ProgrammeSettings, Retention, read_programme
from harness.programme.sound_due import SoundDue
from harness.softphone.growing_wav import write_wav
from harness.store import open_store

CLOSED = date(2026, 12, 31)
DUE = CLOSED + timedelta(days=90)
USUAL = ProgrammeSettings()


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> Agency:
    """An agency with the calls of half a month."""
    agency = make_folder(tmp_path_factory.mktemp("x") / "agency")
    run_month(agency.folder, until=datetime(2026, 12, 16, tzinfo=UTC))
    assert JumpingClock(agency.folder / "clock").now() > datetime(2026, 12, 15, tzinfo=UTC)
    return agency


def ids(agency: Agency, today: date, settings: ProgrammeSettings = USUAL) -> list[str]:
    with open_store(agency.database) as store:
        return [one.call_id for one in expired(agency, store, settings, today=today)]


def test_sound_is_kept_until_its_round_is_so_many_days_closed(agency: Agency) -> None:
    assert ids(agency, DUE - timedelta(days=1)) == []
    found = ids(agency, DUE)
    assert found == sorted(found)
    assert len(found) >= 2


def test_the_agencys_own_table_counts(agency: Agency, tmp_path: Path) -> None:
    (tmp_path / "programme.toml").write_text("[retention]\naudio_days = 10\n", encoding="utf-8")
    settings = read_programme(tmp_path)
    assert settings.retention == Retention(audio_days=10)
    assert ids(agency, CLOSED + timedelta(days=9), settings) == []
    assert ids(agency, CLOSED + timedelta(days=10), settings)


def test_sound_under_objection_stays_and_its_time_begins_anew_when_that_is_settled(agency: Agency) -> None:
    (call_id, *_) = ids(agency, DUE)
    said = {"who": "x", "detail": {}}
    with open_store(agency.database) as store:
        store.reviews.add(call_id, round_no=1, what="objection", now=datetime(2027, 1, 5, tzinfo=UTC), **said)
    assert call_id not in ids(agency, date(2030, 1, 1))
    with open_store(agency.database) as store:
        store.reviews.add(call_id, round_no=1, what="settled", now=datetime(2027, 3, 1, tzinfo=UTC), **said)
    assert call_id not in ids(agency, DUE)
    assert call_id in ids(agency, date(2027, 3, 1) + timedelta(days=90))


@pytest.mark.parametrize("entries", [("first",), ("first", "second")])
def test_sound_of_an_open_second_opinion_stays_until_that_is_settled(
    agency: Agency, tmp_path: Path, entries: tuple[str, ...]
) -> None:
    own = load_agency(Path(shutil.copytree(agency.folder, tmp_path / "agency")))
    call_id = ids(own, DUE)[-1]
    with open_store(own.database) as store:
        for who in entries:
            store.reviews.add(call_id, round_no=1, what=who, who=who, detail={}, now=datetime(2027, 1, 5, tzinfo=UTC))
    assert call_id not in ids(own, date(2030, 1, 1))
    with open_store(own.database) as store:
        store.reviews.add(call_id, round_no=1, what="settled", who="x", detail={}, now=datetime(2027, 3, 1, tzinfo=UTC))
    assert call_id not in ids(own, DUE)
    assert call_id in ids(own, date(2027, 3, 1) + timedelta(days=90))


def test_a_person_is_reminded_every_week_until_sound_over_its_time_is_deleted(agency: Agency, tmp_path: Path) -> None:
    own = load_agency(Path(shutil.copytree(agency.folder, tmp_path / "agency")))
    known, sound, told = WatchedFolder(own.folder).known, SoundDue(), list[Event]()

    def look(days: int) -> int:
        at = datetime(DUE.year, DUE.month, DUE.day, 2, tzinfo=UTC) + timedelta(days=days)
        told.extend(one for one in (sound.look(known, at), sound.look(known, at + timedelta(hours=1))) if one)
        return len(told)

    assert [look(days) for days in (-1, 0, 1, 6, 7, 8)] == [0, 1, 1, 1, 2, 2]
    count = len(ids(own, DUE))
    assert told[0].needs_person
    for words in (f"{count} 通", f"since {DUE}", "thirdring retain --delete --who"):
        assert words in said(told[0], own.zone) + str(told[0].detail)
    with open_store(own.database) as store:
        for one in expired(own, store, USUAL, today=DUE + timedelta(days=14)):
            delete_sound(one, store, who="承辦人", now=datetime(2027, 4, 10, tzinfo=UTC))
    assert look(14) == 2


def test_the_running_programme_reminds_of_sound(
    agency: Agency, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = load_agency(Path(shutil.copytree(agency.folder, tmp_path / "agency")))
    monkeypatch.setattr(clocks, "now", lambda: datetime(2030, 1, 1, 12, tzinfo=UTC))
    shown: list[str] = []
    run_until(Alarm(), own.folder, show=lambda event, _: shown.append(event.what), line=lambda _: None, once=True)
    assert shown.count("sound_due") == 1


def test_what_is_deleted_is_logged_and_the_sheet_stays(agency: Agency, capsys: pytest.CaptureFixture[str]) -> None:
    with open_store(agency.database) as store:
        one = expired(agency, store, USUAL, today=date(2030, 1, 1))[-1]
        assert all(path.stat().st_size for path in one.files)
        delete_sound(one, store, who="承辦人", now=datetime(2030, 1, 1, tzinfo=UTC))
        kept = store.get_call(one.call_id)
        (line,) = [row for row in store.log.of(one.call_id) if row["what"] == "sound_deleted"]
    assert not any(path.exists() for path in one.files)
    assert kept["sheets"]
    assert (line["who"], line["detail"]["files"]) == ("承辦人", [path.name for path in one.files])
    assert one.call_id not in ids(agency, date(2030, 1, 1))
    capsys.readouterr()
    assert run(["--agency", str(agency.folder), "show", one.call_id, "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["sheets"]


def test_sound_that_a_stop_left_is_kept_as_long_and_no_longer(agency: Agency) -> None:
    folder = agency.recordings / "2026-12-03"
    folder.mkdir(parents=True, exist_ok=True)
    for side in ("far", "near"):
        write_wav(folder / f"cut-off.{side}.wav", np.ones(8000, np.int16), sample_rate_hz=8000)
    made = datetime(2026, 12, 3, 2, tzinfo=UTC)
    claimed = Claim("2026-12-1-u9.1-1", "u9", "309", made, "unknown", call_id="cut-off")
    with open_store(agency.database) as store:
        (marked,) = mark_left(claimed, agency, store, now=made)
        assert "cut-off" not in [one.call_id for one in expired(agency, store, USUAL, today=DUE - timedelta(days=1))]
        (one,) = [one for one in expired(agency, store, USUAL, today=DUE) if one.call_id == "cut-off"]
        assert sorted(str(path.relative_to(agency.folder)) for path in one.files) == paths_of([marked])
        delete_sound(one, store, who="承辦人", now=datetime(2027, 4, 1, tzinfo=UTC))
        (line,) = [row for row in store.log.of("cut-off") if row["what"] == "sound_deleted"]
        assert line["detail"]["sha256"] == sorted({file["sha256"] for file in marked["files"]})
        assert "cut-off" not in [one.call_id for one in expired(agency, store, USUAL, today=DUE)]
        assert verify(agency.folder, store).findings == ()
    assert not list(folder.glob("cut-off*"))


def test_the_command_only_lists_until_it_is_told_to_delete(agency: Agency, capsys: pytest.CaptureFixture[str]) -> None:
    (agency.folder / "programme.toml").write_text("[retention]\naudio_days = 0\n", encoding="utf-8")
    capsys.readouterr()
    assert run(["--agency", str(agency.folder), "retain", "--json"]) == DONE
    told = json.loads(capsys.readouterr().out)
    assert (told["deleted"], told["calls"]) == (False, [])  # the month of its calls is not over


def test_the_command_deletes_in_somebodys_name_logs_it_and_leaves_sheet_and_chain_whole(
    agency: Agency, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = load_agency(Path(shutil.copytree(agency.folder, tmp_path / "agency")))
    monkeypatch.setattr(clocks, "now", lambda: datetime(2030, 1, 1, tzinfo=UTC))
    asked = ["--agency", str(own.folder), "retain", "--json"]
    sound = {path.name for path in own.recordings.rglob("*") if path.suffix in (".flac", ".wav")}

    def told(*words: str, status: int = DONE) -> dict[str, Any]:
        capsys.readouterr()
        assert run([*asked, *words]) == status
        return dict(json.loads(capsys.readouterr().out))

    for words in ((), ("--who", "承辦人")):
        listed = told(*words)
        assert (listed["deleted"], len(listed["calls"]) >= 2) == (False, True)
    for words in (("--delete",), ("--delete", "--who", " ")):
        assert told(*words, status=WRONG_USAGE)["error"] == "programme.who_deletes"
    assert {path.name for path in own.recordings.rglob("*") if path.suffix in (".flac", ".wav")} == sound
    assert told("--delete", "--who", "承辦人")["calls"] == listed["calls"]
    assert not [path for path in own.recordings.rglob("*") if path.suffix in (".flac", ".wav")]
    with open_store(own.database) as store:
        calls = {one["call_id"] for one in listed["calls"]}
        lines = [row for call_id in calls for row in store.log.of(call_id) if row["what"] == "sound_deleted"]
        assert len(lines) == len(calls)
        assert {row["who"] for row in lines} == {"承辦人"}
        assert {name for row in lines for name in row["detail"]["files"]} == sound
        assert all(store.get_call(one["call_id"])["sheets"] for one in listed["calls"])
        assert verify(own.folder, store).findings == ()
    assert told()["calls"] == []
