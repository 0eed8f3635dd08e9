"""What the testing as a whole must satisfy: rounds in time, units in each, everyone covered, nobody his own judge."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from rubric.periods import Period, period_of
from rubric.schema import Often, Programme
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
    extension: str = ""
    """The extension tested."""
    tester: str = ""
    """Who tested."""

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
    extensions: Collection[str] = (),
    roster: Mapping[str, Collection[str]] | None = None,
    done: Mapping[str, bool] | None = None,
) -> tuple[DutyResult, ...]:
    """Every condition of the programme for the days from `first` to `last`.

    `units` and `extensions` are those to be covered; `roster` says by period ("2026-11") which testers are on duty;
    `done` says by id which duties that a machine cannot see were fulfilled.
    """
    made = [call for call in calls if first <= call.day <= last]
    found = [
        *_rounds(programme, made, first, last),
        *_units(programme, made),
        *_cover("every_unit", programme.every_unit, [(one.day, one.unit) for one in made], first, last, units),
    ]
    tested = [(one.day, one.extension) for one in made]
    found += _cover("every_extension", programme.every_extension, tested, first, last, extensions)
    found += _roster(programme, made, first, last, roster)
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
    duty: str, rule: Often | None, made: list[tuple[date, str]], first: date, last: date, all_of_them: Collection[str]
) -> Iterator[DutyResult]:
    if rule is None:
        return
    tested = Counter((period_of(day, rule.every), name) for day, name in made)
    periods = periods_between(first, last, rule.every)
    short = [f"{name} {one}" for one in periods for name in all_of_them if tested[one, name] < rule.at_least]
    what = phrase(f"duty.{duty}", least=rule.at_least, short=tuple(short) or "—")
    yield DutyResult(duty, not short, what, rule.clause)


def _roster(
    programme: Programme,
    made: list[TestCall],
    first: date,
    last: date,
    roster: Mapping[str, Collection[str]] | None,
) -> Iterator[DutyResult]:
    """「輪值」: as many on duty as the rule says, nobody else tests, and every tester's turn comes."""
    rule = programme.roster
    if rule is None:
        return
    if roster is None:  # the list is the agency's: without it nobody can tell
        yield DutyResult("roster", None, phrase("duty.roster", on_duty=rule.on_duty, wrong="—"), rule.clause)
        return
    periods = periods_between(first, last, rule.every)
    wrong = [one for one in periods if len(set(roster.get(one, ()))) != rule.on_duty]
    for call in made:
        period = period_of(call.day, rule.every)
        if call.tester not in roster.get(period, ()):
            wrong.append(f"{call.tester or '—'} {period}")
    turns = {tester for one in periods for tester in roster.get(one, ())}
    everybody = rule.testers is None or len(periods) * rule.on_duty < rule.testers or len(turns) >= rule.testers
    wrong += [] if everybody else [f"{len(turns)} < {rule.testers}"]
    what = phrase("duty.roster", on_duty=rule.on_duty, wrong=tuple(dict.fromkeys(wrong)) or "—")
    yield DutyResult("roster", not wrong, what, rule.clause)


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
