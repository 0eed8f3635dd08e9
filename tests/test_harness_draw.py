"""A drawn month breaks no rule of its programme, can be drawn again, and cannot be changed unseen."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from harness.directory import Unit
from harness.hours import read_hours
from harness.programme import settings as settings_file
from harness.programme.draw import draw_month
from harness.programme.inputs import Inputs, Past
from harness.programme.lot import fraction, weighted_order
from harness.programme.month_plan import MonthPlan, PlannedTest, plan_from_dict
from harness.programme.round_months import has_rounds, rounds_in
from harness.programme.seal import new_seed, seal_of
from harness.programme.settings import Cover, ProgrammeSettings
from harness.programme.times import first_attempt_minutes
from harness.programme.workdays import Workdays
from harness.programme.written import inputs_from, written
from rubric.periods import Period, days_of, period_of

TAIPEI = ZoneInfo("Asia/Taipei")
HOURS = ("", "08:00-12:00 13:00-17:00", "09:00-11:30", "08:30-17:30", "07:30-12:30 13:30-16:30 17:00-20:00")
MONTHS = 10_000 if os.environ.get("CI") == "true" else 400


def made_inputs(rng: random.Random, month: str = "", *, seldom: bool = False) -> Inputs:
    """Some agency with some programme and some past; `seldom`: not every month need have rounds."""
    count = rng.randint(1, 40)
    units = tuple(
        Unit(unit=f"u{n}", extension=str(2000 + n), kind=rng.choice(["first", "second", ""]), hours=rng.choice(HOURS))
        for n in range(count)
    )
    month = month or f"{rng.randint(2024, 2027)}-{rng.randint(1, 12):02d}"
    first, _ = days_of(month)
    earlier = {
        unit.unit: [first - timedelta(days=rng.randint(1, 90)) for _ in range(rng.randint(0, 2))] for unit in units
    }
    settings = ProgrammeSettings(
        rounds_per_month=rng.randint(1, 4),
        units_per_round=rng.randint(1, 12),
        every_unit=Cover(at_least=rng.randint(1, 2), every=rng.choice(["month", "quarter", "half_year"])),
        days_between_calls=rng.randint(0, 15),
        margin_min=rng.choice([0, 15, 30]),
        testers=tuple(
            settings_file.Tester(
                name=f"t{n}",
                unit=f"u{rng.randint(0, count)}",
                absent=tuple(first + timedelta(days=day) for day in range(rng.randint(0, 3) * 10)),
            )
            for n in range(rng.randint(0, 6))
        ),
    )
    retests = {unit.unit: first + timedelta(days=rng.randint(-20, 20)) for unit in units if rng.random() < 0.1}
    typhoon = frozenset({first + timedelta(days=rng.randint(0, 27))})
    inputs = Inputs(
        month=month,
        units=units,
        settings=settings,
        workdays=Workdays(not_tested=typhoon),
        zone=TAIPEI,
        hours_of=lambda unit: read_hours(unit.hours or "09:00-11:30 13:30-16:30"),
        number_of=lambda unit: unit.extension,
        per_day=rng.randint(1, 10),
        past=Past(
            tested=earlier,
            called={f"{2000 + n}": earlier[f"u{n}"] for n in range(count)},
            burden={f"t{n}": rng.randint(0, 4) for n in range(6)},
            retests=retests,
        ),
    )
    if not seldom or rng.random() < 0.6:
        return inputs
    every: Period = rng.choice(["quarter", "half_year", "year"])
    rounds = {"rounds_every": every, "round_month": rng.randint(1, settings_file.MONTHS[every])}
    return replace(inputs, settings=settings.model_copy(update=rounds))


def broken_rules(inputs: Inputs, tests: tuple[PlannedTest, ...]) -> list[str]:
    """What a drawn month does wrong, looked at by other means than the draw's."""
    units, settings, broken = {unit.unit: unit for unit in inputs.units}, inputs.settings, []
    called = {number: list(days) for number, days in inputs.past.called.items()}
    for test in tests:
        unit, minute = units[test.unit], test.at.hour * 60 + test.at.minute
        spans = read_hours(unit.hours or "09:00-11:30 13:30-16:30").spans
        inside = [(start, end) for start, end in spans if start <= minute < end]
        broken += [] if inside else [f"{test.id}: outside its hours"]
        broken += [
            f"{test.id}: near the end" for _, end in inside if end - minute < settings.margin_min and end != 1440
        ]
        later = [start for start, _ in spans[1:]]
        broken += [f"{test.id}: just after lunch" for s in later if 0 <= minute - s < settings.margin_min]
        broken += [] if inputs.workdays.is_tested(test.at.date()) else [f"{test.id}: not a day of testing"]
        broken += [] if test.at.strftime("%Y-%m") == inputs.month else [f"{test.id}: another month"]
        near = [
            day
            for day in called.get(unit.extension, ())
            if abs(day - test.at.date()).days < settings.days_between_calls
        ]
        same = test.at.date() in called.get(unit.extension, ())
        broken += [f"{test.id}: number not rested"] if near or same else []
        called.setdefault(unit.extension, []).append(test.at.date())
        own = [t.unit for t in settings.testers if t.name == test.tester]
        broken += [f"{test.id}: tester's own unit"] if test.unit in own else []
    per_day = Counter(test.at.date() for test in tests)
    broken += [f"{day}: too many" for day, count in per_day.items() if count > inputs.per_day]
    twice = Counter((test.round, test.unit) for test in tests)
    return broken + [f"{key}: twice in a round" for key, count in twice.items() if count > 1]


def unfair(inputs: Inputs, tests: tuple[PlannedTest, ...]) -> list[str]:
    """Tests without a tester though there is one, and testers who could be relieved by somebody with two fewer.

    Whoever can reach somebody with two fewer over tests that can be passed on; looked at by a fixed point, not a path.
    """
    fit = {
        test.id: {t.name for t in inputs.settings.testers if t.unit != test.unit and test.at.date() not in t.absent}
        for test in tests
    }
    found = [f"{test.id}: nobody" for test in tests if bool(fit[test.id]) != bool(test.tester)]
    burden = Counter({t.name: inputs.past.burden[t.name] for t in inputs.settings.testers})
    burden.update(test.tester for test in tests if test.tester)
    for tester in burden:
        reached, before = {tester}, set[str]()
        while reached != before:
            before = set(reached)
            reached |= {name for test in tests if test.tester in before for name in fit[test.id]}
        had_one = any(test.tester == tester for test in tests)
        if had_one and min(burden[name] for name in reached) <= burden[tester] - 2:
            found.append(f"{tester} could be relieved")
    return found


def unmet_without_cause(inputs: Inputs, tests: tuple[PlannedTest, ...], said: set[str]) -> list[str]:
    """What the programme asks for, was not drawn, and was not said either."""
    settings, missing = inputs.settings, []
    rounds = rounds_in(settings, inputs.month)
    for number in range(1, rounds + 1):
        if len({t.unit for t in tests if t.round == number}) < settings.units_per_round:
            missing += [] if "units_per_round" in said else [f"round {number} is short and nobody says so"]
    first, last = days_of(inputs.month)
    period = period_of(first, settings.every_unit.every)
    for name in inputs.past.retests if rounds else ():
        if not any(test.unit == name and test.retest for test in tests) and not said & {"retest", "no_window"}:
            missing.append(f"{name} waits for a re-test and nobody says so")
    if days_of(period)[1] == last:
        for unit in inputs.units:
            done = sum(period_of(day, settings.every_unit.every) == period for day in inputs.past.tested[unit.unit])
            done += sum(test.unit == unit.unit for test in tests)
            if done < settings.every_unit.at_least and "every_unit" not in said:
                missing.append(f"{unit.unit} is left out of {period} and nobody says so")
    return missing


@pytest.mark.parametrize("start", range(0, MONTHS, 400))
def test_no_drawn_month_breaks_a_rule(start: int) -> None:
    for seed in range(start, start + 400):
        inputs = made_inputs(random.Random(seed), seldom=True)
        tests, unmet = draw_month(inputs, seed=f"{seed}")
        assert broken_rules(inputs, tests) == []
        assert unfair(inputs, tests) == []
        assert inputs_from(json.loads(json.dumps(written(inputs)))).past == inputs.past
        assert unmet_without_cause(inputs, tests, {one.rule for one in unmet}) == []
        assert bool(tests) <= has_rounds(inputs.settings, inputs.month)


def test_a_month_is_drawn_again_from_what_was_kept_with_it() -> None:
    for seed in range(20):
        inputs = made_inputs(random.Random(seed))
        kept = json.loads(json.dumps(written(inputs)))
        assert draw_month(inputs_from(kept), seed="s") == draw_month(inputs, seed="s")


def test_a_re_test_comes_in_the_next_round_and_after_its_answer_is_due() -> None:
    inputs = replace(made_inputs(random.Random(6), month="2026-11"), per_day=50)
    settings = inputs.settings.model_copy(update={"rounds_per_month": 1, "days_between_calls": 1})
    due = date(2026, 11, 12)
    past = Past(tested={unit.unit: [date(2026, 10, 20)] for unit in inputs.units}, retests={"u3": due})
    for seed in range(30):
        tests, _ = draw_month(replace(inputs, settings=settings, past=past), seed=f"{seed}")
        (again,) = [test for test in tests if test.retest]
        assert (again.unit, again.round) == ("u3", 1)
        assert again.at.date() > due


def test_the_same_seed_draws_the_same_month_and_another_seed_another() -> None:
    inputs = made_inputs(random.Random(5))
    assert draw_month(inputs, seed="a") == draw_month(inputs, seed="a")
    assert draw_month(inputs, seed="a") != draw_month(inputs, seed="b")


def test_a_unit_more_in_the_directory_moves_nobody_elses_minute() -> None:
    inputs = replace(made_inputs(random.Random(6), month="2026-11"), per_day=50, past=Past())
    changes = {"units_per_round": 500, "rounds_per_month": 1, "testers": ()}
    inputs = replace(inputs, settings=inputs.settings.model_copy(update=changes))
    more = replace(inputs, units=(*inputs.units, Unit(unit="new", extension="2999")))
    before, after = (draw_month(one, seed="s")[0] for one in (inputs, more))
    assert {t for t in after if t.unit != "new"} == set(before)


def test_first_line_units_are_drawn_sooner() -> None:
    units = [(f"f{n}", 2.0) for n in range(10)] + [(f"s{n}", 1.0) for n in range(10)]
    firsts = Counter(weighted_order(units, "seed", n)[0][0] for n in range(3000))
    assert firsts["f"] / firsts["s"] == pytest.approx(2.0, rel=0.12)


def test_lots_are_even() -> None:
    drawn = [fraction("seed", n) for n in range(20_000)]
    shares = Counter(int(one * 10) for one in drawn)
    assert all(0 < one < 1 for one in drawn)
    assert max(shares.values()) - min(shares.values()) < 250  # six deviations


def test_every_minute_that_is_allowed_comes_up() -> None:
    minutes = first_attempt_minutes(read_hours("09:00-11:30 13:30-16:30"), 15)
    assert (minutes[0], minutes[-1]) == (9 * 60, 16 * 60 + 14)
    assert 11 * 60 + 14 in minutes
    assert not {11 * 60 + 15, 13 * 60 + 30, 13 * 60 + 44} & set(minutes)


def test_testers_share_the_tests_evenly() -> None:
    inputs = replace(made_inputs(random.Random(8), month="2026-11"), per_day=50, past=Past())
    testers = tuple(settings_file.Tester(name=f"t{n}", unit=f"u{n}") for n in range(4))
    changes = {"testers": testers, "units_per_round": 20, "rounds_per_month": 2, "days_between_calls": 1}
    inputs = replace(inputs, settings=inputs.settings.model_copy(update=changes))
    tests, _ = draw_month(inputs, seed="fair")
    shares = Counter(test.tester for test in tests)
    assert len(shares) == 4
    assert max(shares.values()) - min(shares.values()) <= 1


def test_the_seal_is_of_the_whole_plan_and_survives_json() -> None:
    inputs = made_inputs(random.Random(9), month="2026-12")
    seed = new_seed()
    tests, unmet = draw_month(inputs, seed=seed)
    drawn_at = datetime(2026, 11, 25, 1, tzinfo=UTC)
    plan = MonthPlan(month="2026-12", seed=seed, drawn_at=drawn_at, inputs="0" * 64, tests=tests, unmet=unmet)
    assert seal_of(plan_from_dict(plan.to_dict())) == seal_of(plan)
    moved = replace(tests[0], at=tests[0].at + timedelta(minutes=1))
    assert seal_of(replace(plan, tests=(moved, *tests[1:]))) != seal_of(plan)
    assert seal_of(replace(plan, seed=new_seed())) != seal_of(plan)


def test_a_month_without_a_day_of_testing_says_so() -> None:
    inputs = made_inputs(random.Random(10), month="2026-12")
    first, last = days_of("2026-12")
    never = frozenset(first + timedelta(days=n) for n in range((last - first).days + 1))
    tests, unmet = draw_month(replace(inputs, workdays=Workdays(not_tested=never)), seed="x")
    assert tests == ()
    assert {one.rule for one in unmet} >= {"no_window", "units_per_round"}
    assert date(2026, 12, 1) in never
