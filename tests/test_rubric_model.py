"""附表3 once more, as plain arithmetic written from the form, against the engine that reads the form as data."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rubric_cases import call, keelung, leg


def speed(rings: int, seconds: float) -> int:
    """8 at 4 rings or 10 s; ±1 per ring or 3 s; the better limb; 0 to 10."""
    return max(0, min(10, max(8 - (rings - 4), 8 - math.ceil((seconds - 10) / 3))))


def obvious_total(case: dict[str, Any]) -> Fraction:
    """The sheet's total, added up by hand."""
    menu, operator, unit = case["menu"], case["operator"], case["unit"]
    total = Fraction(0)
    if case["has_ivr"]:
        total += 5 if menu[0] <= 4 or menu[1] <= 10 else 3 if menu[1] <= 15 else 0
        total += [5, 3, 0][case["A1.2"]] + [3, 2, 1, 0][case["A1.3"]] + [2, 1][case["A1.4"]]
    total += Fraction(speed(*operator)) * (1 if case["has_ivr"] else Fraction(5, 2))
    total += 3 * (case["A3.1"] + case["A3.2"] + case["A3.3"]) + 2 * case["A3.4"]
    total += 3 + 2 if not case["transferred"] else [3, 2, 0][case["A3.5"]] + 2 * case["A3.6"]
    total += 2 if not case["busy"] else [2, 0][case["A3.7"]]
    total += [2, 1, 0][case["A3.8"]]
    total += speed(*unit) + 5
    named, said, greeted = case["ticks"]
    total += {(2, True): 10, (1, True): 8, (2, False): 5, (1, False): 5, (0, True): 3, (0, False): 0}[
        named + said, greeted
    ]
    total += 5 if case["ending"] and case["caller_first"] else 0
    return total + case["attitude"] + case["content"]


def answers_of(case: dict[str, Any]) -> dict[str, Any]:
    """The same case as a tester would write it."""
    answers: dict[str, Any] = {f"A3.{n}": case[f"A3.{n}"] for n in (1, 2, 3, 4)}
    if case["has_ivr"]:
        answers |= {key: str(case[key] + 1) for key in ("A1.2", "A1.3", "A1.4")}
    if case["transferred"]:
        answers |= {"A3.5": str(case["A3.5"] + 1), "A3.6": case["A3.6"]}
    if case["busy"]:
        answers["A3.7"] = str(case["A3.7"] + 1)
    owner = case["role"] != "proxy"
    return answers | {
        "A3.8": str(case["A3.8"] + 1),
        "B2.1": dict(zip(("unit", "name", "greeting"), case["ticks"], strict=True)),
        "B2.2": {"courteous_ending": case["ending"]},
        "B2.3": case["attitude"],
        ("B3.甲" if owner else "B3.乙"): case["content"],
    }


TIMES = st.tuples(st.integers(1, 14), st.integers(0, 400).map(lambda tenths: tenths / 10))
CASES = st.fixed_dictionaries(
    {
        "has_ivr": st.booleans(),
        "transferred": st.booleans(),
        "busy": st.booleans(),
        "role": st.sampled_from(["owner", "owner_after_proxy", "proxy"]),
        "caller_first": st.booleans(),
        "ending": st.booleans(),
        "menu": TIMES,
        "operator": TIMES,
        "unit": TIMES,
        "ticks": st.tuples(st.booleans(), st.booleans(), st.booleans()),
        "attitude": st.sampled_from([0, 3, 4, 5, 6, 7, 8, 9, 10]),
        **{key: st.integers(0, 2) for key in ("A1.2", "A3.5", "A3.8")},
        "A1.3": st.integers(0, 3),
        **{key: st.integers(0, 1) for key in ("A1.4", "A3.7")},
        **{f"A3.{n}": st.booleans() for n in (1, 2, 3, 4, 6)},
    }
).flatmap(
    lambda case: st.sampled_from([0, *range(6 if case["role"] == "proxy" else 4, 16)]).map(
        lambda content: {**case, "content": content}
    )
)


@given(CASES)
def test_the_engine_agrees_with_plain_arithmetic(case: dict[str, Any]) -> None:
    names = ("ivr", "operator", "unit") if case["has_ivr"] else ("operator", "unit")
    legs = {name: leg(*case["menu" if name == "ivr" else name]) for name in names}
    facts = call(
        has_ivr=case["has_ivr"],
        legs=legs,
        transferred=case["transferred"],
        unit_busy=case["busy"],
        answerer_role=case["role"],
        caller_hung_up_first=case["caller_first"],
    )
    sheet = keelung(facts, answers_of(case))
    assert sheet.problems == ()
    assert sheet.total is not None
    assert Fraction(sheet.total) == obvious_total(case)
    assert sheet.total % Decimal("0.5") == 0
