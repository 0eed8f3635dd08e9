"""Backups: whole while others write, refused where something is, and no use once a byte of them is changed."""

import json
import os
import random
import shutil
import stat
import threading
from datetime import UTC, datetime, timedelta

import pytest
from evidence_agency import add_sound, agency_with_evidence, behind_its_back

from harness.backup import MANIFEST, PARTIAL, back_up, restore
from harness.cli.program import run
from harness.errors import EnvironmentFailed, Refused, WrongInput
from harness.evidence.verify import verify
from harness.programme.month_plan import MonthPlan, PlannedTest
from harness.programme.seal import seal_of
from harness.store import open_store
from harness.store.plans import DONE, DRAWN, UNKNOWN

NOW = datetime(2026, 11, 3, 4, tzinfo=UTC)


@pytest.fixture
def agency(tmp_path):
    return agency_with_evidence(tmp_path / "agency")


def contents(folder):
    """Every file but the database's, which has pages of its own."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("thirdring."))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def calls_of(folder):
    with open_store(folder / "thirdring.db") as store:
        return {one["call_id"] for one in store.list_calls(limit=10**6)}


def test_what_is_brought_back_is_what_there_was(agency, tmp_path):
    made = back_up(agency.folder, tmp_path / "backups", now=NOW)
    back = restore(made.folder, tmp_path / "back", now=NOW)
    assert back.verdict.to_dict() == made.verdict.to_dict()
    assert back.verdict.findings == ()
    assert contents(back.folder) == contents(agency.folder)
    assert calls_of(back.folder) == calls_of(agency.folder)
    assert not list(tmp_path.rglob(f"*{PARTIAL}"))


def test_nobody_else_reads_a_backup(agency, tmp_path):
    made = back_up(agency.folder, tmp_path / "backups", now=NOW)
    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o700


def test_a_backup_while_somebody_writes_is_whole(agency, tmp_path):
    """The writer keeps calls with their sound, as the programme does; each backup has a state that there was."""
    stop, kept, wrong = threading.Event(), [], []

    def write():
        try:
            for n in range(10**6):
                if stop.is_set():
                    return
                add_sound(agency, f"w{n:06d}", f"sound of {n}".encode() * 50)
                kept.append(n)
        except BaseException as error:
            wrong.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for n in range(4):
            before = len(kept)
            made = back_up(agency.folder, tmp_path / "backups", now=NOW.replace(second=n))
            after = len(kept) + 1
            assert made.verdict.findings == ()
            numbers = sorted(int(one[1:]) for one in calls_of(made.folder) if one.startswith("w"))
            assert numbers == list(range(len(numbers)))
            assert before <= len(numbers) <= after
    finally:
        stop.set()
        writer.join()
    assert wrong == []
    assert restore(made.folder, tmp_path / "back", now=NOW).verdict.findings == ()
    with open_store(agency.database) as store:
        assert verify(agency.folder, store).findings == ()


def test_nothing_is_ever_overwritten(agency, tmp_path):
    made = back_up(agency.folder, tmp_path / "backups", now=NOW)
    before = contents(agency.folder)
    for to in (agency.folder, agency.folder / "agency.toml"):
        with pytest.raises(Refused, match="覆蓋"):
            restore(made.folder, to, now=NOW)
    assert contents(agency.folder) == before
    with pytest.raises(Refused):
        back_up(agency.folder, tmp_path / "backups", now=NOW)
    with pytest.raises(Refused):
        back_up(agency.folder, agency.folder / "backups", now=NOW)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert restore(made.folder, empty, now=NOW).folder == empty


@pytest.mark.parametrize("seed", range(6))
def test_a_spoilt_backup_brings_nothing_back(agency, tmp_path, seed):
    rng = random.Random(seed)
    made = back_up(agency.folder, tmp_path / "backups", now=NOW)
    file = rng.choice(
        sorted(made.folder.joinpath(name) for name in json.loads((made.folder / MANIFEST).read_text())["files"])
    )
    if rng.random() < 0.3:
        file.unlink()
    else:
        data = bytearray(file.read_bytes() or b"-")
        data[rng.randrange(len(data))] ^= 1
        file.write_bytes(bytes(data))
    with pytest.raises(WrongInput) as caught:
        restore(made.folder, tmp_path / "back", now=NOW)
    assert file.relative_to(made.folder).as_posix() in caught.value.sentence()
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": "x", "files": {}}', '{"schema": "thirdring.backup/1", "files": {"../x": {}}}']
)
def test_what_is_no_backup_is_said(tmp_path, text):
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(WrongInput):
        restore(tmp_path, tmp_path / "back", now=NOW)


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "", ".", "pipe", "to-a-device"])
def test_a_list_that_names_what_is_no_file_brings_nothing_back_and_waits_for_nothing(agency, tmp_path, name):
    made = back_up(agency.folder, tmp_path / "backups", now=NOW)
    os.mkfifo(made.folder / "pipe")
    (made.folder / "to-a-device").symlink_to("/dev/zero")
    told = json.loads((made.folder / MANIFEST).read_text())
    told["files"][name] = {"sha256": "0" * 64, "bytes": 0}
    (made.folder / MANIFEST).write_text(json.dumps(told))
    with pytest.raises(WrongInput) as caught:
        restore(made.folder, tmp_path / "back", now=NOW)
    assert caught.value.sentence().encode()
    assert not (tmp_path / "back").exists()


def test_a_file_of_another_encoding_keeps_its_name(agency, tmp_path):
    name = os.fsdecode("錄音.txt".encode("big5"))
    (agency.folder / name).write_text("x")
    made = back_up(agency.folder, tmp_path / "backups", now=NOW)
    assert name in contents(restore(made.folder, tmp_path / "back", now=NOW).folder)


def test_what_was_changed_before_the_backup_is_told_by_it(agency, tmp_path):
    with behind_its_back(agency.database) as opened:
        opened.execute("UPDATE sheets SET made_at = 'x' WHERE call_id = 'c1'")
    made = back_up(agency.folder, tmp_path / "backups", now=NOW)
    assert {one.call_id for one in made.verdict.findings} == {"c1"}


def test_recordings_on_another_disk_are_in_it(agency, tmp_path):
    shutil.move(agency.recordings, tmp_path / "disk")
    agency.recordings.symlink_to(tmp_path / "disk")
    made = back_up(agency.folder, tmp_path / "backups", now=NOW)
    assert made.verdict.findings == ()
    assert not (made.folder / "recordings").is_symlink()


def test_a_full_disk_leaves_nothing(agency, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "x")

    monkeypatch.setattr(shutil, "copy2", full)
    with pytest.raises(EnvironmentFailed):
        back_up(agency.folder, tmp_path / "backups", now=NOW)
    assert list((tmp_path / "backups").iterdir()) == []


def test_the_commands_tell_where_it_is_and_the_head_to_keep(agency, tmp_path, capsys):
    assert run(["backup", "--to", str(tmp_path / "b"), "--agency", str(agency.folder)]) == 0
    told = capsys.readouterr().out
    with open_store(agency.database) as store:
        head = store.evidence.head()
    assert head.link in told
    (made,) = (tmp_path / "b").iterdir()
    assert run(["restore", str(made), str(tmp_path / "back"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verification"]["whole"]
    assert run(["restore", str(made), str(tmp_path / "back")]) == 4
    assert run(["backup", "--to", str(tmp_path / "b"), "--agency", str(tmp_path)]) == 2


def month_of_four(agency):
    """Four tests: dialled before the backup, due before and after it, and one long after."""
    dues = {"over": -2, "waited": -1, "since": 1, "later": 48}
    tests = tuple(PlannedTest(at=NOW + timedelta(hours=h), id=name, round=1, unit="u1") for name, h in dues.items())
    plan = MonthPlan(month="2026-11", seed="s", drawn_at=NOW, inputs="", tests=tests)
    with open_store(agency.database) as store:
        store.plans.add("2026-11", seal=seal_of(plan), plan=plan.to_dict(), now=NOW)
        store.plans.note("over", DONE, month="2026-11", now=NOW)


def states_of(folder):
    with open_store(folder / "thirdring.db") as store:
        return {row["test_id"]: (row["state"], row["detail"].get("why")) for row in store.plans.tests("2026-11")}


def test_what_may_have_been_dialled_since_the_backup_is_left_to_a_person(agency, tmp_path):
    month_of_four(agency)
    made = back_up(agency.folder, tmp_path / "backups", now=NOW)
    now = NOW + timedelta(hours=24)
    back = restore(made.folder, tmp_path / "back", now=now)
    left = (UNKNOWN, "restored")
    assert states_of(back.folder) == {"over": (DONE, None), "waited": left, "since": left, "later": (DRAWN, None)}
    assert (back.left, back.verdict.findings) == (2, ())
    with open_store(back.folder / "thirdring.db") as store:
        assert [row["test_id"] for row in store.plans.waiting(now)] == []
        assert verify(back.folder, store).findings == ()
    assert {state for state, _ in states_of(made.folder).values()} == {DONE, DRAWN}


def test_the_command_says_what_an_older_backup_does_not_have(agency, tmp_path, capsys):
    month_of_four(agency)
    made = back_up(agency.folder, tmp_path / "backups", now=NOW)
    assert run(["restore", str(made.folder), str(tmp_path / "one"), "--lang", "en"]) == 0
    told = capsys.readouterr().out
    assert made.made_at in told
    assert "may have been dialled since" in told
    assert run(["restore", str(made.folder), str(tmp_path / "two"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["left_to_a_person"] >= 2
