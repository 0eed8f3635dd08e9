"""How long sound is kept: until its time, longer under objection; the sheet and the log stay."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from programme_month import JumpingClock, make_folder, run_month

from harness.agency import Agency
from harness.cli.program import run
from harness.errors import DONE
from harness.programme.retention import delete_sound, expired
from harness.programme.settings import ProgrammeSettings, Retention, read_programme
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


def test_the_command_only_lists_until_it_is_told_to_delete(agency: Agency, capsys: pytest.CaptureFixture[str]) -> None:
    (agency.folder / "programme.toml").write_text("[retention]\naudio_days = 0\n", encoding="utf-8")
    capsys.readouterr()
    assert run(["--agency", str(agency.folder), "retain", "--json"]) == DONE
    told = json.loads(capsys.readouterr().out)
    assert (told["deleted"], told["calls"]) == (False, [])  # the month of its calls is not over
