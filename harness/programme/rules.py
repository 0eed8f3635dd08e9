"""The programme's rules, each met or not, and what would meet it: of a drawn month, and of the year up to its end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

from harness.agency import Agency
from harness.programme.follow_up import deficiencies
from harness.programme.inputs import Inputs
from harness.programme.month import inputs_of, kept_plan
from harness.programme.month_plan import PlannedTest
from harness.programme.past import Reckon
from harness.programme.round_months import has_rounds, next_with_rounds
from harness.programme.turns import months_left, tests_owed
from harness.programme.vacant import vacant_numbers
from harness.questions import fit_for, read_questions
from harness.scoring import usable_form
from harness.store import Store
from harness.store.plans import CALLED_OFF, DONE, DROPPED, UNKNOWN
from harness.unit_titles import titles_of
from harness.words import LANGUAGES, chosen, say
from rubric.periods import days_of, period_of, roc_period
from rubric.programme import DutyResult, TestCall, check_programme, periods_between
from rubric.schema import Form

NAMED = 12
"""So many units are named; of more the first, and how many."""
Words = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule, and whether it is met."""

    id: str
    """rounds, units_per_round, every_unit, retest, questions, own_unit, vacant, external; or the form's own duty."""
    source: str
    """Where it stands: programme.toml, or the form with its clause."""
    met: bool | None
    """None: its time is not over, or only a person can say."""
    what: Words
    """The rule and what was found, in both languages."""
    lacking: Words | None = None
    """What would meet it (「還差 2 個單位：…」); None: nothing is lacking."""

    def told(self) -> str:
        """The rule as lines for a person."""
        mark = {True: "[ ok ]", False: "[ !! ]", None: "[ -- ]"}[self.met]
        lines = [f"{mark} {chosen(self.what['zh'], self.what['en'])}（{self.source}）"]
        return "\n       ".join(lines + ([chosen(self.lacking["zh"], self.lacking["en"])] if self.lacking else []))

    def to_dict(self) -> dict[str, object]:
        """JSON form."""
        return {"id": self.id, "source": self.source, "met": self.met, "what": self.what, "lacking": self.lacking}


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What the rules are looked at with."""

    agency: Agency
    form: Form
    month: str
    store: Store
    inputs: Inputs
    """What the month is drawn from today."""
    planned: tuple[PlannedTest, ...]
    """The month's tests that were not dropped; those of an undrawn month: none."""
    tests: tuple[tuple[str, PlannedTest, str], ...]
    """Month, test and state of the year up to the month's end, those that were dropped or spoiled left out."""


def rules_of(agency: Agency, month: str, store: Store, *, reckon: Reckon = deficiencies) -> tuple[Rule, ...]:
    """Every rule of programme.toml for a month, and of the agency's form for the year up to the month's end."""
    tests = tuple(_year(month, store))
    known = _Known(
        agency=agency,
        form=usable_form(agency.settings.form, agency.folder),
        month=month,
        store=store,
        inputs=inputs_of(agency, month, store, reckon=reckon),
        planned=tuple(test for name, test, _ in tests if name == month),
        tests=tests,
    )
    return tuple(
        chain(
            _rounds(known), _coverage(known), _questions(known), _own_unit(known), _vacant(known), _of_the_form(known)
        )
    )


def _year(month: str, store: Store) -> Iterator[tuple[str, PlannedTest, str]]:
    for row in store.plans.months():
        if row["month"][:4] == month[:4] and row["month"] <= month:
            plan, _ = kept_plan(row["month"], store)
            states = {one["test_id"]: one["state"] for one in store.plans.tests(row["month"])}
            for test in plan.tests:
                if states.get(test.id) not in (CALLED_OFF, UNKNOWN, DROPPED):
                    yield row["month"], test, states.get(test.id, "")


def _rounds(known: _Known) -> Iterator[Rule]:
    """每月至少一次、每次至少五個單位, as programme.toml says them; a month that has no rounds by it lacks none."""
    settings = known.inputs.settings
    every = {lang: say(f"rules.each_{settings.rounds_every}", lang) for lang in LANGUAGES}
    if not has_rounds(settings, known.month):
        following = next_with_rounds(settings, known.month)
        what = _say("no_rounds", every=every, following={"zh": roc_period(following), "en": following})
        yield Rule(id="rounds", source="programme.toml", met=None, what=what)
        return
    units: dict[int, set[str]] = defaultdict(set)
    for test in known.planned:
        units[test.round].add(test.unit)
    lack = settings.rounds_per_month - len(units)
    what = _say("rounds", every=every, least=settings.rounds_per_month, found=len(units))
    yield _own("rounds", what, _say("lack_rounds", lack=lack) if lack > 0 else None)
    least = settings.units_per_round
    for number in range(1, settings.rounds_per_month + 1):
        lack = least - len(units[number])
        spare = [unit.unit for unit in known.agency.units if unit.unit not in units[number]]
        what = _say("units", round=number, least=least, found=len(units[number]))
        key = "lack_units" if spare else "lack_directory"
        more = _say(key, lack=lack, units=_named(spare, known)) if lack > 0 else None
        yield _own("units_per_round", what, more)


def _coverage(known: _Known) -> Iterator[Rule]:
    """Every unit's turn in the period, this month's tests included; and re-tests."""
    inputs = known.inputs
    planned = Counter(test.unit for test in known.planned)
    left = [unit for unit, owed in tests_owed(inputs).items() if owed > planned[unit]]
    cover = inputs.settings.every_unit
    period = period_of(days_of(known.month)[0], cover.every)
    told = {"zh": roc_period(period), "en": period}
    what = _say("every_unit", least=cover.at_least, period=told, found=len(inputs.units) - len(left))
    more = _say("lack_every_unit", lack=len(left), units=_named(left, known)) if left else None
    now = has_rounds(inputs.settings, known.month)
    yield _own("every_unit", what, more, later=months_left(inputs) > (1 if now else 0))
    again = [unit for unit in inputs.past.retests if not planned[unit]]
    what = _say("retest", found=len(inputs.past.retests) - len(again), of=len(inputs.past.retests))
    more = _say("lack_retest", lack=len(again), units=_named(again, known)) if again else None
    yield _own("retest", what, more, later=not now)


def _questions(known: _Known) -> Iterator[Rule]:
    """附表3 三: at least two questions a call that are still good on its day."""
    if known.form.accuracy is None:
        return
    least = known.form.accuracy.min_questions
    bank = read_questions(known.agency.folder, units=[unit.unit for unit in known.agency.units])
    short = {t.unit for t in known.planned if len(fit_for(t.unit, bank, today=t.at.date())) < least}
    units = [unit.unit for unit in known.agency.units if unit.unit in short]
    more = _say("lack_questions", lack=len(units), units=_named(units, known), least=least) if units else None
    yield _rule("questions", _source(known.form), _say("questions", least=least), more)


def _own_unit(known: _Known) -> Iterator[Rule]:
    settings = known.inputs.settings
    if settings.testers:
        of = {tester.name: tester.unit for tester in settings.testers}
        wrong = [test.unit for test in known.planned if test.tester and of.get(test.tester) == test.unit]
        nobody = [test.unit for test in known.planned if not test.tester]
        lack = wrong + nobody
        more = _say("lack_tester", lack=len(lack), units=_named(lack, known)) if lack else None
        yield _own("own_unit", _say("own_unit", found=len(known.planned) - len(lack)), more)


def _vacant(known: _Known) -> Iterator[Rule]:
    """Numbers that the month's calls found not to exist, until the directory is mended."""
    first, last = days_of(known.month)
    found = vacant_numbers(known.agency, known.store, first=first, last=last)
    titles = titles_of(known.agency.units)
    left = [f"{titles.get(one.unit, one.unit)} {one.dialled}" for one in found if not one.mended]
    more = _say("lack_vacant", lack=len(left), units=_named(left, known)) if left else None
    yield _rule("vacant", "units.csv", _say("vacant"), more)


def _of_the_form(known: _Known) -> Iterator[Rule]:
    """The conditions that the form's own plan makes, from January to the month's end."""
    programme = known.form.programme
    if programme is None:
        return
    first, last = date(int(known.month[:4]), 1, 1), days_of(known.month)[1]
    calls = list(_calls(known))
    units = [unit.unit for unit in known.agency.units]
    for duty in check_programme(programme, calls, first=first, last=last, units=units):
        if duty.id != "questions_at_least" and not (duty.id == "rounds" and not known.tests):
            yield _duty(duty, known, calls, first, last)
    if "external" in programme.series:
        found = sum(
            first <= known.agency.day_of(row["started_at"]) <= last
            for row in known.store.call_list.of_series("external", since=first)
        )
        more = None if found else _say("lack_external")
        yield _rule("external", _source(known.form), _say("external", found=found), more, later=last.month < 12)


def _calls(known: _Known) -> Iterator[TestCall]:
    settings = known.inputs.settings
    of = {tester.name: tester.unit for tester in settings.testers}
    made = _sheets_in(known) if any(state == DONE for _, _, state in known.tests) else {}
    for month, test, state in known.tests:
        own = of.get(test.tester, "")
        day = test.at.date()
        made_at = made.get((test.unit, str(day))) if state == DONE else None
        sheet_in = None if made_at is None else known.agency.day_of(made_at)
        yield TestCall(day, f"{month}-{test.round}", test.unit, own, sheet_in, tester=test.tester)


def _sheets_in(known: _Known) -> Mapping[tuple[str, str], str]:
    """When the sheet of a unit's test on a day was made."""
    rows = known.store.improvements.lean(f"{known.month[:4]}-01-01")
    return {(row["unit"], row["day"]): row["made_at"] for row in rows}


def _duty(duty: DutyResult, known: _Known, calls: Sequence[TestCall], first: date, last: date) -> Rule:
    """One of the form's conditions; a period that is still running is not yet broken."""
    source = _source(known.form, duty.clause)
    what = {lang: duty.what.say(lang) for lang in LANGUAGES}
    if duty.met is not False:
        return Rule(id=duty.id, source=source, met=duty.met, what=what)
    more, later = _say("lack_see"), False
    rounds = known.form.programme.rounds if known.form.programme else None
    if duty.id == "rounds" and rounds is not None:
        held: dict[str, set[str]] = defaultdict(set)
        for call in calls:
            held[period_of(call.day, rounds.every)].add(call.round)
        begun = min((call.day for call in calls), default=first)
        periods = periods_between(max(first, begun), last, rounds.every)
        short = {one: rounds.at_least - len(held[one]) for one in periods if len(held[one]) < rounds.at_least}
        told = {"zh": "、".join(map(roc_period, short)), "en": ", ".join(short)}
        more = _say("lack_rounds_in", lack=sum(short.values()), periods=told)
        later = bool(short) and all(days_of(one)[1] > last for one in short)
        if not short:  # before the first drawn month nobody tested with this program
            every = {lang: say(f"rules.each_{rounds.every}", lang) for lang in LANGUAGES}
            what = _say("rounds_since", every=every, least=rounds.at_least)
            return Rule(id=duty.id, source=source, met=True, what=what)
    return _rule(duty.id, source, what, more, later=later)


def _own(name: str, what: Words, lacking: Words | None, *, later: bool = False) -> Rule:
    return _rule(name, "programme.toml", what, lacking, later=later)


def _rule(name: str, source: str, what: Words, lacking: Words | None, *, later: bool = False) -> Rule:
    met = True if lacking is None else None if later else False
    return Rule(id=name, source=source, met=met, what=what, lacking=lacking)


def _source(form: Form, clause: str = "") -> str:
    return f"{form.id} {clause or form.source.clause}".strip()


def _named(units: Sequence[str], known: _Known) -> Words:
    titles = titles_of(known.agency.units)
    units = [titles.get(unit, unit) for unit in units]
    more = {"zh": f" …（{len(units)}）", "en": f" … ({len(units)})"}
    shown = {"zh": "、".join(units[:NAMED]), "en": ", ".join(units[:NAMED])}
    return {lang: (shown[lang] or "—") + (more[lang] if len(units) > NAMED else "") for lang in LANGUAGES}


def _say(key: str, **values: object) -> Words:
    return {lang: say(f"rules.{key}", lang, **values) for lang in LANGUAGES}
