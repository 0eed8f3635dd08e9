"""Recordings from elsewhere: the same ear and sheet, what they cannot tell stays open, nothing is half imported."""

from __future__ import annotations

import errno
import json
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from kept_calls import agency_with_units
from outside_calls import both_sides, far_end, near_end, write

from harness.agency import Agency
from harness.cli.program import run
from harness.errors import EnvironmentFailed, ThirdringError, WrongInput
from harness.evidence.verify import verify
from harness.imported import keep
from harness.imported.keep import import_files
from harness.imported.names import read_name
from harness.imported.read import Told, files_of, read_moment
from harness.imported.sound import read_sound
from harness.imported.staging import staging_in, take_away_left
from harness.planned_call import TestCall
from harness.recording import sha256
from harness.rehearing import rehear
from harness.store import open_store

NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
TOLD = {"unit": "u1", "started": "2026-11-20T10:05"}
FAR = far_end()


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("imported") / "agency"
    agency_with_units(folder)
    return folder


@pytest.fixture
def agency(furnished: Path, tmp_path: Path) -> Agency:
    from harness.agency import load_agency

    shutil.copytree(furnished, tmp_path / "agency")
    return load_agency(tmp_path / "agency")


def bring(agency: Agency, *paths: Path, skip_known: bool = False, **told: Any) -> tuple[TestCall, ...]:
    with open_store(agency.database) as store:
        return import_files(
            files_of(paths), Told(**TOLD | told), agency, store, who="陳", now=NOW, skip_known=skip_known
        )


def nothing_kept(agency: Agency) -> bool:
    with open_store(agency.database) as store:
        return not store.list_calls() and not [one for one in agency.recordings.rglob("*") if one.is_file()]


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.m4a"])
def test_a_call_is_heard_alike_in_every_format(name: str, agency: Agency, tmp_path: Path) -> None:
    file = write(tmp_path / name, both_sides(FAR))
    before = file.read_bytes()
    (test,) = bring(agency, file, far="left")
    leg = test.measured.legs[0]
    assert (leg.outcome, leg.rings, leg.pick_up_source) == ("answered", (3, 3), "heard")
    assert leg.answer_latency_s is not None
    assert leg.answer_latency_s.earliest <= 7.0 <= leg.answer_latency_s.latest + 0.6
    with open_store(agency.database) as store:
        kept = store.get_call(test.record.call_id)
        original = next(agency.folder / one["path"] for one in kept["recordings"] if "original" in one["path"])
        assert (kept["record"]["source"], original.read_bytes()) == ("imported", before)
        assert {one["sha256"] for one in kept["recordings"]} == {sha256(file), kept["recording_sha256"]}
        assert rehear(test.record.call_id, agency, store).status == "same"


def test_what_only_signalling_tells_stays_open(agency: Agency, tmp_path: Path) -> None:
    (test,) = bring(agency, write(tmp_path / "a.wav", both_sides(FAR, far_on="right")), far="right")
    assert test.measured.first_release == "unknown"
    assert "caller_hung_up_first" not in test.facts
    assert test.measured.problems == ("imported.no_signalling",)
    assert test.measured.legs[0].voice_onset_s is not None


def test_mixed_sides_leave_the_voice_to_a_person(agency: Agency, tmp_path: Path) -> None:
    (test,) = bring(agency, write(tmp_path / "a.wav", FAR + near_end(len(FAR))))
    leg = test.measured.legs[0]
    assert test.record.far == "mixed"
    assert (leg.rings, leg.provisional, leg.voice_onset_s, leg.greeting_latency_s) == ((3, 3), True, None, None)
    assert "imported.mixed" in test.measured.problems
    assert test.sheet.total is None


def test_a_recording_that_may_have_begun_too_late_counts_no_ring(agency: Agency, tmp_path: Path) -> None:
    late = write(tmp_path / "late.wav", FAR[int(8000 * 2.5) :])
    (test,) = bring(agency, late)
    leg = test.measured.legs[0]
    assert (leg.outcome, leg.rings, leg.answer_latency_s) == ("answered", None, None)
    assert "imported.begun_late" in test.measured.problems
    told = write(tmp_path / "told.wav", FAR[int(8000 * 2.49) :])
    (sure,) = bring(agency, told, from_dialling=True)
    assert sure.measured.legs[0].rings == (3, 3)


def test_ringing_that_was_cut_short_is_no_unanswered_call(agency: Agency, tmp_path: Path) -> None:
    short = far_end(rings_s=10, answered=False)
    (test,) = bring(agency, write(tmp_path / "short.wav", short))
    assert test.measured.outcome == "fault_ours"
    assert "imported.unclear_end" in test.measured.problems
    whole = far_end(rings_s=31, answered=False)
    (waited,) = bring(agency, write(tmp_path / "whole.wav", whole))
    assert waited.measured.outcome == "no_answer"


def test_no_ringing_and_other_legs_are_left_to_a_person(agency: Agency, tmp_path: Path) -> None:
    (test,) = bring(agency, write(tmp_path / "talk.wav", far_end(rings_s=0.0)))
    assert (test.measured.legs[0].rings, test.measured.legs[0].provisional) == (None, True)
    assert "imported.no_ringing" in test.measured.problems


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        ("empty", "imported.empty"),
        ("silent", "imported.empty"),
        ("text", "imported.not_sound"),
        ("cut.wav", "imported.truncated"),
        ("cut.flac", "imported.broken"),
        ("cut.m4a", "imported.broken"),
        ("stereo", "imported.which_side"),
        ("three", "imported.channels"),
        ("mono", "imported.only_mixed"),
        ("missing", "file.unreadable"),
    ],
)
def test_a_bad_file_is_told_and_nothing_is_kept(fault: str, key: str, agency: Agency, tmp_path: Path) -> None:
    good = write(tmp_path / "ok" / "20261119-0900_201.wav", FAR)
    path = tmp_path / "20261119-1000_201.wav"
    if fault == "empty":
        path.touch()
    elif fault == "text":
        path.write_text("這不是錄音", encoding="utf-8")
    elif fault == "silent":
        write(path, np.zeros(0))
    elif fault == "three":
        write(path, np.zeros((8000, 3)))
    elif fault == "stereo":
        write(path, both_sides(FAR))
    elif fault.startswith("cut"):
        whole = write(tmp_path / f"whole.{fault[4:]}", FAR)
        path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    elif fault == "mono":
        write(path, FAR)
    told = {"unit": "", "started": "", "pattern": "{YYYY}{MM}{DD}-{hh}{mm}_{number}"}
    far = "left" if fault == "mono" else ""
    files = (path,) if fault == "mono" else (good, path)
    with pytest.raises(ThirdringError) as raised:
        bring(agency, *files, **told, far=far)
    assert raised.value.key == key
    assert path.name in raised.value.sentence("zh")
    assert nothing_kept(agency)


def test_the_same_file_twice_is_refused(agency: Agency, tmp_path: Path) -> None:
    file = write(tmp_path / "a.wav", FAR)
    again = Path(shutil.copy(file, tmp_path / "b.wav"))
    with pytest.raises(WrongInput, match="同一個檔案"):
        bring(agency, file, again, started="", pattern="{any}")
    (test,) = bring(agency, file)
    with pytest.raises(WrongInput, match=test.record.call_id):
        bring(agency, again)
    assert bring(agency, again, skip_known=True) == ()


def test_a_recorder_s_folder_is_read_by_an_explicit_pattern(agency: Agency, tmp_path: Path) -> None:
    write(tmp_path / "out" / "115年" / "1151119-090000_0227000002.wav", FAR)
    write(tmp_path / "out" / "1151120-101500_203.flac", FAR[:-400])
    told = {"unit": "", "started": "", "pattern": "{ROC}{MM}{DD}-{hh}{mm}{ss}_{number}"}
    tests = bring(agency, tmp_path / "out", **told)
    assert {(one.record.unit, one.record.started_at[:16]) for one in tests} == {
        ("u2", "2026-11-19T01:00"),
        ("u3", "2026-11-20T02:15"),
    }


@pytest.mark.parametrize(
    ("pattern", "name", "key"),
    [
        ("{year}", "a.wav", "imported.bad_pattern"),
        ("{YYYY}{MM}", "a.wav", "imported.bad_pattern"),
        ("{number}{number}", "a.wav", "imported.bad_pattern"),
        ("{YYYY}{MM}{DD}-{hh}{mm}", "a.wav", "imported.no_match"),
        ("{YYYY}{MM}{DD}-{hh}{mm}", "20261301-0900.wav", "imported.bad_day"),
    ],
)
def test_a_name_that_does_not_fit_is_told(pattern: str, name: str, key: str, agency: Agency) -> None:
    with pytest.raises(WrongInput) as raised:
        read_name(name, pattern, agency.zone)
    assert raised.value.key == key


@pytest.mark.parametrize("text", ["2026-11-20T10:05", "115/11/20 10:05", "115.11.20 10:05:00"])
def test_a_moment_is_read_as_people_write_it(text: str, agency: Agency) -> None:
    assert read_moment(text, agency).astimezone(UTC) == datetime(2026, 11, 20, 2, 5, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "昨天", "2026-11-20", "2026-13-20T10:05"])
def test_no_moment_is_guessed(text: str, agency: Agency) -> None:
    with pytest.raises(WrongInput):
        read_moment(text, agency)


def test_channels_that_are_alike_are_mixed(tmp_path: Path) -> None:
    file = write(tmp_path / "a.wav", np.stack([FAR, FAR], axis=1))
    assert read_sound(file, far="").far == "mixed"
    with pytest.raises(WrongInput):
        read_sound(file, far="left")


@pytest.mark.parametrize(
    ("rate", "channels", "seconds", "key"),
    [
        (192_000, 8, 1200, "imported.channels"),
        (192_000, 2, 301, "imported.too_long"),
        (8000, 1, 1201, "imported.too_long"),
        (655_350, 1, 1, "imported.bad_rate"),
    ],
)
def test_silence_that_would_take_gigabytes_is_refused_before_it_is_read(
    rate: int, channels: int, seconds: int, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = silence_of(tmp_path / "a.flac", rate, channels, seconds)
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(WrongInput) as raised:
        read_sound(file, far="mixed")
    assert raised.value.key == key


def test_as_long_as_may_be_is_read(tmp_path: Path) -> None:
    file = silence_of(tmp_path / "a.flac", 8000, 2, 1200)
    assert read_sound(file, far="mixed").duration_s == 1200


def silence_of(path: Path, rate: int, channels: int, seconds: int) -> Path:
    """A FLAC whose header announces so much; one second of silence of it is there, and what is announced is small."""
    with soundfile.SoundFile(path, "w", rate, channels, subtype="PCM_16", format="FLAC") as file:
        second = np.zeros((rate, channels), np.int16)
        for _ in range(seconds if rate * channels <= 16_000 else 1):
            file.write(second)
    data = bytearray(path.read_bytes())
    frames = rate * seconds  # the last 36 bits of STREAMINFO's fields (RFC 9639 §8.2)
    data[21] = data[21] & 0xF0 | frames >> 32
    data[22:26] = (frames & 0xFFFFFFFF).to_bytes(4, "big")
    path.write_bytes(bytes(data))
    return path


def test_the_command(agency: Agency, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "a.wav", FAR, rate=8000)
    told = ["--agency", str(agency.folder), "import-call", str(file), "--unit", "201", "--started", "2026-11-20T10:05"]
    assert run([*told, "--dry-run"]) == 0
    assert nothing_kept(agency)
    capsys.readouterr()
    assert run([*told, "--json"]) == 0
    (call,) = json.loads(capsys.readouterr().out)["calls"]
    assert (call["unit"], call["rings"], call["problems"]) == ("u1", 3, ["imported.no_signalling", "imported.mixed"])
    assert run(told) == 2


def test_no_other_account_of_the_machine_reads_what_a_command_wrote(agency: Agency, tmp_path: Path) -> None:
    before = set(agency.folder.rglob("*"))
    file = write(tmp_path / "a.wav", FAR, rate=8000)
    command = [sys.executable, "-m", "harness.cli", "--agency", str(agency.folder), "import-call", str(file)]
    done = subprocess.run(
        [*command, "--unit", "201", "--started", "2026-11-20T10:05"], umask=0o022, capture_output=True, check=False
    )
    made = set(agency.folder.rglob("*")) - before
    assert done.returncode in (0, 1), done.stderr
    assert {".flac", ".wav", ".json", ".html"} <= {path.suffix for path in made}
    assert [path.name for path in made if path.stat().st_mode & 0o007] == []


KILLED = """
import os, signal, sys
from harness.imported import keep
keep.{where} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
from harness.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize("where", ["judge", "_place", "write_page"])
def test_what_a_killed_import_left_goes_with_the_next_and_what_it_kept_stays(
    where: str, agency: Agency, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.wav", FAR, rate=8000)
    told = ["--agency", str(agency.folder), "import-call", str(file), "--unit", "201", "--started", "2026-11-20T10:05"]
    done = subprocess.run([sys.executable, "-c", KILLED.format(where=where), *told], check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(agency.recordings.glob(".importing-*"))
    with open_store(agency.database) as store:
        kept = {one["call_id"] for one in store.list_calls(limit=10)}
        with staging_in(agency.recordings, store) as other:
            take_away_left(agency.recordings, store)
            assert other.is_dir()  # that of somebody who is at it
        assert len(kept) == (1 if where == "write_page" else 0)
    left = {path.name.partition(".")[0] for path in agency.recordings.rglob("*") if path.is_file()}
    assert left == kept
    assert not list(agency.recordings.glob(".importing-*"))


def test_a_page_that_cannot_be_written_takes_no_sound_of_a_kept_call_with_it(
    agency: Agency, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(keep, "write_page", full)
    with pytest.raises(EnvironmentFailed):
        bring(agency, write(tmp_path / "a.wav", FAR, rate=8000), **TOLD)
    with open_store(agency.database) as store:
        assert len(store.list_calls(limit=10)) == 1
        assert verify(agency.folder, store).findings == ()
