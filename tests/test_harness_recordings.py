"""Recordings that answer: each situation through the whole path to the sheet, known and unknown, in virtual time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from agency_folder import HEAD
from recorded_situations import FOLDER, RATE, beep, early, faster, line, music, quiet, ringback, rung, sit, words

import harness.prompts
from harness.agency import Agency, load_agency
from harness.cli.program import run
from harness.planned_call import TestCall
from harness.prompts.kinds import KINDS
from harness.prompts.marking import mark_prompt
from harness.prompts.suggest import suggest
from harness.softphone.scripted import FarEnd, ScriptedSoftphone
from harness.store import open_store
from harness.test_call import plan_call, run_call
from harness.words import catalogue
from rubric.sheet import to_dict

NOW = datetime(2026, 3, 4, 2, 30, tzinfo=UTC)
DIRECT, OPERATOR, EXTENSION = "extension-direct", "ivr-operator", "ivr-extension"
MARK_S = 2.5


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What the far end does, and what must come of it."""

    far: FarEnd
    recording: str
    kind: str
    scenario: str = DIRECT
    leg: str = "unit"
    outcome: str
    """Of the leg, the recording known."""
    rings: tuple[int, int] | None = None
    latency: tuple[float, float] | None = None
    """An interval that the one measured must be in; None: none may be measured."""
    provisional: bool = False
    forwarded: bool = False
    sentence: str
    """Words of what a clerk is told."""
    unknown: tuple[str, bool] = ("answered", True)
    """Outcome and provisional where nobody marked the recording."""


def menu(*behind: Any) -> FarEnd:
    """A switchboard that offers languages and then its menu; key 9 leads on."""
    answered = rung(4.4, quiet(0.4), "language-menu", quiet(0.4), "main-menu", quiet(1))
    return answered.after("9", FarEnd().sounds_like(0, line(*behind)))


SITUATIONS = {
    "voicemail that answers after four rings": Situation(
        far=rung(11.0, quiet(0.4), "voicemail", beep(), quiet(3)),
        recording="voicemail",
        kind="voicemail",
        outcome="no_answer",
        rings=(4, 4),
        sentence="語音信箱",
    ),
    "voicemail in early media": Situation(
        far=early(ringback(11), quiet(0.4), "voicemail", beep(), quiet(2), then=480),
        recording="voicemail",
        kind="voicemail",
        outcome="no_answer",
        rings=(4, 4),
        sentence="語音信箱",
        unknown=("fault_theirs", False),
    ),
    "lunch, answered and hung up": Situation(
        far=rung(1.5, quiet(0.4), "lunch", quiet(1)).hangs_up(8.6),
        recording="lunch",
        kind="closed_hours",
        outcome="fault_ours",
        sentence="（units.csv）第 2 列「稅務課」的可測時段（hours",
    ),
    "night, in early media": Situation(
        far=early(quiet(0.4), "night", quiet(1), then=480),
        recording="night",
        kind="closed_hours",
        outcome="fault_ours",
        sentence="名冊的時間不對",
        unknown=("fault_theirs", False),
    ),
    "vacant number behind the special information tone": Situation(
        far=early(sit(), quiet(0.3), "vacant", quiet(0.5), then=404),
        recording="vacant",
        kind="vacant_number",
        outcome="fault_ours",
        sentence="空號",
        unknown=("congestion", False),
    ),
    "vacant number without a tone": Situation(
        far=early(quiet(0.3), "vacant", quiet(0.5), then=404),
        recording="vacant",
        kind="vacant_number",
        outcome="fault_ours",
        sentence="（units.csv）第 2 列",
        unknown=("fault_theirs", False),
    ),
    "vacant number said twice behind a 200": Situation(
        far=FarEnd().says(0.1, 200).sounds_like(0.2, line(quiet(0.3), "vacant", quiet(1), "vacant", quiet(1))),
        recording="vacant",
        kind="vacant_number",
        outcome="fault_ours",
        sentence="空號",
    ),
    "forwarded to a mobile telephone, another network rings, 200 at its answer": Situation(
        far=early(
            ringback(7), quiet(0.3), "forwarding", quiet(0.5), ringback(13, "cn"), then=200, after_s=0
        ).sounds_like(0.15 + 7 + 0.8 + len(words("forwarding")) / RATE + 13, line(quiet(0.4), "person", quiet(3))),
        recording="forwarding",
        kind="mobile_forwarding",
        outcome="answered",
        latency=(25.8, 26.2),
        provisional=True,
        forwarded=True,
        sentence="別的網路",
    ),
    "forwarded to a mobile telephone behind an early 200": Situation(
        far=rung(7, quiet(0.3), "forwarding", quiet(0.5), ringback(7.4), quiet(0.4), "person", quiet(9)),
        recording="forwarding",
        kind="mobile_forwarding",
        outcome="answered",
        provisional=True,
        forwarded=True,
        sentence="不計聲數",
    ),
    "a queue with music between": Situation(
        far=menu(
            quiet(0.5), "queue-third", quiet(0.3), music(4), quiet(1.2), "person", quiet(2), "person-again", quiet(9)
        ),
        recording="queue-third",
        kind="queue_position",
        scenario=OPERATOR,
        leg="operator",
        outcome="answered",
        latency=(1.0, 11.0),
        provisional=True,
        sentence="只計秒數",
    ),
    "operator busy, then nothing": Situation(
        far=menu(quiet(0.5), "queue-second", quiet(9)),
        recording="queue-second",
        kind="operator_busy",
        scenario=OPERATOR,
        leg="operator",
        outcome="busy",
        sentence="總機忙線",
    ),
    "a transfer announced, then the unit's telephone": Situation(
        far=rung(4.4, quiet(0.4), "main-menu", quiet(1)).after(
            "1",
            FarEnd().sounds_like(
                0, line(quiet(0.5), "forwarding", quiet(0.5), ringback(7.3), quiet(0.4), "person", quiet(9))
            ),
        ),
        recording="forwarding",
        kind="transfer_announcement",
        scenario=EXTENSION,
        outcome="answered",
        rings=(3, 3),
        latency=(6.9, 7.9),
        provisional=True,
        sentence="轉接語音",
    ),
    "the operator's telephone rings, then a recording nobody put a kind to": Situation(
        far=menu(quiet(0.5), ringback(4.5), quiet(0.5), "night", quiet(9)),
        recording="night",
        kind="other",
        scenario=OPERATOR,
        leg="operator",
        outcome="answered",
        sentence="不是人",
    ),
}


def make_agency(folder: Path) -> Agency:
    folder.mkdir()
    site = '[[sites]]\nid = "hq"\nname = "本部"\nswitchboard = "500"\nhas_ivr = true\n'
    (folder / "agency.toml").write_text(
        HEAD + site + '[[lines]]\nid = "main"\nserver = "127.0.0.1:5060"\nbind = "127.0.0.1"\n', encoding="utf-8"
    )
    (folder / "units.csv").write_text(
        "unit,name,number,extension,site\ntax,稅務課,0227000201,21,hq\n", encoding="utf-8"
    )
    return load_agency(folder)


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return make_agency(tmp_path / "agency")


def placed(agency: Agency, far: FarEnd, scenario: str = DIRECT) -> TestCall:
    plan = plan_call("tax", agency, scenario=scenario)
    return run_call(plan, agency, ScriptedSoftphone({"0227000201": far, "500": far}), now=NOW)


def marked(agency: Agency, recording: str, kind: str, at_s: float = MARK_S, what: str = "end") -> None:
    mark_prompt(
        str(FOLDER / f"{recording}.flac"),
        agency_folder=agency.folder,
        at_s=at_s,
        name=f"{recording}-{what}",
        what=what,
        kind=kind,
        site=None,
    )


def points_of(test: TestCall, leg: str) -> list[Any]:
    """What the machine gave for how fast the leg was answered."""
    item = {"unit": "B1.1", "operator": "A2.1"}[leg]
    return [one["points"] for one in to_dict(test.sheet)["items"] if one["id"] == item]


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_known_recording_decides_its_leg(agency: Agency, name: str) -> None:
    one = SITUATIONS[name]
    marked(agency, one.recording, one.kind)
    test = placed(agency, one.far, one.scenario)
    leg = test.measured.leg(one.leg)
    assert leg is not None
    assert (leg.outcome, leg.recording) == (one.outcome, one.kind)
    assert (leg.rings, leg.provisional, leg.forwarded) == (one.rings, one.provisional, one.forwarded)
    latency = leg.answer_latency_s
    assert (latency is None) == (one.latency is None)
    if latency is not None and one.latency is not None:
        assert one.latency[0] <= latency.earliest <= latency.latest <= one.latency[1]
    assert any(one.sentence in told for told in test.prompts.told())
    assert points_of(test, one.leg) in ([], [None])
    told = test.prompts.measurement(test.measured)["recordings"][-1]
    assert one.sentence in told["zh"]
    assert told["en"]
    ending = test.ending
    assert ending.outcome == one.outcome
    if leg.answerer == "recording":
        assert (ending.case, one.sentence in ending.sentence["zh"]) == ("recording", True)
        assert (ending.whose == "ours") == (one.outcome == "fault_ours")
        assert ending.confirmed == (one.outcome != "busy")


@pytest.mark.parametrize("name", SITUATIONS)
def test_an_unknown_recording_earns_nothing(agency: Agency, name: str) -> None:
    """Provisional, or a candidate: nothing is decided by the machine until somebody says who spoke."""
    one = SITUATIONS[name]
    test = placed(agency, one.far, one.scenario)
    leg = test.measured.leg(one.leg)
    assert leg is not None
    assert (leg.outcome, leg.provisional) == one.unknown
    assert points_of(test, one.leg) in ([], [None])


@pytest.mark.parametrize("kind", ["closed_hours", "vacant_number"])
def test_a_directory_that_is_wrong_voids_the_attempt(agency: Agency, kind: str) -> None:
    marked(agency, "lunch", kind)
    test = placed(agency, rung(1.5, quiet(0.4), "lunch", quiet(1)).hangs_up(8.6))
    assert test.measured.outcome == "fault_ours"
    assert test.facts["legs"]["unit"]["outcome"] == "fault_ours"
    assert to_dict(test.sheet)["total"] is None


def test_a_person_is_no_recording(agency: Agency) -> None:
    """With every recording of the suite marked, a person's call is what it is without them."""
    person = rung(7.0, quiet(0.4), "person", quiet(2.0), "person-again", quiet(9))
    before = placed(agency, person)
    for one in SITUATIONS.values():
        if not (agency.folder / "prompts" / f"{one.recording}-end.json").exists():
            marked(agency, one.recording, one.kind)
    after = placed(agency, person)
    assert after.measured.legs == before.measured.legs
    assert points_of(after, "unit") == points_of(before, "unit") == [9]
    assert [one.answerer for one in after.prompts.hints] == ["person"]


def test_the_same_words_said_by_a_person_are_not_the_recording(agency: Agency) -> None:
    marked(agency, "night", "closed_hours")
    test = placed(agency, rung(2.0, quiet(0.4), faster("night"), quiet(9)))
    assert test.measured.legs[0].recording is None
    assert test.measured.outcome == "answered"


def test_the_menu_behind_the_choice_of_a_language_is_timed_from_its_beginning(agency: Agency) -> None:
    """基隆市附件三 A1.3 as the form may set it: from the menu, after the language was chosen."""
    marked(agency, "language-menu", "language_menu", at_s=3.2)
    marked(agency, "main-menu", "menu", at_s=5.3, what="operator")
    far = menu(quiet(0.5), ringback(2.0), quiet(0.4), "person", quiet(9))
    behind = placed(agency, far, OPERATOR).prompts.operator_code_after_menu_s
    assert behind is not None
    chosen_s = len(words("language-menu")) / RATE - 3.2 + 0.4
    assert behind.earliest <= chosen_s + 5.3 <= behind.latest
    marked(agency, "main-menu", "menu", at_s=0.05, what="menu")
    test = placed(agency, far, OPERATOR)
    span = test.prompts.operator_code_after_menu_s
    assert span is not None
    assert span.earliest <= 5.25 <= span.latest
    whole = test.prompts.operator_code_s
    assert whole is not None
    assert whole.earliest <= 0.4 + len(words("language-menu")) / RATE + 0.4 + 5.3 <= whole.latest
    assert test.measured.legs[0].outcome == "answered"
    assert test.measured.legs[0].recording is None


@pytest.mark.parametrize(
    ("gaps", "rings"),
    [((7.0, 1.1, 7.0, 0.7, 4.5), 8), ((16.0, 1.3, 4.6), 8)],
    ids=["hunt group", "back to the operator"],
)
def test_ringing_that_begins_anew_is_marked_forwarded(agency: Agency, gaps: tuple[float, ...], rings: int) -> None:
    """A hunt group tries telephone after telephone; forwarding on no answer leads back to the operator."""
    parts = [ringback(seconds) if index % 2 == 0 else quiet(seconds) for index, seconds in enumerate(gaps)]
    far = FarEnd().says(0.1, 183).sounds_like(0.15, line(*parts)).says(0.15 + sum(gaps), 200)
    test = placed(agency, far.sounds_like(0.15 + sum(gaps), line(quiet(0.4), "person", quiet(9))))
    (leg,) = test.measured.legs
    assert (leg.outcome, leg.forwarded) == ("answered", True)
    assert leg.rings is None or leg.rings[0] <= rings <= leg.rings[1]
    assert leg.answer_latency_s is not None
    assert sum(gaps) in leg.answer_latency_s
    assert test.facts["legs"]["unit"]["forwarded"] is True


def test_hold_music_behind_a_person_is_no_beep(agency: Agency) -> None:
    test = placed(agency, rung(2.0, quiet(0.4), "person", quiet(0.5), music(6), quiet(4)))
    assert not any(one.why == "hint_beep" for one in test.prompts.hints)


def test_what_two_calls_say_alike_is_suggested_and_two_persons_are_not(agency: Agency, capsys: Any) -> None:
    night = rung(2.0, quiet(0.4), "night", quiet(9))
    noisy = rung(
        4.5,
        quiet(0.7),
        np.clip(words("night") * 0.5 + quiet(9)[: len(words("night"))], -32768, 32767).astype(np.int16),
        quiet(9),
    )
    first = placed(agency, night)
    person = placed(agency, rung(2.0, quiet(0.4), "person", quiet(9)))
    placed(agency, rung(3.4, quiet(0.4), faster("person"), quiet(9)))
    second = placed(agency, noisy)
    with open_store(agency.database) as store:
        (found,), calls = suggest(agency, store)
    assert calls == 4
    assert {one.call_id for one in found.heard} == {first.record.call_id, second.record.call_id}
    assert person.record.call_id not in {one.call_id for one in found.heard}
    assert run(["prompt", "suggest", "--agency", str(agency.folder)]) == 0
    assert first.record.call_id in capsys.readouterr().out
    marked(agency, "night", "closed_hours")
    with open_store(agency.database) as store:
        assert suggest(agency, store) == ((), 4)
    assert run(["prompt", "suggest", "--agency", str(agency.folder), "--json"]) == 0
    assert '"repeats": []' in capsys.readouterr().out


def test_a_kind_that_there_is_not_is_refused(agency: Agency) -> None:
    file = str(FOLDER / "night.flac")
    wrong = ["prompt", "mark", file, "--at", "2.5", "--name", "night", "--kind", "moon", "--agency", str(agency.folder)]
    assert run(wrong) == 2
    assert run([*wrong[:8], "closed_hours", *wrong[9:]]) == 0
    mark = agency.folder / "prompts" / "night.json"
    mark.write_text(mark.read_text("utf-8").replace("closed_hours", "moon"), encoding="utf-8")
    assert run(["prompt", "list", "--agency", str(agency.folder)]) == 2


def test_somebody_who_speaks_right_behind_a_recording_is_somebody(agency: Agency) -> None:
    """A recording ends where it ended when it was marked, however soon a person speaks behind it."""
    marked(agency, "forwarding", "other")
    alone = placed(agency, rung(2.0, quiet(0.4), "forwarding", quiet(9)))
    assert alone.measured.legs[0].answerer == "recording"
    both = placed(agency, rung(2.0, quiet(0.4), "forwarding", quiet(0.4), "person", quiet(9)))
    assert (both.measured.legs[0].answerer, both.measured.legs[0].provisional) == (None, True)


def test_who_is_told_to_wait_goes_on_waiting(agency: Agency) -> None:
    """In a silent queue a known announcement is nobody: the caller waits for whoever speaks behind it."""
    far = menu(quiet(0.5), "queue-third", quiet(14), "person", quiet(9))
    before = placed(agency, far, OPERATOR)
    assert before.record.acts[-1].at_s < 32.0  # hung up, taking the announcement for an answer
    marked(agency, "queue-third", "queue_position")
    test = placed(agency, far, OPERATOR)
    leg = test.measured.leg("operator")
    assert leg is not None
    assert (leg.outcome, leg.provisional, leg.rings) == ("answered", True, None)
    assert leg.voice_onset_s is not None
    said = next(a.at_s for a in test.record.acts if a.do == "pressed") + 0.5 + len(words("queue-third")) / RATE + 14.0
    assert said in leg.voice_onset_s.widened(0.1, 0.1)


def test_a_menu_that_closed_hours_stood_instead_of_was_not_changed(agency: Agency) -> None:
    marked(agency, "main-menu", "menu", at_s=5.3, what="operator")
    assert "changed" in [
        one.status for one in placed(agency, rung(2.0, quiet(0.4), "night", quiet(9)), OPERATOR).prompts.marks
    ]
    marked(agency, "night", "closed_hours")
    test = placed(agency, rung(2.0, quiet(0.4), "night", quiet(9)), OPERATOR)
    assert sorted(one.status for one in test.prompts.marks) == ["heard", "not_heard"]
    assert test.measured.outcome == "fault_ours"


def test_recordings_that_did_not_come_were_not_changed(agency: Agency) -> None:
    for name, kind in (("night", "closed_hours"), ("voicemail", "voicemail"), ("queue-third", "queue_position")):
        marked(agency, name, kind)
    test = placed(agency, menu(quiet(0.5), ringback(2.0), quiet(0.4), "person", quiet(9)), OPERATOR)
    assert {one.status for one in test.prompts.marks} == {"not_heard"}


def test_every_kind_is_documented_and_has_its_sentences() -> None:
    text = (Path(harness.prompts.__file__).parent / "README.md").read_text(encoding="utf-8")
    for kind in KINDS:
        assert f"`{kind}`" in text
        assert {f"recording.{kind}", f"recording.{kind}_then"} <= set(catalogue())
