"""Recordings that answer, on real SIP and RTP: the embedded agency plays them, the whole path measures and scores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from agency_folder import HEAD
from recorded_situations import FOLDER
from steadiness import steady, taken_in_time

from harness.agency import Agency, load_agency
from harness.planned_call import TestCall
from harness.prompts.marking import mark_prompt
from harness.softphone.line import Line
from harness.softphone.pool import WorkerPool
from harness.switchboard.serve import EmbeddedAgency
from harness.test_call import plan_call, run_call
from rubric.sheet import to_dict

pytestmark = pytest.mark.realtime

RINGING = '{ do = "progress" },\n  { do = "play", parts = [{ tone = "ringback", seconds = 60 }], go_on = true },'
SCRIPTS = {
    "0227000501": f"""{RINGING}
  {{ do = "wait", after_onset_s = 11.0 }},
  {{ do = "answer", leg = "unit" }},
  {{ do = "play", parts = [{{ silence_s = 0.4 }}, {{ prompt = "voicemail" }}, {{ silence_s = 1.0 }}] }},
  {{ do = "wait_release" }},""",
    "0227000502": f"""{RINGING}
  {{ do = "wait", after_onset_s = 1.5 }},
  {{ do = "answer", leg = "unit" }},
  {{ do = "play", parts = [{{ silence_s = 0.4 }}, {{ prompt = "lunch" }}, {{ silence_s = 0.5 }}] }},
  {{ do = "hang_up" }},""",
    "0227000503": """{ do = "progress" },
  { do = "play", parts = [{ silence_s = 0.3 }, { prompt = "vacant" }, { silence_s = 0.5 }] },
  { do = "reject", status = 404 },""",
    "0227000504": f"""{RINGING}
  {{ do = "wait", after_onset_s = 4.5 }},
  {{ do = "answer", leg = "unit" }},
  {{ do = "play", parts = [{{ silence_s = 0.4 }}, {{ prompt = "person" }}, {{ silence_s = 1.0 }}], noise_dbfs = -60 }},
  {{ do = "wait_release" }},""",
}
KINDS = {"voicemail": "voicemail", "lunch": "closed_hours", "vacant": "vacant_number"}


def script(folder: Path) -> Path:
    text = 'title = "recordings"\n[[site]]\nid = "main"\nport = 0\n'
    for number, steps in SCRIPTS.items():
        text += f'[[extension]]\nnumber = "{number}"\nsite = "main"\ntitle = "{number}"\nsteps = [\n  {steps}\n]\n'
    for name in (*KINDS, "person"):
        text = text.replace(f'prompt = "{name}"', f'prompt = "{FOLDER / name}.flac"')
    file = folder / "recordings.toml"
    file.write_text(text, encoding="utf-8")
    return file


def agency_of(folder: Path, number: str, server: str) -> Agency:
    folder.mkdir()
    line = f'[[lines]]\nid = "main"\nserver = "{server}"\nbind = "127.0.0.1"\n'
    (folder / "agency.toml").write_text(HEAD + line, encoding="utf-8")
    (folder / "units.csv").write_text(f"unit,name,number\ntax,稅務課,{number}\n", encoding="utf-8")
    agency = load_agency(folder)
    for name, kind in KINDS.items():
        file = str(FOLDER / f"{name}.flac")
        mark_prompt(file, agency_folder=folder, at_s=2.5, name=name, what="end", kind=kind, site=None)
    return agency


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TestCall]:
    folder = tmp_path_factory.mktemp("recordings")
    log = folder / "truth.jsonl"
    log.touch()
    with EmbeddedAgency(script(folder), truth=log) as embedded, WorkerPool(Line(bind="127.0.0.1")) as pool:
        pool.warm_up()

        def one(number: str) -> TestCall:
            agency = agency_of(folder / number, number, embedded.addresses["main"])
            return run_call(plan_call("tax", agency), agency, pool, now=datetime.now(UTC))

        with ThreadPoolExecutor(4) as threads:
            return dict(zip(SCRIPTS, threads.map(one, SCRIPTS), strict=True))


@pytest.mark.parametrize(
    ("number", "outcome", "words"),
    [
        ("0227000501", "no_answer", "語音信箱"),
        ("0227000502", "fault_ours", "（units.csv）第 2 列「稅務課」的可測時段（hours"),
        ("0227000503", "fault_ours", "空號"),
    ],
)
def test_a_recording_that_answers_is_nobody(placed: dict[str, TestCall], number: str, outcome: str, words: str) -> None:
    test = placed[number]
    (leg,) = test.measured.legs
    if leg.answerer is None and not taken_in_time(test.record):  # a torn prompt is known for certain no more
        assert leg.provisional or leg.answer_latency_s is None
        return
    assert (leg.outcome, leg.answerer, leg.answer_latency_s) == (outcome, "recording", None)
    assert test.ending.outcome == outcome
    assert words in test.ending.sentence["zh"]
    assert [one["points"] for one in to_dict(test.sheet)["items"] if one["id"] == "B1.1"] == [None]


def test_a_voicemail_rang_four_times_before(placed: dict[str, TestCall]) -> None:
    test = placed["0227000501"]
    (leg,) = test.measured.legs
    assert leg.rings == (4, 4) or not steady(test.record)
    assert leg.rings is None or leg.rings[0] <= 4 <= leg.rings[1]
    assert leg.waited_s is not None
    assert leg.waited_s.earliest <= 11.0 <= leg.waited_s.latest


def test_a_person_is_measured_as_ever(placed: dict[str, TestCall]) -> None:
    test = placed["0227000504"]
    (leg,) = test.measured.legs
    assert (leg.outcome, leg.recording) == ("answered", None)
    assert leg.rings == (2, 2) or not steady(test.record)
    assert leg.answer_latency_s is not None
    assert 4.5 in leg.answer_latency_s.widened(0.02, 0.02) or not steady(test.record)


def test_a_mark_s_time_is_that_of_the_packets(placed: dict[str, TestCall]) -> None:
    """2.5 s into its words, which begin 0.4 s behind the answer."""
    test = placed["0227000501"]
    answered = next(s for s in test.record.signals if s.status == 200 and s.method == "INVITE")
    (mark,) = [one for one in test.prompts.marks if one.status == "heard"]
    assert mark.at_s is not None
    assert answered.latest_s + 0.4 + 2.5 in mark.at_s.widened(0.03, 0.03) or not steady(test.record)
