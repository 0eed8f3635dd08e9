"""Scenarios: the shipped ones read aloud; each wrong one is refused with its file, step and key."""

from itertools import pairwise
from pathlib import Path

import pytest

from harness.errors import WRONG_USAGE, NotFound, ScenarioError
from harness.scenario import (
    Dial,
    HandOver,
    HangUp,
    HoldSilent,
    Listen,
    Press,
    Scenario,
    WaitForAnswer,
    load_scenario,
    scenario_names,
)

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
}


def test_every_wrong_file_is_known():
    assert {file.stem for file in BAD.glob("*.toml")} == set(FAULTS)


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


def test_a_scenario_cannot_be_changed():
    scenario = load_scenario("extension-direct")
    with pytest.raises(ValueError, match="frozen"):
        scenario.name = "other"
