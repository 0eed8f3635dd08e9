"""The command line: exit statuses, JSON that other programs read, options on both sides of a command, no traceback."""

import json
import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import soundfile

from harness.cli.program import run
from harness.switchboard import sound
from harness.words import BOTH, use_language

RATE = 8000
FACTS = {"legs": {"unit": {"outcome": "answered", "rings": 2, "answer_latency_s": {"earliest": 4.0, "latest": 4.2}}}}


@pytest.fixture(autouse=True)
def _both_languages():
    yield
    use_language(BOTH)


@pytest.fixture
def folder(tmp_path, capsys):
    assert run(["init", str(tmp_path / "agency")]) == 0
    path = tmp_path / "agency" / "agency.toml"
    text = path.read_text(encoding="utf-8").replace("# recording_notice_date", "recording_notice_date")
    text = text.replace('"09:00-11:30 13:30-16:30" ', '"00:00-24:00" ').replace('"fri"]', '"fri", "sat", "sun"]')
    text = text.replace("holidays = false ", "holidays = true ")
    path.write_text(text, encoding="utf-8")
    capsys.readouterr()
    return tmp_path / "agency"


def recording(path, answered_after):
    ringing = sound.to_pcm(sound.tone("ringback", answered_after, sample_rate_hz=RATE))
    said = sound.to_pcm(sound.prompt("greeting-unit", RATE))
    soundfile.write(path, np.concatenate([np.zeros(RATE, np.int16), ringing, np.zeros(3000, np.int16), said]), RATE)
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 2),
        (["frobnicate"], 2),
        (["call"], 2),
        (["call", "--frob", "x"], 2),
        (["--lang", "fr", "list"], 2),
        (["list"], 2),
        (["show", "x"], 2),
        (["listen", "nothing.wav"], 2),
        (["listen", "."], 2),
        (["score", "--facts", "nothing.json"], 2),
        (["score"], 2),
        (["scenario", "check", "nothing"], 2),
        (["scenario", "show", "nothing"], 2),
        (["switchboard", "nothing.toml"], 2),
        (["call", "110"], 4),
        (["call", "0227001234"], 4),
        (["call", "nobody", "--scenario", "nothing", "--answers", "nothing.json"], 4),
        (["call", ""], 4),
        (["scenario", "check", "extension-direct"], 0),
        (["scenario", "show"], 0),
        (["--version"], 0),
    ],
)
def test_exit_status_and_no_traceback(tmp_path, monkeypatch, capsys, arguments, status):
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == status
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err
    if status:
        assert told.err.strip()


def test_not_in_the_directory_comes_before_every_other_check(folder, capsys):
    (folder / "agency.toml").write_text("this is not TOML", encoding="utf-8")
    assert run(["call", "0227001234", "--agency", str(folder)]) == 4
    assert run(["call", "service-desk", "--agency", str(folder)]) == 2
    (folder / "units.csv").write_text("broken,\n", encoding="utf-8")
    assert run(["call", "119", "--agency", str(folder)]) == 4


@pytest.mark.parametrize("arguments", [["--agency", "{}", "list"], ["list", "--agency", "{}"]])
def test_the_agency_stands_before_or_after_the_command(folder, capsys, arguments):
    assert run([one.format(folder) for one in arguments]) == 0
    assert "還沒有通話" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--json", "list"], ["list", "--json"]])
def test_json_stands_before_or_after_the_command(folder, capsys, arguments):
    assert run([*arguments, "--agency", str(folder)]) == 0
    assert json.loads(capsys.readouterr().out) == {"schema": "thirdring.calls/1", "calls": []}


@pytest.mark.parametrize(("lang", "first"), [("zh", "還沒有通話"), ("en", "No calls yet"), ("both", "還沒有通話")])
def test_a_language_can_be_chosen(folder, capsys, lang, first):
    assert run(["list", "--agency", str(folder), "--lang", lang]) == 0
    assert capsys.readouterr().out.splitlines()[0] == first


def test_an_error_as_json(tmp_path, capsys):
    assert run(["call", "110", "--json"]) == 4
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["error"], told["exit_status"]) == ("thirdring.error/1", "refused.forbidden", 4)
    assert "110" in told["zh"]
    assert "110" in told["en"]


def test_a_dry_run_shows_and_dials_nothing(folder, capsys):
    assert run(["call", "301", "--dry-run", "--json", "--agency", str(folder)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["unit"], told["uri"]) == ("service-desk", "sip:301@127.0.0.1:5060")
    assert not (folder / "ledger").exists()
    assert run(["call", "service-desk", "--dry-run", "--agency", str(folder)]) == 0
    assert "sip:301@127.0.0.1:5060" in capsys.readouterr().out


def test_a_dry_run_is_refused_like_the_call(folder, capsys):
    path = folder / "agency.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("recording_notice_date", "# "), encoding="utf-8")
    assert run(["call", "301", "--dry-run", "--agency", str(folder)]) == 4


def test_a_dry_run_on_a_day_off_shows_what_would_be_dialled_and_why_not_now(folder, capsys):
    path = folder / "agency.toml"
    far = (datetime.now(UTC) + timedelta(days=3)).weekday()  # neither today nor tomorrow, wherever the agency is
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[far]
    text = re.sub(r"(?m)^days = .*$", f'days = ["{day}"]', path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")
    assert run(["call", "301", "--dry-run", "--agency", str(folder)]) == 4
    told = capsys.readouterr()
    assert "sip:301@127.0.0.1:5060" in told.out
    assert "現在不准撥" in told.out
    assert f"{day.capitalize()}" in told.err
    assert run(["call", "301", "--dry-run", "--json", "--agency", str(folder)]) == 4
    shown = json.loads(capsys.readouterr().out)
    assert (shown["uri"], shown["refused"]["error"]) == ("sip:301@127.0.0.1:5060", "refused.closed")
    logged = (folder / "refusals.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["refused"] for line in logged] == ["refused.closed"] * 2
    assert not (folder / "ledger").exists()


def test_a_refusal_is_logged(folder, capsys):
    assert run(["call", "119", "--agency", str(folder)]) == 4
    assert run(["call", "nobody", "--agency", str(folder)]) == 4
    lines = [json.loads(line) for line in (folder / "refusals.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(one["asked"], one["refused"]) for one in lines] == [
        ("119", "refused.forbidden"),
        ("nobody", "refused.not_in_directory"),
    ]


def test_init_tells_what_it_made(tmp_path, capsys):
    assert run(["init", str(tmp_path / "new"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["files"][0].endswith("/agency.toml")
    assert run(["init", str(tmp_path / "new")]) == 2


@pytest.mark.parametrize(("answered_after", "status"), [(4.4, 0), (13.3, 1)])
def test_listen_tells_whether_the_standard_was_met(tmp_path, capsys, answered_after, status):
    file = recording(tmp_path / "call.wav", answered_after)
    assert run(["listen", file, "--tone-plan", "tw", "--json"]) == status
    told = json.loads(capsys.readouterr().out)
    (leg,) = told["legs"]
    assert told["schema"] == "thirdring.listening/1"
    assert (leg["outcome"], leg["rings"]) == ("answered", int(answered_after // 3) + 1)
    assert run(["listen", file]) == status
    assert "ringback" in capsys.readouterr().out


def test_listen_says_which_tone_plans_there_are(tmp_path, capsys):
    assert run(["listen", recording(tmp_path / "call.wav", 1.5), "--tone-plan", "atlantis"]) == 2
    assert "tw" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content"), [("a.wav", b""), ("b.wav", b"not sound"), ("c.flac", b"fLaC" + b"x" * 99)]
)
def test_what_is_no_sound_is_a_sentence(tmp_path, capsys, name, content):
    (tmp_path / name).write_bytes(content)
    assert run(["listen", str(tmp_path / name)]) == 2
    assert name in capsys.readouterr().err


def test_score_from_files(tmp_path, capsys):
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps(FACTS), encoding="utf-8")
    assert run(["score", "--facts", str(facts), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "thirdring.sheet/1"
    assert told["total"] is None
    assert run(["score", "--facts", str(facts), "--lang", "en"]) == 0


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"legs": {"moon": {}}}', '{"legs": {"unit": {"outcome": "maybe"}}}']
)
def test_wrong_facts_are_told(tmp_path, capsys, content):
    facts = tmp_path / "facts.json"
    facts.write_text(content, encoding="utf-8")
    assert run(["score", "--facts", str(facts)]) == 2
    assert capsys.readouterr().err.strip()


def test_a_scenario_as_json(capsys):
    assert run(["scenario", "show", "extension-direct", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["steps"][0]["do"]) == ("thirdring.scenario/1", "dial")


def test_a_bug_of_ours_is_never_taken_for_a_bad_score(folder, capsys, monkeypatch):
    def broken(*args, **values):
        raise RuntimeError("bug")

    monkeypatch.setattr("harness.agency.load_agency", broken)
    assert run(["list", "--agency", str(folder)]) == 3
    assert "程式本身出錯" in capsys.readouterr().err


def test_a_disk_that_fails_is_the_environment(folder, capsys):
    (folder / "thirdring.db").mkdir()
    assert run(["list", "--agency", str(folder)]) == 3
