"""4 rings or 10 s earn 8: every boundary of the rule, and what an interval may decide."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubric.facts import Between, LegFacts
from rubric.form import load_form
from rubric.latency import points_at, points_over, within_over
from rubric.schema import Basis, Latency, Limit, Step

RULE = load_form("keelung-102").item("B1.1").latency
assert RULE is not None
BASES: tuple[Basis, ...] = ("either", "rings", "seconds", "strictest", "by_signal")

# Answered at t, ring n at a 3 s cadence, points by rings, by seconds, and where the seconds step down.
TABLE = [
    (0, 1, 10, 10, None),
    (3, 2, 10, 10, "4.0"),
    (6, 3, 9, 9, "7.0"),
    (9, 4, 8, 8, "10.0"),
    (12, 5, 7, 7, "13.0"),
    (15, 6, 6, 6, "16.0"),
    (18, 7, 5, 5, "19.0"),
    (21, 8, 4, 4, "22.0"),
    (24, 9, 3, 3, "25.0"),
    (27, 10, 2, 2, "28.0"),
    (30, 11, 1, 1, "31.0"),
    (33, 12, 0, 0, None),
]


def at(basis: Basis, seconds: str | None, rings: int | None = None) -> Decimal | None:
    return points_at(
        RULE,
        basis,
        rings=None if rings is None else Decimal(rings),
        seconds=None if seconds is None else Decimal(seconds),
    )


def heard(rings: tuple[int, int] | None, seconds: tuple[str, str] | None) -> LegFacts:
    return LegFacts(
        outcome="answered",
        rings=None if rings is None else Between(*map(Decimal, rings)),
        answer_latency_s=None if seconds is None else Between(*map(Decimal, seconds)),
    )


@pytest.mark.parametrize(("start", "ring", "by_rings", "by_seconds", "step"), TABLE)
def test_every_boundary_of_the_rule(start: int, ring: int, by_rings: int, by_seconds: int, step: str | None) -> None:
    for seconds in (f"{start}.0", f"{start}.1", f"{start + 2}.9"):
        assert at("rings", seconds, ring) == by_rings
        assert at("either", seconds, ring) == by_rings  # at a 3 s cadence the ring rule is never harsher
    if step is not None:
        assert at("seconds", step, ring) == by_seconds
        assert at("seconds", str(Decimal(step) + Decimal("0.000001")), ring) == by_seconds - 1
        assert at("strictest", str(Decimal(step) + Decimal("0.1")), ring) == by_seconds - 1


def test_a_missing_limb_leaves_the_other() -> None:
    assert at("either", "13.0") == 7
    assert at("either", None, 5) == 7
    assert at("by_signal", "13.1", 5) == 7
    assert at("by_signal", "13.1") == 6
    assert at("rings", "1.0") is None
    assert at("seconds", None, 1) is None
    assert at("strictest", "1.0") is None
    assert all(at(basis, None) is None for basis in BASES)


def test_a_slow_cadence_shows_that_rings_and_seconds_are_not_equal() -> None:
    assert at("rings", "20.0", 4) == 8
    assert at("seconds", "20.0", 4) == 4
    assert at("either", "20.0", 4) == 8
    assert at("strictest", "20.0", 4) == 4


def test_an_interval_inside_one_step_is_decided() -> None:
    assert points_over(RULE, "either", heard((4, 4), ("10.1", "11.9"))) == (8,)
    assert points_over(RULE, "seconds", heard(None, ("10.1", "11.9"))) == (7,)


def test_an_interval_over_a_step_shows_every_value() -> None:
    assert points_over(RULE, "seconds", heard(None, ("9.9", "10.1"))) == (7, 8)
    assert points_over(RULE, "seconds", heard(None, ("9.9", "17.0"))) == (5, 6, 7, 8)
    assert points_over(RULE, "either", heard((4, 5), ("11.9", "12.1"))) == (7, 8)
    assert points_over(RULE, "either", heard(None, None)) == ()


def test_a_limit_with_no_steps_is_all_or_nothing() -> None:
    rule = Latency(at=Limit(rings=3), base=Decimal(15), cap=Decimal(15))
    assert points_over(rule, "either", heard((3, 3), ("20", "20"))) == (15,)
    assert points_over(rule, "either", heard((3, 4), None)) == (0, 15)
    assert points_over(rule, "either", heard(None, ("1", "1"))) == ()


def test_a_step_in_one_unit_alone() -> None:
    step = Step(points=Decimal(5), rings=1)
    rule = Latency(at=Limit(rings=3), base=Decimal(15), cap=Decimal(15), step=step)
    earned = [points_at(rule, "either", rings=Decimal(n), seconds=None) for n in range(1, 8)]
    assert earned == [15, 15, 15, 10, 5, 0, 0]


def test_within_a_limit() -> None:
    limit = Limit(rings=4, seconds=Decimal(10))
    assert within_over(limit, "either", heard((4, 4), ("10.5", "11.0"))) == (True,)
    assert within_over(limit, "seconds", heard((4, 4), ("9.5", "10.5"))) == (False, True)
    assert within_over(limit, "either", heard((5, 5), ("12.5", "13.0"))) == (False,)


SECONDS = st.decimals("0", "60", places=3)
LATENCY_RULES = st.builds(
    Latency,
    at=st.builds(Limit, rings=st.integers(1, 9), seconds=st.decimals("1", "30", places=1)),
    base=st.integers(0, 10).map(Decimal),
    step=st.builds(
        Step,
        points=st.integers(0, 5).map(Decimal),
        rings=st.integers(1, 3),
        seconds=st.decimals("0.5", "5", places=1),
    ),
    cap=st.integers(10, 15).map(Decimal),
)


@given(SECONDS, SECONDS, st.integers(0, 20), st.integers(0, 20), st.sampled_from(BASES), LATENCY_RULES)
def test_a_smaller_delay_never_scores_less(
    one: Decimal, other: Decimal, ring: int, later: int, basis: Basis, rule: Latency
) -> None:
    soon, late = sorted((one, other))
    few, many = sorted((ring, later))
    earlier = points_at(rule, basis, rings=Decimal(few), seconds=soon)
    after = points_at(rule, basis, rings=Decimal(many), seconds=late)
    assert earlier is not None
    assert after is not None
    assert rule.floor <= after <= earlier <= rule.cap


@given(SECONDS, SECONDS, st.fractions(0, 1), st.integers(1, 15), st.sampled_from(BASES), LATENCY_RULES)
def test_the_interval_holds_what_every_instant_earns(
    one: Decimal, other: Decimal, where: object, ring: int, basis: Basis, rule: Latency
) -> None:
    soon, late = sorted((one, other))
    instant = soon + (late - soon) * Decimal(str(float(where)))  # type: ignore[arg-type]
    earned = points_over(rule, basis, heard((ring, ring), (str(soon), str(late))))
    assert points_at(rule, basis, rings=Decimal(ring), seconds=instant) in earned
