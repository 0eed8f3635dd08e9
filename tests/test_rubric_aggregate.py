"""From sheets to a year's figures: exact means with their n, series apart, nothing invented."""

import json
import time
import tracemalloc
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rubric_cases import best, call, keelung, leg

from rubric.aggregate import Key, aggregate
from rubric.errors import FormError
from rubric.form import form_text, load_form, read_form
from rubric.periods import days_of, period_before, period_named, period_of, roc_period
from rubric.ranking import mean_of_means, ranking, trend, weighted
from rubric.rows import Row, row_from_dict, row_of, row_to_dict
from rubric.sheet import to_dict
from rubric.sums import exact, half_up

FORM = load_form("keelung-102")


def row(
    unit: str = "一課", *, day: date = date(2026, 11, 2), unit_leg: Any = None, answers: Any = None, **more: Any
) -> Row:
    facts = call(legs={"ivr": leg(1, 1.0), "operator": leg(1, 1.0), "unit": unit_leg or leg(1, 1.0)})
    return row_of(to_dict(keelung(facts, best() if answers is None else answers)), day=day, unit=unit, **more)


def test_means_are_exact_and_carry_their_n() -> None:
    rows = [row(unit_leg=leg(n, 3.0 * n - 1)) for n in (3, 4, 4)]
    figures = aggregate(rows, FORM, level="unit", period="month")[Key("internal", "2026-11", "一課")]
    assert figures.total is not None
    assert (figures.total.value, figures.total.n, figures.total.exact) == (Decimal("98.3"), 3, Fraction(295, 3))
    assert (figures.total.lowest, figures.total.highest) == (98, 99)
    assert figures.rescaled["B"].exact == Fraction(53 + 53 + 54, 3) * 100 / 55
    assert figures.lost[0][0] == "B1.1"
    assert figures.small


def test_every_level_and_period() -> None:
    days = [date(2026, 1, 5), date(2026, 6, 30), date(2026, 7, 1)]
    rows = [row(day=day, unit=unit, extension="205", group="甲組") for day in days for unit in ("一課", "二課")]

    def count(level: Any, period: Any) -> dict[str, int]:
        return {
            f"{k.period} {k.name}".strip(): f.calls
            for k, f in aggregate(rows, FORM, level=level, period=period).items()
        }

    assert count("agency", "year") == {"2026": 6}
    assert count("unit", "half_year") == {"2026-H1 一課": 2, "2026-H1 二課": 2, "2026-H2 一課": 1, "2026-H2 二課": 1}
    assert count("group", "quarter") == {"2026-Q1 甲組": 2, "2026-Q2 甲組": 2, "2026-Q3 甲組": 2}
    assert count("extension", "month")["2026-06 一課 205"] == 1
    assert count("person", "year") == {}  # nobody's surname was heard


def test_a_person_counts_only_when_a_surname_was_heard() -> None:
    heard = row(answers=best(header={"answerer_surname": "林"}))
    assert [key.name for key in aggregate([heard, row()], FORM, level="person", period="year")] == ["一課 林"]


def test_series_are_never_mixed() -> None:
    rows = [row(), row(series="external", answers=best(**{"A3.1": False}))]
    figures = aggregate(rows, FORM, level="agency", period="year")
    assert {key.series: one.total.value for key, one in figures.items() if one.total} == {
        "internal": 100,
        "external": 97,
    }


def test_timing_records_have_no_total_and_void_calls_count_nowhere() -> None:
    rows = [row(answers={}), row(unit_leg=leg(outcome="fault_ours")), row()]
    figures = aggregate(rows, FORM, level="unit", period="year")[Key("internal", "2026", "一課")]
    assert (figures.calls, figures.timing_only, figures.void) == (2, 1, 1)
    assert figures.total is not None
    assert figures.total.n == 1
    assert dict(figures.lost)["B1.1"].n == 2  # its times count all the same


def test_accuracy_is_the_sum_of_sums_not_the_mean_of_rates() -> None:
    rows = [
        row(answers=best(accuracy={"asked": 2, "correct": 2})),
        row(answers=best(accuracy={"asked": 8, "correct": 4})),
    ]
    figures = next(iter(aggregate(rows, FORM, level="agency", period="year").values()))
    assert figures.accuracy is not None
    assert (figures.accuracy.value, figures.accuracy.n) == (Decimal("60.0"), 10)


def test_ranks_share_ties_and_rank_units_on_their_own_part() -> None:
    slow_operator = call(legs={"ivr": leg(1, 1.0), "operator": leg(9, 25.0), "unit": leg(1, 1.0)})
    rows = [row("一課"), row_of(to_dict(keelung(slow_operator, best())), day=date(2026, 11, 3), unit="二課")]
    rows += [row("三課", unit_leg=leg(5, 13.0)), row("四課", answers={})]
    ranks = ranking(aggregate(rows, FORM, level="unit", period="year").values(), FORM)
    assert [(one.rank, one.key.name, one.tied) for one in ranks] == [
        (1, "一課", True),
        (1, "二課", True),
        (3, "三課", False),
    ]


def test_trend_skips_periods_without_a_total() -> None:
    rows = [
        row(day=date(2026, 1, 5)),
        row(day=date(2026, 2, 5), answers={}),
        row(day=date(2026, 3, 5), unit_leg=leg(5, 13.0)),
    ]
    steps = trend(aggregate(rows, FORM, level="unit", period="month"), FORM, series="internal", name="一課")
    assert [(one.period, one.change) for one in steps] == [
        ("2026-01", None),
        ("2026-02", None),
        ("2026-03", Decimal("-5.5")),
    ]


def test_sub_units_can_be_averaged_first() -> None:
    rows = [row("一課"), row("一課"), row("一課"), row("二課", answers=best(**{"A3.1": False}))]
    figures = aggregate(rows, FORM, level="unit", period="year").values()
    mean = mean_of_means(one.total for one in figures)
    assert mean is not None
    assert (mean.value, mean.n) == (Decimal("98.5"), 2)
    assert mean_of_means([None]) is None


def test_periods_in_both_calendars() -> None:
    assert [period_of(date(2026, 12, 31), p) for p in ("month", "quarter", "half_year", "year")] == [
        "2026-12",
        "2026-Q4",
        "2026-H2",
        "2026",
    ]
    assert [roc_period(one) for one in ("2026-11", "2026-Q4", "2026-H1", "2026")] == [
        "115 年 11 月",
        "115 年第 4 季",
        "115 年上半年",
        "115 年",
    ]


def test_a_row_is_kept_as_small_json() -> None:
    for one in (row(), row(answers={}), row(unit_leg=leg(4, 10.0), extension="205", group="甲組")):
        told = json.dumps(row_to_dict(one), ensure_ascii=False)
        assert row_from_dict(json.loads(told)) == one
        assert len(told) < 1000


def test_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match=r"thirdring\.sheet/1"):
        row_of({"schema": "x"}, day=date(2026, 1, 1), unit="一課")


@given(st.fractions(0, 100))
def test_rounding_is_half_up_and_exact_where_it_can_be(value: Fraction) -> None:
    rounded = half_up(value, 1)
    assert abs(Fraction(rounded) - value) <= Fraction(1, 20)
    assert half_up(Fraction(8995, 100), 1) == Decimal("90.0")
    told = exact(value, 1)
    assert Fraction(told) == value or told == rounded


def many(n: int) -> Iterator[Row]:
    sample = [
        row(f"{k} 課", extension=str(k), answers=best(**{"B2.3": {"option": "1", "points": 8 + k % 3}}))
        for k in range(9)
    ]
    for k in range(n):
        one = sample[k % 9]
        yield one._replace(day=(date(2026, 1, 1) + timedelta(days=k % 365)).isoformat())


def test_a_years_hundred_thousand_sheets_are_quick_and_small() -> None:
    rows = list(many(10_000))
    tracemalloc.start()
    aggregate(rows, FORM, level="unit", period="year")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    begun = time.process_time()
    aggregate(rows, FORM, level="unit", period="year")
    assert time.process_time() - begun < 2.0  # a tenth of the year's, with room for a slow machine
    assert peak < 20_000_000


@pytest.mark.parametrize(
    ("written", "kind", "name", "first", "last"),
    [
        ("2026-11", "month", "2026-11", "2026-11-01", "2026-11-30"),
        ("115-2", "month", "2026-02", "2026-02-01", "2026-02-28"),
        ("115-q4", "quarter", "2026-Q4", "2026-10-01", "2026-12-31"),
        ("2026-H1", "half_year", "2026-H1", "2026-01-01", "2026-06-30"),
        ("115", "year", "2026", "2026-01-01", "2026-12-31"),
        ("2024-02", "month", "2024-02", "2024-02-01", "2024-02-29"),
    ],
)
def test_a_period_is_written_in_either_calendar(written: str, kind: Any, name: str, first: str, last: str) -> None:
    assert period_named(written, kind) == name
    assert days_of(name) == (date.fromisoformat(first), date.fromisoformat(last))
    assert period_of(date.fromisoformat(first) - timedelta(days=1), kind) == period_before(name)


@pytest.mark.parametrize(
    ("written", "kind"),
    [("2026-13", "month"), ("2026-Q5", "quarter"), ("2026-11", "quarter"), ("2026", "month"), ("-1", "year"),
     ("2026-H0", "half_year"), ("soon", "year"), ("0", "year"), ("20260", "year")],
)  # fmt: skip
def test_what_is_no_period_is_refused(written: str, kind: Any) -> None:
    with pytest.raises(ValueError, match=r"[0-9a-z-]"):
        period_named(written, kind)


@given(st.lists(st.tuples(st.integers(1, 12), st.sampled_from(["一課", "二課"]), st.integers(1, 9)), max_size=12))
def test_heaps_gathered_once_give_the_figures_of_every_level(calls: list[tuple[int, str, int]]) -> None:
    rows = [row(unit, day=date(2026, month, 3), unit_leg=leg(n, 3.0 * n - 1)) for month, unit, n in calls]
    for level in ("agency", "unit"):
        yearly = aggregate(rows, FORM, level=level, period="year")  # type: ignore[arg-type]
        monthly = aggregate(rows, FORM, level=level, period="month")  # type: ignore[arg-type]
        assert sum(one.calls for one in yearly.values()) == sum(one.calls for one in monthly.values()) == len(rows)
        for key, one in yearly.items():
            inside = [m for k, m in monthly.items() if k.name == key.name]
            assert one.total is not None
            exact = sum((m.total.exact * m.total.n for m in inside if m.total), Fraction(0)) / one.total.n
            assert one.total.exact == exact


def test_the_switchboard_can_count_once_by_weight() -> None:
    text = form_text("keelung-102").replace("small_n = 5", "small_n = 5\nweights = {A = 45, B = 55}", 1)
    form = read_form(text, file="x.toml")
    rows = [row(unit_leg=leg(4, 10.0)), row(answers=best(**{"A3.1": False}))]  # A 45, 42; B 53, 55
    told = next(iter(aggregate(rows, form, level="agency", period="year").values()))
    score = weighted(told, form)
    assert score is not None
    assert score.exact == Fraction(87, 2) + Fraction(108, 2)
    assert (score.value, score.n) == (Decimal("97.5"), 2)
    assert weighted(told, FORM) is None
    direct = row_of(to_dict(keelung(call(legs={"unit": leg(1, 1.0)}), {})), day=date(2026, 1, 5), unit="一課")
    assert weighted(next(iter(aggregate([direct], form, level="agency", period="year").values())), form) is None
    with pytest.raises(FormError):
        read_form(text.replace("{A = 45", "{Z = 45"), file="x.toml")
