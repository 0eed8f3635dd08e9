"""From measurements to the rubric's facts: nothing is guessed, a fault is never a unit's zero."""

from dataclasses import replace
from typing import Any

import pytest

from harness.facts import facts_of
from harness.interval import Interval
from harness.measure import Measured
from harness.measured_leg import MeasuredLeg
from harness.timeline import Event
from rubric.facts import OUTCOMES, parse_facts


def measured(*legs: MeasuredLeg, **more: Any) -> Measured:
    usual = {"first_release": "unknown", "waited_s": None, "problems": (), "talk_s": 0.0, "hold_s": 0.0}
    usual |= {"session_request_delay_s": None, "post_dial_delay_s": None}
    return Measured(**{**usual, "outcome": legs[-1].outcome, "legs": legs, **more})


def answered(leg: str = "unit") -> MeasuredLeg:
    latency, pick_up = Interval(7.0, 7.64), Interval(8.6, 9.24)
    return MeasuredLeg(
        leg=leg,
        outcome="answered",
        rings=(3, 3),
        rings_source="heard",
        answer_latency_s=latency,
        ring_onset_s=Interval(1.55, 1.65),
        pick_up_s=pick_up,
    )


@pytest.mark.parametrize(
    "outcome", ["answered", "busy", "congestion", "no_answer", "rejected", "fault_theirs", "fault_ours", "none"]
)
def test_every_outcome_is_one_that_the_rubric_knows(outcome):
    facts = parse_facts(facts_of(measured(MeasuredLeg(leg="unit", outcome=outcome))))
    assert [leg.outcome in OUTCOMES for leg in facts.legs.values()] == ([] if outcome == "none" else [True])


@pytest.mark.parametrize("outcome", ["rejected", "congestion", "fault_theirs"])
def test_the_far_sides_fault_is_a_candidate_until_a_person_confirms(outcome):
    facts = parse_facts(facts_of(measured(MeasuredLeg(leg="unit", outcome=outcome))))
    assert (facts.legs["unit"].outcome, facts.legs["unit"].fault_confirmed) == ("fault_theirs", False)


def test_the_timing_comes_over_as_it_was_measured():
    leg = parse_facts(facts_of(measured(answered()))).legs["unit"]
    assert (float(leg.answer_latency_s.earliest), float(leg.answer_latency_s.latest)) == (7.0, 7.64)
    assert (leg.rings.earliest, leg.rings.latest, leg.rings_source) == (3, 3, "heard")


@pytest.mark.parametrize(
    ("proved", "release", "waited", "told"),
    [
        (True, "near", 5.2, True),
        (True, "far", 1.0, False),
        (True, "near", 2.0, None),
        (False, "far", 6.0, None),
        (True, "unknown", 6.0, None),
        (True, "network", 6.0, None),
    ],
)
def test_who_hung_up_first_is_told_on_proved_lines_only(proved, release, waited, told):
    one = measured(answered(), first_release=release, waited_s=waited)
    assert facts_of(one, signals_release=proved).get("caller_hung_up_first") is told


def test_a_direct_call_says_nothing_of_menus_and_transfers():
    facts = facts_of(measured(answered()))
    assert {"has_ivr", "transferred"} & set(facts) == set()


def test_a_transferred_call_has_its_legs():
    facts = facts_of(measured(answered("ivr"), answered("operator"), answered()), has_ivr=True, attempts=2)
    assert (facts["has_ivr"], facts["transferred"]) == (True, True)
    assert [leg.get("attempts", 1) for leg in facts["legs"].values()] == [2, 1, 1]


def test_a_menu_that_answered_is_there_whatever_the_directory_says():
    assert parse_facts(facts_of(measured(answered("ivr")), has_ivr=False)).has_ivr is True


def test_a_voice_that_may_be_a_recording_is_provisional_and_a_menus_is_not():
    legs = [replace(answered(name), provisional=True) for name in ("ivr", "operator", "unit")]
    facts = parse_facts(facts_of(measured(*legs), has_ivr=True))
    assert {name: leg.provisional for name, leg in facts.legs.items()} == {"ivr": False, "operator": True, "unit": True}
    busy = MeasuredLeg(leg="unit", outcome="busy", provisional=True)
    assert not parse_facts(facts_of(measured(busy))).legs["unit"].provisional
    assert "provisional" not in facts_of(measured(answered()))["legs"]["unit"]


def test_what_is_known_carries_its_evidence():
    legs = [replace(answered(name), evidence=(f"heard:{name}@1.000",)) for name in ("operator", "unit")]
    bye = Event(41.2, "sip", "BYE rx")
    told = facts_of(measured(*legs, first_release="far"), has_ivr=True, signals_release=True, events=(bye,))
    assert told["evidence"] == {
        "operator": ["heard:operator@1.000"],
        "unit": ["heard:unit@1.000"],
        "has_ivr": ["agency.toml:has_ivr"],
        "transferred": ["heard:unit@1.000"],
        "caller_hung_up_first": ["sip:BYE rx@41.200"],
    }
    assert parse_facts(told).evidence["unit"] == ("heard:unit@1.000",)


@pytest.mark.parametrize(
    ("music", "held"), [((30.0, 36.0), True), ((30.0, 31.0), None), ((2.0, 8.0), None), (None, None)]
)
def test_music_after_the_first_words_is_a_hold_and_silence_says_nothing(music, held):
    leg = replace(answered(), voice_onset_s=Interval(9.24, 9.24))
    events = () if music is None else (Event(music[0], "heard", "music", music[1]),)
    told = parse_facts(facts_of(measured(leg), events=events))
    assert told.held is held
    assert ("held" in told.evidence) == bool(held)
