"""Every item leads to its own evidence in the recording: times, holds, transfers, prompts, the tester's marks."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sheet_calls import TRACED, facts, keep_sheet_call
from web_pages import Running

from harness.scoring import score_as_far_as_it_goes
from harness.web.rights import Role
from harness.web.sheet_jumps import Jump, jumps_of, seconds_of
from rubric.facts import parse_facts
from rubric.form import load_form

pytest_plugins = ("web_fixtures",)
FORM = load_form("keelung-102")
DAY = date(2026, 11, 20)


def jumps(item_id: str, answers: dict[str, object] | None = None, form=FORM, **more: object) -> list[tuple[str, float]]:
    sheet = score_as_far_as_it_goes(form, parse_facts(facts(**TRACED | more)), answers, on=DAY)
    item = next(one for one in form.items if one.id == item_id)
    score = next(one for one in sheet.items if one.id == item_id)
    return [(one.what, one.at_s) for one in jumps_of(item, form, score, sheet.fact_evidence)]


@pytest.mark.parametrize(
    ("item", "where"),
    [
        ("A1.1", [("onset", 4.0), ("pick_up", 8.0)]),
        ("A1.3", [("onset", 4.0), ("pick_up", 8.0), ("operator_code_s", 14.5)]),
        ("A3.5", [("onset", 30.0), ("pick_up", 34.0), ("transferred", 50.0), ("transferred", 53.0)]),
        ("A3.6", [("transferred", 50.0), ("transferred", 53.0)]),
        ("B1.1", [("onset", 50.0), ("pick_up", 56.4)]),
        ("B2.2", [("onset", 50.0), ("pick_up", 56.4), ("caller_hung_up_first", 88.2)]),
        ("A3.1", []),  # nothing of it is the machine's
    ],
)
def test_an_item_leads_to_what_it_was_decided_by(item, where):
    assert jumps(item) == where


def test_a_hold_leads_to_its_music_where_the_form_asks_for_it():
    form = load_form("enforcement")
    held = next(one for one in form.items if one.applies_if == "held")
    assert ("held", 64.0) in jumps(held.id, form=form)


def test_the_testers_own_mark_is_led_to():
    said = {"B2.3": {"option": "1", "points": 9, "at_s": 61.5}}
    assert jumps("B2.3", said) == [("heard", 61.5)]
    assert jumps("B2.3") == []


def test_a_leg_that_nobody_picked_up_leads_to_its_first_and_last_ring():
    rang = {"outcome": "no_answer", "attempts": 2, "forwarded": False, "ring_onset_s": 50.0}
    legs = facts()["legs"] | {"unit": rang}
    traces = {"unit": [f"heard:ringback@{50 + 3 * n}.000" for n in range(9)]}
    found = jumps("B1.2", legs=legs, evidence=traces, unit_busy=False, transferred=True)
    assert found == [("onset", 50.0), ("unit", 50.0), ("unit", 74.0)]


PLACED = st.floats(0, 900).map(lambda at: f"heard:music@{at:.3f}-{at + 2:.3f}")


@given(st.lists(PLACED | st.text(max_size=12)))
def test_nothing_leads_where_no_trace_is(traces):
    sheet = score_as_far_as_it_goes(FORM, parse_facts(facts()), None, on=DAY)
    item = next(one for one in FORM.items if one.id == "A3.6")
    score = next(one for one in sheet.items if one.id == "A3.6")
    found = jumps_of(item, FORM, score, {"transferred": tuple(traces)})
    assert {one.at_s for one in found} <= {seconds_of(one) for one in traces}
    assert len({(one.what, one.at_s) for one in found}) == len(found)
    assert all(isinstance(one, Jump) for one in found)


def test_every_item_that_a_machine_decides_has_its_ways_on_the_page(server: Running, agency):
    keep_sheet_call(agency, "c-jumps", told=facts(**TRACED))
    html = server.client(Role.TESTER).get("/calls/c-jumps/sheet").text
    items = re.findall(r'data-item="([^"]+)".*?</fieldset>', html, re.DOTALL)
    parts = re.split(r'data-item="[^"]+"', html)[1:]
    said = dict(zip(items, parts, strict=True))
    for item in FORM.items:
        ways = re.findall(r'class="jump" data-at="([\d.]+)">([^<]+)<', said[item.id])
        assert bool(ways) == bool(jumps(item.id)), item.id
        assert [float(at) for at, _ in ways] == [at for _, at in jumps(item.id)]
    assert "聽總機代號 14.5 秒" in said["A1.3"]
    assert "聽掛斷 88.2 秒" in said["B2.2"]
