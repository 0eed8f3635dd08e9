"""Two testers on one call: differences, κ with its n, and a reviewer who settles what differs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rubric_cases import best, call, filled, keelung

from rubric.agreement import agreement, disagreements, kappa, settle
from rubric.errors import AnswersError
from rubric.form import load_form
from rubric.sheet import to_dict

FORM = load_form("keelung-102")


def test_differences_are_listed_by_item() -> None:
    first = to_dict(keelung(call(), best()))
    second = to_dict(keelung(call(), best(**{"B2.3": {"option": "2", "points": 7}, "A3.1": False})))
    found = {one.item: one.points_apart for one in disagreements(first, second)}
    assert found == {"A3.1": 3, "B2.3": 3}


def test_kappa_of_a_worked_case() -> None:
    # 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: p_o = 0.7, p_e = 0.5
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([]) is None
    assert kappa([("y", "y")] * 9) is None  # chance alone explains it


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=30))
def test_kappa_is_symmetric_and_at_most_one(pairs: list[tuple[str, str]]) -> None:
    value = kappa(pairs)
    other = kappa([(b, a) for a, b in pairs])
    assert value == other
    assert value is None or -1 <= value <= 1
    assert value != 1 or all(a == b for a, b in pairs)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=30))
def test_kappa_is_what_the_table_of_both_gives_and_their_order_is_no_matter(pairs: list[tuple[str, str]]) -> None:
    table = np.array([[pairs.count((one, other)) for other in "abc"] for one in "abc"]) / len(pairs)
    chance = float(table.sum(axis=1) @ table.sum(axis=0))
    value = kappa(pairs)
    if value is None:
        assert chance == pytest.approx(1)
    else:
        assert value == pytest.approx((np.trace(table) - chance) / (1 - chance))
    assert kappa(pairs[::-1]) == value
    assert kappa(pairs * 3) == value


def test_only_what_persons_judged_counts() -> None:
    pairs = [(to_dict(keelung(call(), best())), to_dict(keelung(call(), best()))) for _ in range(3)]
    told = {one.item: one for one in agreement(pairs)}
    assert (told["A3.1"].n, told["A3.1"].same, told["A3.1"].kappa) == (3, 3, None)
    assert told["B1.1"].n == 0  # the machine's


def test_a_reviewer_settles_every_difference_with_a_reason() -> None:
    first, second = best(), best(**{"B2.3": {"option": "2", "points": 7}})
    with pytest.raises(AnswersError) as caught:
        settle(FORM, first, second, {}, reviewer="覆核")
    assert [one.item for one in caught.value.problems] == ["B2.3"]
    decision = {"B2.3": {"answer": {"option": "1", "points": 8}, "reason": "語調尚熱誠"}}
    final, log = settle(FORM, first, second, decision, reviewer="覆核")
    assert filled(FORM, call(), final).total == 98
    assert [(one.item, one.by, one.final) for one in log] == [("B2.3", "覆核", {"option": "1", "points": 8})]
