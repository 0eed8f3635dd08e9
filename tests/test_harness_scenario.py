"""Scenarios: the shipped ones read aloud; each wrong one is refused with its file, step and key."""

from itertools import pairwise
from pathlib import Path

import pytest
from agency_folder import make_agency
from hypothesis import given
from hypothesis import strategies as st

from harness.agency import load_agency
from harness.errors import WRONG_USAGE, NotFound, ScenarioError
from harness.hearing import find_plan
from harness.scenario import (
    Dial,
    HandOver,
    HangUp,
    HoldSilent,
    Listen,
    Press,
    Scenario,
    WaitForAnswer,
    faults,
    load_scenario,
    scenario_names,
)
from harness.scenario.aloud import read_aloud
from harness.scenario.possible import possible
from harness.scenario.with_tester import with_tester
from harness.scoring import usable_form
from harness.synthesiser import spoken_digits
from harness.test_call import plan_call

BAD = Path(__file__).parent / "bad_scenarios"

# file -> (key of the sentence, what the sentence must name)
FAULTS = {
    "bad-method": ("file.not_allowed", ("step 3 (press)", "method", "rfc4733, info")),
    "dial-twice": ("scenario.dial_once", ("step 3 (dial)",)),
    "digits-as-number": ("file.wrong_kind", ("step 3 (press)", "digits", "quotes")),
    "digits-letters": ("file.wrong_form", ("step 3 (press)", "digits", "9x")),
    "give-up-text": ("file.wrong_kind", ("step 2 (wait_for_answer)", "give_up_s", "number")),
    "give-up-zero": ("file.out_of_range", ("step 2 (wait_for_answer)", "give_up_s", "more than 0")),
    "hang-up-early": ("scenario.unreachable", ("line 12", "step 3 (wait_for_answer)")),
    "leg-twice": ("scenario.leg_twice", ("step 3 (wait_for_answer)", "unit")),
    "misspelt-key": ("file.unknown_meant", ("step 2 (wait_for_answer)", "give_up_sec", "'give_up_s'")),
    "no-dial": ("scenario.dial_once", ("step 1 (wait_for_answer)",)),
    "no-hang-up": ("scenario.hang_up_last", ("step 2 (wait_for_answer)",)),
    "no-name": ("file.missing", ("name",)),
    "no-steps": ("file.empty", ("steps",)),
    "not-toml": ("file.not_toml", ("line 1",)),
    "press-before-answer": ("scenario.before_answer", ("step 2 (press)",)),
    "step-without-do": ("file.missing", ("step 2", "'do'")),
    "title-in-one-language": ("file.missing", ("title.en",)),
    "unknown-leg": ("file.not_allowed", ("step 2 (wait_for_answer)", "leg", "ivr, operator, unit")),
    "unknown-step": ("file.not_allowed", ("step 3 (whistle)", "do", "hang_up")),
    "wrong-then-leg": ("scenario.then_leg", ("step 3 (press)", "unit")),
    "branch-of-another-step": ("file.unknown", ("line 16", "step 3 (listen)", "on.no_answer", "busy, heard, timeout")),
    "endless-loop": ("scenario.endless", ("line 18", "step 4 (press)", "no_effect", "at_most = 1")),
    "endless-loop-on-itself": ("scenario.endless", ("step 3 (listen)", "timeout", "'menu'")),
    "half-a-rule": ("file.missing", ("line 13", "step 2 (wait_for_answer)", "rule.en")),
    "hold-before-answer": ("scenario.before_answer", ("line 10", "step 2 (hold_silent)")),
    "label-twice": ("scenario.label_twice", ("line 18", "step 4 (hang_up)", "'a'")),
    "label-with-a-space": ("file.wrong_form", ("line 15", "step 3 (hang_up)", "label", "go on")),
    "loop-too-often": ("file.out_of_range", ("step 3 (listen)", "on.timeout.at_most", "9")),
    "mark-without-a-name": ("scenario.mark_named", ("step 3 (listen)", "prompt")),
    "name-without-a-mark": ("scenario.mark_named", ("step 3 (listen)", "prompt")),
    "no-such-label": ("scenario.no_label", ("line 14", "step 3 (press)", "'agian'", "there are: again")),
    "press-with-a-stray-mark": ("scenario.press_mark", ("step 3 (press)", "into_prompt")),
    "probe-without-a-branch": ("scenario.probe_needs_branch", ("step 3 (press)", "on.no_effect")),
    "say-before-answer": ("scenario.before_answer", ("step 2 (say)",)),
    "say-nothing": ("scenario.nothing_said", ("step 3 (say)", "sentence", "file or text")),
    "tester-before-answer": ("scenario.before_answer", ("step 2 (tester)",)),
    "tester-without-courtesy": ("file.missing", ("step 3 (tester)", "'on'")),
    "transfer-before-answer": ("scenario.before_answer", ("step 2 (follow_transfer)",)),
    "unreachable-branch": ("scenario.unreachable", ("line 17", "step 4 (listen)")),
    "wait-with-nothing-leading-there": ("scenario.nothing_leads", ("line 14", "step 3 (wait_for_answer)", "operator")),
    "waited-again-by-a-loop": ("scenario.leg_twice", ("step 2 (wait_for_answer)", "'ivr'")),
}

# file -> what an agency without marks and recordings is told when a call is planned with it
IMPOSSIBLE = {
    "branch-on-a-mark-nobody-made": ("scenario.no_mark", ("line 14", "step 3 (listen)", "'welcom'")),
    "digits-refused-by-a-branch": ("scenario.digits_refused", ("line 22", "step 5 (press)", "'9'", "emergency")),
    "digits-refused-together": ("scenario.digits_refused", ("line 18", "step 4 (press)", "'19'", "emergency")),
    "digits-the-gate-refuses": ("scenario.digits_refused", ("line 14", "step 3 (press)", "'110'", "emergency")),
    "gives-up-before-the-form-does": ("scenario.gives_up_early", ("line 9", "step 2", "20 s", "27 s", "附表3")),
    "longer-than-the-agency-allows": ("scenario.longer_than_allowed", ("step 2", "400 s", "300 s")),
    "mark-nobody-made": ("scenario.no_mark", ("line 14", "step 3 (listen)", "'welcome'", "thirdring prompt mark")),
    "probe-without-marks": ("scenario.no_mark", ("step 3 (press)", "'operator'", "'end'")),
    "say-a-missing-file": ("said.unreadable", ("line 14", "step 3 (say)", "not-there.wav")),
    "say-without-a-number-to-call-back": ("said.blank", ("step 3 (say)", "{call_back_number}", "agency.toml")),
    "say-without-a-recording": ("said.no_recording", ("step 3 (say)", "sounds/courtesy.wav")),
    "silence-too-short": ("scenario.hold_too_short", ("step 3 (hold_silent)", "keelung-102", "5 s")),
}


def test_every_wrong_file_is_known():
    assert {file.stem for file in BAD.glob("*.toml")} == set(FAULTS) | set(IMPOSSIBLE)


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_wrong_scenario_names_file_place_and_key(name):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(BAD / f"{name}.toml")
    key, named = FAULTS[name]
    problems = caught.value.problems or (caught.value,)
    assert [problem.key for problem in problems] == [key]
    english = caught.value.sentence("en")
    assert f"{name}.toml" in english
    assert [word for word in named if word not in english] == []
    assert caught.value.exit_status == WRONG_USAGE


@pytest.fixture(scope="module")
def agency(tmp_path_factory):
    return make_agency(tmp_path_factory.mktemp("agency"), {"0227000901": "127.0.0.1:5060"})


def done_by(agency, scenario, *, marks=()):
    return possible(
        scenario,
        agency=agency,
        unit=agency.units[0],
        form=usable_form(agency.settings.form, agency.folder),
        tones=find_plan("tw"),
        marks=marks,
    )


@pytest.mark.parametrize("name", sorted(IMPOSSIBLE))
def test_what_an_agency_cannot_do_is_refused_before_dialling(agency, name):
    with pytest.raises(ScenarioError) as caught:
        done_by(agency, load_scenario(BAD / f"{name}.toml"))
    key, named = IMPOSSIBLE[name]
    assert {problem.key for problem in caught.value.problems} == {key}
    english = caught.value.sentence("en")
    assert f"{name}.toml" in english
    assert [word for word in named if word not in english] == []
    assert caught.value.sentence("zh").startswith(f"{name}.toml，第 ")


def test_nothing_is_said_where_there_is_neither_a_recording_nor_a_synthesiser(agency, monkeypatch):
    monkeypatch.setattr("harness.said.installed", lambda: False)
    with pytest.raises(ScenarioError) as caught:
        done_by(agency, load_scenario("switchboard-no-ivr"))
    assert [problem.key for problem in caught.value.problems] == ["said.no_synthesiser"]
    assert "sounds/put-through.wav" in caught.value.sentence("en")


def test_a_robot_says_what_nobody_recorded(agency, monkeypatch):
    monkeypatch.setattr("harness.said.installed", lambda: True)
    (sound,) = done_by(agency, load_scenario("switchboard-no-ivr")).values()
    assert sound.by_robot
    assert sound.text == f"您好，麻煩請轉{agency.units[0].name}，謝謝。"
    assert spoken_digits("02-2700") == "零二，二七零零"


@given(st.lists(st.sampled_from(["a", "b", "c", "d", ""]), min_size=6, max_size=6), st.integers(0, 6))
def test_every_walk_through_what_is_not_refused_ends(targets, bounds):
    """Follow every branch that there is, whatever happens: bounded jumps run out, the others lead on."""
    steps = [Dial(), WaitForAnswer(leg="ivr")]
    for label, to in zip("abcd", targets, strict=False):
        jump = {"to": to, "at_most": 2} if bounds & 1 << targets.index(to) % 3 else {"to": to}
        on = {"timeout": jump} if to else {}
        steps.append(Listen.model_validate({"label": label, "on": on}))
    steps.append(HangUp())
    if faults(steps):
        return
    taken, at, walked = {}, 0, 0
    while at < len(steps) and not isinstance(steps[at], HangUp):
        walked += 1
        assert walked < 100
        jump = getattr(getattr(steps[at], "on", None), "timeout", None)
        taken[at] = taken.get(at, 0) + 1
        free = jump is not None and taken[at] <= (jump.at_most or 10**6)
        at = next(n for n, one in enumerate(steps) if one.label == jump.to) if free else at + 1


@pytest.mark.parametrize("name", scenario_names())
def test_a_shipped_scenario_reads_aloud_with_the_source_of_every_limit(name):
    scenario = load_scenario(name)
    sentences = read_aloud(scenario, period_s=3.0)
    assert [one.number for one in sentences if not one.more] == list(range(1, len(scenario.steps) + 1))
    assert all(one.zh.strip() and one.en.strip() for one in sentences)
    assert not any("沒有寫出處" in one.zh or "{operator}" in one.zh for one in sentences)


def test_nine_rings_are_read_with_the_seconds_that_they_last():
    told = {period: read_aloud(load_scenario("extension-direct"), period_s=period)[1].zh for period in (3.0, 6.0)}
    assert "9 聲" in told[3.0]
    assert "27 秒" in told[3.0]
    assert "54 秒" in told[6.0]


def test_when_a_testers_step_ends_is_read_aloud():
    told = read_aloud(with_tester(load_scenario("switchboard-no-ivr")), period_s=3.0)
    steps = [[one.zh for one in told if one.number == number] for number in (3, 6)]
    assert [["轉接出去" in "".join(one), "說講完了" in "".join(one)] for one in steps] == [[True, True], [False, True]]


def test_a_sentence_has_chinese_first():
    with pytest.raises(ScenarioError) as caught:
        load_scenario(BAD / "no-name.toml")
    assert str(caught.value) == "no-name.toml：缺少「name」\nno-name.toml: 'name' is missing"


def test_the_shipped_scenarios():
    assert {name: load_scenario(name).legs for name in scenario_names()} == {
        "automated-courtesy": ("unit",),
        "extension-direct": ("unit",),
        "ivr-barge-in": ("ivr", "operator"),
        "ivr-extension": ("ivr", "unit"),
        "ivr-operator": ("ivr", "operator"),
        "ivr-operator-extension": ("ivr", "operator", "unit"),
        "switchboard-no-ivr": ("operator", "unit"),
        "switchboard-only": ("operator",),
        "tester-takes-over": ("unit",),
    }


@pytest.mark.parametrize("name", scenario_names())
def test_a_shipped_scenario_stays_5_s_after_the_last_word_before_it_hangs_up(name):
    steps = load_scenario(name).steps
    before = [one for one, after in pairwise(steps) if isinstance(after, HangUp)]
    assert before
    assert all(isinstance(one, HoldSilent) and one.seconds >= 5 for one in before)


@pytest.mark.parametrize("name", scenario_names())
def test_every_limit_of_a_shipped_scenario_names_its_rule(name):
    limited = [one for one in load_scenario(name).steps if isinstance(one, WaitForAnswer | HoldSilent | HandOver)]
    assert [one.do for one in limited if one.rule is None] == []


@pytest.mark.parametrize("name", scenario_names())
def test_a_shipped_scenario_is_named_as_its_file(name):
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.file is not None
    assert scenario.file.stem == name


def test_a_missing_scenario_says_which_there_are():
    with pytest.raises(NotFound) as caught:
        load_scenario("extension-indirect")
    assert "extension-direct" in caught.value.sentence("en")


def test_the_agency_own_scenario_comes_first(tmp_path):
    own = tmp_path / "scenarios"
    own.mkdir()
    text = load_scenario("extension-direct").file.read_text(encoding="utf-8")
    (own / "extension-direct.toml").write_text(text.replace("seconds = 5", "seconds = 8"), encoding="utf-8")
    assert load_scenario("extension-direct", agency_folder=tmp_path).steps[-2].seconds == 8


def test_the_extension_takes_its_place_in_the_digits():
    steps = (Dial(), WaitForAnswer(leg="ivr"), Press(digits="{extension}"), Listen(), HangUp())
    scenario = Scenario(name="menu", title={"zh": "選單", "en": "Menu"}, steps=steps)
    assert scenario.with_extension("301").steps[2] == Press(digits="301")
    with pytest.raises(ScenarioError):
        scenario.with_extension("")


def test_the_operator_s_key_is_the_site_s_own(tmp_path):
    keys = [step.digits for step in load_scenario("ivr-operator").with_operator("0").steps if isinstance(step, Press)]
    assert keys == ["0"]
    made = make_agency(tmp_path, {"0227000902": "127.0.0.1:5060"})
    with (made.folder / "agency.toml").open("a", encoding="utf-8") as file:
        file.write('[[sites]]\nid = "hq"\nname = "本部"\nswitchboard = "0227000900"\noperator_key = "0"\n')
    plan = plan_call("0227000902", load_agency(made.folder), scenario="ivr-operator")
    assert [step.digits for step in plan.scenario.steps if isinstance(step, Press)] == ["0"]


def test_a_scenario_cannot_be_changed():
    scenario = load_scenario("extension-direct")
    with pytest.raises(ValueError, match="frozen"):
        scenario.name = "other"


def test_a_thousand_tables_one_in_the_other_are_told(tmp_path: Path) -> None:
    path = tmp_path / "deep.toml"
    path.write_text(".".join(["a"] * 20_000) + " = 1\n", "utf-8")
    with pytest.raises(ScenarioError) as raised:
        load_scenario(path, agency_folder=None)
    assert "deep.toml" in raised.value.sentence()
