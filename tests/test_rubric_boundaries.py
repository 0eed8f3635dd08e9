"""A2 and B1 at every boundary, in all four branches: with a menu, without one (×2.5), dialled directly, transferred."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rubric_cases import call, keelung, leg, line

from rubric.answers import read_answers
from rubric.facts import parse_facts
from rubric.form import form_text, load_form, read_form, shipped_ids
from rubric.schema import Form
from rubric.score import score
from rubric.sheet import ItemScore, Sheet

MICRO = Decimal("0.000001")
# Ring n of a 3 s cadence ends at 3(n - 1) + 1 s: 1, 4, 7, 10, 13 s; those are also the steps of the seconds' rule.
SECONDS = [("4.0", 10), ("7.0", 9), ("10.0", 8), ("13.0", 7), ("16.0", 6), ("19.0", 5), ("22.0", 4), ("25.0", 3),
           ("28.0", 2), ("31.0", 1)]  # fmt: skip
RINGS = [(1, 10), (2, 10), (3, 9), (4, 8), (5, 7), (6, 6), (7, 5), (8, 4), (9, 3), (10, 2), (11, 1), (12, 0), (40, 0)]


def with_menu(told: dict[str, Any]) -> dict[str, Any]:
    return call(legs={"ivr": leg(1, 1.0), "operator": told, "unit": leg(1, 1.0)})


def without_menu(told: dict[str, Any]) -> dict[str, Any]:
    return call(has_ivr=False, legs={"operator": told, "unit": leg(1, 1.0)})


def direct(told: dict[str, Any]) -> dict[str, Any]:
    return call(has_ivr=None, transferred=None, legs={"unit": told})


def transferred(told: dict[str, Any]) -> dict[str, Any]:
    return call(legs={"ivr": leg(1, 1.0), "operator": leg(1, 1.0), "unit": told})


BRANCHES = [
    pytest.param(with_menu, "A2.1", Decimal(1), id="A2 with a menu"),
    pytest.param(without_menu, "A2.1", Decimal("2.5"), id="A2 without a menu"),
    pytest.param(direct, "B1.1", Decimal(1), id="B1 dialled directly"),
    pytest.param(transferred, "B1.1", Decimal(1), id="B1 after a transfer"),
]
IN_EVERY_BRANCH = pytest.mark.parametrize(("branch", "item", "factor"), BRANCHES)


def earned(sheet: Sheet, item: str, factor: Decimal) -> Decimal | None:
    """An item's points, its group's factor checked on the way."""
    told = line(sheet, item)
    group = next(one for one in sheet.groups if one.id == item[:2])
    if item == "A2.1" and told.points is not None:
        assert group.points == told.points * factor
        assert group.max == 10 * factor
    points: Decimal | None = told.points
    return points


@IN_EVERY_BRANCH
@pytest.mark.parametrize(("rings", "given_points"), RINGS)
def test_by_rings_alone(branch: Any, item: str, factor: Decimal, rings: int, given_points: int) -> None:
    assert earned(keelung(branch(leg(rings, None))), item, factor) == given_points


@IN_EVERY_BRANCH
@pytest.mark.parametrize(("limit", "given_points"), SECONDS)
def test_by_seconds_alone_a_started_step_costs(
    branch: Any, item: str, factor: Decimal, limit: str, given_points: int
) -> None:
    at = Decimal(limit)
    assert earned(keelung(branch(leg(None, at))), item, factor) == given_points
    assert earned(keelung(branch(leg(None, at + MICRO))), item, factor) == given_points - 1
    assert earned(keelung(branch(leg(None, at - Decimal("0.1")))), item, factor) == given_points


@IN_EVERY_BRANCH
@pytest.mark.parametrize(("limit", "given_points"), SECONDS)
def test_an_interval_over_the_boundary_is_open_and_up_to_it_decided(
    branch: Any, item: str, factor: Decimal, limit: str, given_points: int
) -> None:
    at = Decimal(limit)
    over = line(keelung(branch(leg(None, (at - 1, at + MICRO)))), item)
    assert (over.status, over.candidates) == ("open", (given_points - 1, given_points))
    assert earned(keelung(branch(leg(None, (at - Decimal("0.5"), at)))), item, factor) == given_points


@IN_EVERY_BRANCH
@pytest.mark.parametrize("rings", range(1, 14))
def test_either_takes_the_better_limb(branch: Any, item: str, factor: Decimal, rings: int) -> None:
    """At a 3 s cadence the rings are never harsher; in the silence after ring n the seconds are."""
    silent = 3 * rings - Decimal("0.5")
    by_rings = dict(RINGS).get(rings, 0)
    assert earned(keelung(branch(leg(rings, silent))), item, factor) == by_rings
    slow_cadence = Decimal(6 * rings - 1)
    assert earned(keelung(branch(leg(rings, slow_cadence))), item, factor) == by_rings


@IN_EVERY_BRANCH
def test_neither_measured_is_open(branch: Any, item: str, factor: Decimal) -> None:
    assert line(keelung(branch(leg(None, None))), item).status == "open"


@pytest.mark.parametrize(("attempts", "given_points"), [(1, None), (2, 0), (3, 0)])
@pytest.mark.parametrize("branch", [with_menu, without_menu])
def test_nobody_at_the_switchboard_counts_after_two_calls(branch: Any, attempts: int, given_points: int | None) -> None:
    assert line(keelung(branch(leg(outcome="no_answer", attempts=attempts))), "A2.1").points == given_points


@pytest.mark.parametrize("branch", [direct, transferred])
def test_nobody_in_the_unit_counts_at_once(branch: Any) -> None:
    assert line(keelung(branch(leg(outcome="no_answer"))), "B1.1").points == 0


# ---- every form: a smaller delay never scores less, none exceeds its maximum


def timed_items(form: Form) -> list[str]:
    return [
        item.id
        for item in form.items
        if item.latency or any(option.latency or option.within for option in item.options)
    ]


def strictest() -> Form:
    text = form_text("keelung-102").replace('version = "1"', 'version = "2"', 1)
    text = text.replace('value = "either"', 'value = "strictest"\napproval = "某字第 1 號"', 1)
    return read_form(text, file="strict.toml")


FORMS = [*(load_form(one) for one in shipped_ids()), strictest()]
WAITS = st.integers(0, 45_000).map(lambda ms: Decimal(ms) / 1000)


@given(st.sampled_from(FORMS), WAITS, WAITS, st.integers(0, 3), st.booleans())
def test_on_no_form_does_a_smaller_delay_score_less(
    form: Form, one: Decimal, other: Decimal, width: int, has_ivr: bool
) -> None:
    def sheet(seconds: Decimal) -> dict[str, ItemScore]:
        rings = int(seconds // 3) + 1
        told = leg({"earliest": rings, "latest": rings + width}, (seconds, seconds + width))
        legs = {name: told for name in (("ivr", "operator", "unit") if has_ivr else ("operator", "unit"))}
        return {item.id: item for item in score(form, parse_facts(call(has_ivr=has_ivr, legs=legs))).items}

    soon, late = sheet(min(one, other)), sheet(max(one, other))
    for item in timed_items(form):
        earlier, later = soon[item], late[item]
        if earlier.status == "not_applicable":
            continue
        first = earlier.candidates or (earlier.points,)
        last = later.candidates or (later.points,)
        assert None not in first
        assert min(first) >= min(last)  # type: ignore[type-var]
        assert max(first) >= max(last)  # type: ignore[type-var]
        assert all(0 <= points <= earlier.max for points in first)  # type: ignore[operator]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.id}-{form.version}")
def test_every_option_of_every_form_is_reachable_by_its_rule_or_by_hand(form: Form) -> None:
    for item in form.items:
        for option in item.options:
            worth = {"points": option.range[0]} if option.range else {}
            if option.latency:
                worth = {"points": int(option.latency.base)}
            answers, problems = read_answers({item.id: {"option": option.id, **worth}}, form)
            assert not problems
            assert answers.items[item.id].option == option.id
