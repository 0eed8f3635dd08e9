"""What the testing as a whole must satisfy: rounds in time, units in each, everyone covered, nobody his own judge."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from rubric.periods import Period, period_of
from rubric.schema import Programme
from rubric.words import Phrase, phrase


@dataclass(frozen=True, slots=True)
class TestCall:
    """One call of the programme."""

    day: date
    """When it was made."""
    round: str
    """The round it belongs to."""
    unit: str
    """The unit tested."""
    tester_unit: str
    """The unit its tester comes from; empty for another agency's."""
    sheet_in: date | None = None
    """When its sheet was handed in."""
    questions: int = 0
    """Questions asked."""

    __test__ = False  # a name pytest would otherwise collect


@dataclass(frozen=True, slots=True)
class DutyResult:
    """One condition and whether it is met."""

    id: str
    """The condition."""
    met: bool | None
    """`None`: only a person can say."""
    what: Phrase
    """What was found."""
    clause: str = ""
    """Where the rule stands."""


def check_programme(
    programme: Programme,
    calls: Iterable[TestCall],
    *,
    first: date,
    last: date,
    units: Collection[str] = (),
    done: Mapping[str, bool] | None = None,
) -> tuple[DutyResult, ...]:
    """Every condition of the programme for the days from `first` to `last`.

    `units` are those to be covered; `done` says by id which duties that a machine cannot see were fulfilled.
    """
    made = [call for call in calls if first <= call.day <= last]
    found = [
        *_rounds(programme, made, first, last),
        *_units(programme, made),
        *_cover(programme, made, first, last, units),
    ]
    found += [*_own(programme, made), *_due(programme, made), *_questions(programme, made)]
    told = done or {}
    for duty in programme.duties:
        found.append(DutyResult(duty.id, told.get(duty.id), phrase("duty.other", text=duty.text), duty.clause))
    return tuple(found)


def periods_between(first: date, last: date, period: Period) -> tuple[str, ...]:
    """Every period that begins or lies between two days, in order."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(dict.fromkeys(period_of(day, period) for day in days))


def _rounds(programme: Programme, made: list[TestCall], first: date, last: date) -> Iterator[DutyResult]:
    rule = programme.rounds
    if rule is None:
        return
    rounds: dict[str, set[str]] = defaultdict(set)
    for call in made:
        rounds[period_of(call.day, rule.every)].add(call.round)
    short = [one for one in periods_between(first, last, rule.every) if len(rounds[one]) < rule.at_least]
    what = phrase("duty.rounds", least=rule.at_least, short=tuple(short) or "—")
    yield DutyResult("rounds", not short, what, rule.clause)


def _units(programme: Programme, made: list[TestCall]) -> Iterator[DutyResult]:
    rule = programme.units_per_round
    if rule is None:
        return
    units: dict[str, set[str]] = defaultdict(set)
    for call in made:
        units[call.round].add(call.unit)
    short = sorted(one for one, tested in units.items() if len(tested) < rule.at_least)
    what = phrase("duty.units", least=rule.at_least, short=tuple(short) or "—")
    yield DutyResult("units_per_round", not short, what, rule.clause)


def _cover(
    programme: Programme, made: list[TestCall], first: date, last: date, units: Collection[str]
) -> Iterator[DutyResult]:
    rule = programme.every_unit
    if rule is None:
        return
    tested = Counter((period_of(call.day, rule.every), call.unit) for call in made)
    periods = periods_between(first, last, rule.every)
    short = [f"{unit} {one}" for one in periods for unit in units if tested[one, unit] < rule.at_least]
    what = phrase("duty.cover", least=rule.at_least, short=tuple(short) or "—")
    yield DutyResult("every_unit", not short, what, rule.clause)


def _own(programme: Programme, made: list[TestCall]) -> Iterator[DutyResult]:
    if programme.tester_not_own_unit:
        own = sorted({call.unit for call in made if call.tester_unit == call.unit})
        yield DutyResult("tester_not_own_unit", not own, phrase("duty.own", units=tuple(own) or "—"))


def _due(programme: Programme, made: list[TestCall]) -> Iterator[DutyResult]:
    """「次月 3 日前」: a sheet is due by that day of the month after the call."""
    day = programme.due_day_next_month
    if day is None:
        return
    late = sorted({call.unit for call in made if call.sheet_in is None or call.sheet_in > due_on(call.day, day)})
    yield DutyResult("due_day_next_month", not late, phrase("duty.due", day=day, units=tuple(late) or "—"))


def due_on(call_day: date, day: int) -> date:
    """The day a sheet of `call_day` is due: `day` of the next month."""
    return date(call_day.year + call_day.month // 12, call_day.month % 12 + 1, day)


def _questions(programme: Programme, made: list[TestCall]) -> Iterator[DutyResult]:
    least = programme.questions_at_least
    if least is not None:
        short = sum(call.questions < least for call in made)
        yield DutyResult("questions_at_least", not short, phrase("duty.questions", least=least, short=short))
