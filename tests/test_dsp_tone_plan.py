"""Tone plans as data."""

from __future__ import annotations

import pytest

from dsp.learn import notation, plan_toml
from dsp.tone_plan import PLANS_FILE, TonePlanError, load_plan, parse_tone, plan_names, read_plans


def test_taiwan_comes_first_of_forty_and_more():
    assert plan_names()[0] == "tw"
    assert len(plan_names()) >= 40


def test_taiwans_figures():
    tw = load_plan("tw")
    assert tw.ringback.frequencies_hz == (440, 480)
    assert tw.cadence == ((1.0, 2.0),)
    assert tw.period_s == 3.0
    assert tw.busy.cadence == ((0.5, 0.5),)
    assert tw.congestion.cadence == ((0.25, 0.25),)
    assert tw.dial.period_s == float("inf")


def test_two_bursts_are_one_ring():
    assert load_plan("uk").cadence == ((0.4, 0.2), (0.4, 2.0))
    assert load_plan("uk").period_s == pytest.approx(3.0)


def test_iso_codes_are_aliases():
    assert load_plan("gb") is load_plan("uk")
    assert load_plan("TW") is load_plan("tw")


def test_a_tone_that_swings():
    assert load_plan("jp").ringback.modulation_hz == 16


@pytest.mark.parametrize("name", plan_names())
def test_every_plan_has_a_source_and_can_be_counted(name):
    plan = load_plan(name)
    assert plan.source
    assert plan.title
    assert 2 < plan.period_s < 8
    assert plan.busy is not None


@pytest.mark.parametrize("text", ["440+480/1000,0/2000", "400*25/400,0/200,400*25/400,0/2000", "350+440"])
def test_the_notation_reads_what_it_writes(text):
    assert notation(parse_tone(text)) == text


def test_marks_of_steps_played_once_are_accepted():
    assert parse_tone("!950/330,!1400/330").frequencies_hz == (950,)


@pytest.mark.parametrize("text", ["", "0/1000", "abc", "440+/100", "440/1s"])
def test_what_is_no_tone_says_so(text):
    with pytest.raises(TonePlanError, match="tone"):
        parse_tone(text)


def test_an_unknown_plan_lists_what_there_is():
    with pytest.raises(TonePlanError, match=r"no tone plan 'xx'.*tw.*auto"):
        load_plan("xx")


def test_faults_name_file_and_plan(tmp_path):
    file = tmp_path / "pbx.toml"
    file.write_text('[pbx]\ntitle = "x"\nsource = "x"\n', encoding="utf-8")
    with pytest.raises(TonePlanError, match=r"pbx.toml, plan 'pbx': 'ringback' is missing"):
        read_plans(file)
    file.write_text('[pbx]\ntitle = "x"\nsource = "x"\nringback = "440"\n', encoding="utf-8")
    with pytest.raises(TonePlanError, match="cannot be counted"):
        read_plans(file)


def test_a_plan_can_be_written_and_read(tmp_path):
    file = tmp_path / "uk.toml"
    file.write_text(plan_toml(load_plan("uk")), encoding="utf-8")
    assert load_plan(str(file)) == load_plan("uk")


def test_the_shipped_file_is_in_the_package():
    assert PLANS_FILE.is_file()
