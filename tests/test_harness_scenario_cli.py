"""`thirdring scenario`, and `thirdring call` with `--redial` and `--tester`, without a telephone."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from agency_folder import make_agency
from test_harness_redial import ANSWERED, UNHEEDED, Virtual

from harness.agency import load_agency
from harness.cli.program import run
from harness.cli.terminal_tester import terminal_tester
from harness.errors import DONE, WRONG_USAGE
from harness.ledger import claims
from harness.softphone.scripted import FarEnd, ScriptedSoftphone
from harness.walk.far_tester import Doing

NUMBER, SWITCHBOARD = "0227000401", "0227000400"
BAD = Path(__file__).parent / "bad_scenarios"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "agency"
    make_agency(made, {NUMBER: "127.0.0.1:5060"})
    with (made / "agency.toml").open("a", encoding="utf-8") as file:
        file.write(f'[[sites]]\nid = "hq"\nname = "本部"\nswitchboard = "{SWITCHBOARD}"\n')
    return made


# --- scenario -------------------------------------------------------------------------------------------


def test_the_list_names_the_shipped_and_the_agency_s_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "scenarios").mkdir()
    own = (BAD.parent.parent / "scenarios" / "extension-direct.toml").read_text(encoding="utf-8")
    own = own.replace('"extension-direct"', '"our-own"').replace("直撥單位分機", "自訂")
    (folder / "scenarios" / "our-own.toml").write_text(own, encoding="utf-8")
    assert run(["scenario", "list", "--agency", str(folder)]) == DONE
    told = capsys.readouterr().out
    assert "our-own  自訂" in told
    assert "ivr-barge-in" in told


def test_a_wrong_file_hides_no_right_one_from_the_list(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = folder / "scenarios"
    own.mkdir()
    assert run(["scenario", "list", "--agency", str(folder)]) == DONE
    right = capsys.readouterr().out.splitlines()
    for name in ("misspelt-key", "not-toml", "unknown-step"):
        shutil.copy(BAD / f"{name}.toml", own)
    (own / "gone.toml").symlink_to(own / "nowhere")
    for command in (["scenario", "list"], ["scenario", "show"]):
        assert run([*command, "--agency", str(folder)]) == WRONG_USAGE
        told = capsys.readouterr()
        assert told.out.splitlines() == right
        for name in ("misspelt-key.toml", "not-toml.toml", "unknown-step.toml", "gone"):
            assert name in told.err
    assert run(["scenario", "list", "--json", "--agency", str(folder)]) == WRONG_USAGE
    listed = json.loads(capsys.readouterr().out)
    assert len(listed["scenarios"]) == len(right)
    assert len(listed["wrong"]) == 4
    assert "hang_up" in " ".join(one["en"] for one in listed["wrong"])  # what is allowed in the wrong one's place


def test_show_reads_every_step_aloud_chinese_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenario", "show", "extension-direct", "--agency", str(folder)]) == DONE
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:4] == [" 1. 撥單位自己的號碼。", "    Dial the unit's own number."]
    assert any("27 秒" in line for line in lines)
    assert any("依據：附表3" in line for line in lines)
    assert run(["scenario", "show", "extension-direct", "--lang", "en", "--agency", str(folder)]) == DONE
    assert "撥" not in capsys.readouterr().out.splitlines()[2]


def test_check_in_an_agency_s_folder_names_what_the_agency_lacks(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--agency", str(folder)]
    assert run(["scenario", "check", "extension-direct", *at]) == DONE
    assert run(["scenario", "check", "ivr-barge-in", *at]) == WRONG_USAGE
    assert "第 21 行" in capsys.readouterr().err
    assert run(["scenario", "check", str(BAD / "say-without-a-recording.toml"), *at]) == WRONG_USAGE
    assert run(["scenario", "check", str(BAD / "digits-the-gate-refuses.toml"), *at]) == WRONG_USAGE


def test_check_warns_of_a_robot_s_voice(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.said.installed", lambda: True)
    assert run(["scenario", "check", "switchboard-no-ivr", "--agency", str(folder), "--json"]) == DONE
    (note,) = json.loads(capsys.readouterr().out)["notes"]
    assert "詐騙" in note
    assert run(["call", NUMBER, "--scenario", "switchboard-no-ivr", "--dry-run", "--agency", str(folder)]) == DONE
    assert "詐騙" in capsys.readouterr().err


# --- call -----------------------------------------------------------------------------------------------


class Pool(ScriptedSoftphone):
    """A telephone that is started anew for each attempt."""

    def __init__(self, fars: list[FarEnd]) -> None:
        super().__init__({SWITCHBOARD: fars.pop(0)})

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def warm_up(self, *, calls: int) -> None:
        assert calls == 1

    def close(self) -> None:
        pass


def test_call_with_redial_waits_dials_again_and_tells_of_both(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fars = [UNHEEDED, ANSWERED]
    monkeypatch.setattr("harness.telephones.WorkerPool", lambda *_, **__: Pool(fars))
    monkeypatch.setattr("harness.redialling.WallClock", Virtual)
    arguments = ["call", NUMBER, "--scenario", "switchboard-only", "--agency", str(folder), "--json"]
    assert run([*arguments, "--redial"]) == DONE
    told = capsys.readouterr()
    shown = json.loads(told.out)
    assert shown["schema"] == "thirdring.test/1"
    assert [one["facts"]["legs"]["operator"]["attempts"] for one in shown["attempts"]] == [1, 2]
    assert "連打 2 次無人接聽" in told.err
    assert "Ctrl-C" in told.err
    names = [one.attempt_id for one in claims(load_agency(folder))]
    assert [name.rpartition("-")[2] for name in names] == ["1", "2"]
    assert len({name.rpartition("-")[0] for name in names}) == 1
    assert run(["show", shown["attempts"][0]["call_id"], "--agency", str(folder)]) == DONE
    told = capsys.readouterr()
    assert "這次測試撥了 2 次" in told.out
    assert shown["attempts"][1]["call_id"] in told.out


def test_without_redial_there_is_one_attempt_whatever_comes_of_it(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fars = [FarEnd().says(0.1, 503)]
    monkeypatch.setattr("harness.telephones.WorkerPool", lambda *_, **__: Pool(fars))
    assert run(["call", NUMBER, "--scenario", "switchboard-only", "--agency", str(folder), "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["schema"] == "thirdring.test_call/1"
    assert fars == []


def test_stopped_while_it_waits_the_attempts_so_far_are_kept(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(Virtual):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr("harness.telephones.WorkerPool", lambda *_, **__: Pool([UNHEEDED]))
    monkeypatch.setattr("harness.redialling.WallClock", Stopped)
    arguments = ["call", NUMBER, "--scenario", "switchboard-only", "--redial", "--agency", str(folder)]
    assert run(arguments) == 130
    assert "已撥的 1 次都留著" in capsys.readouterr().err
    assert run(["list", "--agency", str(folder)]) == DONE
    assert "無人接聽" in capsys.readouterr().out


# --- a tester at the terminal ---------------------------------------------------------------------------


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The other end of what standard input is."""
    outside, inside = os.openpty()
    with os.fdopen(inside, "r") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield outside
    os.close(outside)


def until(done: object, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.01)


def test_keys_mean_nothing_before_a_call_waits_then_take_over_mark_and_press(terminal: int) -> None:
    with terminal_tester() as tester:
        os.write(terminal, b"9")
        until(lambda: False, 0.5)
        assert (tester.here(), tester.events()) == (False, ())
        tester.invite(None)  # type: ignore[arg-type]
        os.write(terminal, "u9x林q".encode())
        seen: list[Doing] = []
        until(lambda: seen.extend(tester.events()) or len(seen) >= 3)
        assert tester.here()
        assert seen == [Doing("mark", "unit_speaks"), Doing("digits", "9"), Doing("done")]
        tester.leave()


def test_a_tester_needs_a_terminal_and_a_step_to_take_over_at(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = ["--tester", "--agency", str(folder)]
    assert run(["call", NUMBER, "--scenario", "switchboard-only", *at]) == WRONG_USAGE
    assert "tester-takes-over" in capsys.readouterr().err
    with open(os.devnull) as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        monkeypatch.setattr("harness.said.installed", lambda: True)
        text = (folder / "agency.toml").read_text(encoding="utf-8")
        (folder / "agency.toml").write_text('call_back_number = "02-2700-0400"\n' + text, encoding="utf-8")
        assert run(["call", NUMBER, "--scenario", "tester-takes-over", *at]) == WRONG_USAGE
    assert "終端機" in capsys.readouterr().err
    assert claims(load_agency(folder)) == ()
