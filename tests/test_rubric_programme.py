"""The conditions of a testing programme: 桃園's five units a month, 臺中's own-unit rule and due day."""

from datetime import date
from typing import Any

import pytest

from rubric.form import load_form
from rubric.programme import TestCall, check_programme, due_on, periods_between
from rubric.schema import Programme

UNITS = [f"{n} 股" for n in range(1, 7)]


def taoyuan() -> Programme:
    programme = load_form("taoyuan").programme
    assert programme is not None
    return programme


def round_of(month: int, units: list[str], **more: Any) -> list[TestCall]:
    return [TestCall(date(2011, month, 10), f"2011-{month}", unit, "秘書室", **more) for unit in units]


def results(programme: Programme, calls: list[TestCall], **more: Any) -> dict[str, bool | None]:
    first, last = date(2011, 1, 1), date(2011, 3, 31)
    return {one.id: one.met for one in check_programme(programme, calls, first=first, last=last, **more)}


def test_monthly_and_five_units_each() -> None:
    full = [call for month in (1, 2, 3) for call in round_of(month, UNITS[:5])]
    assert results(taoyuan(), full)["rounds"] is True
    assert results(taoyuan(), full)["units_per_round"] is True
    short = round_of(1, UNITS[:4]) + round_of(3, UNITS[:5])
    told = check_programme(taoyuan(), short, first=date(2011, 1, 1), last=date(2011, 3, 31))
    assert "2011-02" in told[0].what.say()
    assert (told[0].met, told[1].met) == (False, False)


def test_what_a_machine_cannot_see_stays_unknown_until_said() -> None:
    assert results(taoyuan(), [])["M4"] is None
    assert results(taoyuan(), [], done={"M4": True})["M4"] is True


def test_taichungs_rules() -> None:
    programme = Programme.model_validate(
        {
            "every_unit": {"at_least": 1, "every": "quarter"},
            "tester_not_own_unit": True,
            "due_day_next_month": 3,
            "questions_at_least": 2,
        }
    )
    good = [TestCall(date(2011, 1, 10), "r", unit, "秘書室", date(2011, 2, 3), 2) for unit in UNITS]
    assert set(results(programme, good, units=UNITS).values()) == {True}
    bad = [TestCall(date(2011, 1, 10), "r", "1 股", "1 股", date(2011, 2, 4), 1)]
    told = results(programme, bad, units=UNITS)
    assert told == {
        "every_unit": False,
        "tester_not_own_unit": False,
        "due_day_next_month": False,
        "questions_at_least": False,
    }


@pytest.mark.parametrize(("day", "due"), [(date(2011, 1, 31), date(2011, 2, 3)), (date(2011, 12, 1), date(2012, 1, 3))])
def test_due_on_the_third_of_the_next_month(day: date, due: date) -> None:
    assert due_on(day, 3) == due


def test_periods_between_two_days() -> None:
    assert periods_between(date(2011, 12, 31), date(2012, 1, 1), "quarter") == ("2011-Q4", "2012-Q1")
