"""The tables of a period that are not a series' own: calls, deficiencies, complaints, the allocation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from harness.documents.table import Table, Value
from harness.papers.gather import Gathered, Tested
from harness.papers.series_tables import LANG, heading
from harness.programme.follow_up import Deficiency
from harness.words import label, say
from rubric.periods import days_of, period_of, roc_day, roc_period


def calls_of(unit: str, known: Gathered) -> Table:
    """A unit's own calls, for its notice. The person only once nobody can object any more."""
    own = [one for one in known.tested if one.unit == unit]
    columns = ("when", "series", "outcome", "points", "person", "objection_until")
    return _table("calls", columns, (_call(one) for one in own))


def lost_of(unit: str, known: Gathered) -> Table:
    """What a unit's calls lost points for, each with the reason that its sheet gives."""
    rows = (
        (roc_minute(one.at), known.item_text(item["id"], one), f"{item['points']:g}／{item['max']:g}", item["why"])
        for one in known.tested
        if one.unit == unit
        for item in one.lost
    )
    return _table("own_lost", ("when", "item", "points", "why"), rows)


def improvements_of(known: Gathered, unit: str | None = None) -> Table:
    """Deficiencies whose time for objection is over, with what the unit explained."""
    listed = [one for one in known.named if unit in (None, one.unit)]
    columns = ("unit", "day", "points", "reason", "answer_due", "answer", "state")
    return _table("improvements", columns, (_deficiency(one, known) for one in listed))


def evidence(known: Gathered) -> Table:
    """The calls behind deficiencies, by which anybody can look them up."""
    calls = {one.call_id: one for one in known.tested}
    listed = [calls[one.call_id] for one in known.named]
    columns = ("unit", "call_id", "when", "person", "sha256")
    rows = ((known.title(one.unit), one.call_id, roc_minute(one.at), one.person, one.sha256[:16]) for one in listed)
    return _table("evidence", columns, rows)


def complaints(known: Gathered) -> Table:
    """Complaints by month; a month that nobody counted is not known, and no month at all is no table."""
    months = sorted({period_of(day, "month") for day in _firsts(known)})
    counted = known.settings.complaints
    known_rows = ((roc_period(one), counted.get(one)) for one in months) if counted.keys() & set(months) else ()
    return _table("complaints", ("period", "complaints"), known_rows)


def allocation(known: Gathered) -> Table:
    """電話禮貌測試分配表 of the months that are over."""
    rows: list[tuple[Value, ...]] = []
    for plan, states in known.plans:
        for test in plan.tests:
            state = states.get(test.id)
            due = datetime.fromisoformat(state["due_at"]) if state and state["due_at"] else test.at
            told = label(f"programme.state_{state['state']}", LANG) if state else None
            at = due.astimezone(known.agency.zone)
            rows.append((test.round, known.title(test.unit), test.tester or None, roc_minute(at), told))
    return _table("allocation", ("round", "unit", "tester", "when", "state"), rows)


def roc_minute(at: datetime) -> str:
    """115 年 11 月 3 日 10:05."""
    return f"{roc_day(at.date())} {at:%H:%M}"


def reasons_told(one: Deficiency, known: Gathered) -> str:
    """Why a result is deficient, in words."""
    call = next(tested for tested in known.tested if tested.call_id == one.call_id)
    below = say("report.below", LANG, points=f"{known.programme.improvement.below:g}")
    return "；".join(below if reason == "total" else known.item_text(reason, call) for reason in one.reasons)


def _call(one: Tested) -> tuple[Value, ...]:
    return (
        roc_minute(one.at),
        say(f"report.{one.series}", LANG),
        label(f"outcome.{one.outcome}", LANG),
        one.sheet["total"],
        one.person,
        say("report.settled", LANG) if one.settled else roc_day(one.objection_until),
    )


def _deficiency(one: Deficiency, known: Gathered) -> tuple[Value, ...]:
    state = label(f"programme.follow_{one.state}", LANG)
    return (
        known.title(one.unit),
        roc_day(one.day),
        one.total,
        reasons_told(one, known),
        roc_day(one.answer_due),
        one.answer,
        state,
    )


def _firsts(known: Gathered) -> Iterable[date]:
    day = known.span.first
    while day <= known.span.last:
        yield day
        day = date.fromordinal(days_of(period_of(day, "month"))[1].toordinal() + 1)


def _table(name: str, columns: tuple[str, ...], rows: Iterable[tuple[Value, ...]]) -> Table:
    headings = tuple(heading(one) for one in columns)
    return Table(id=name, title=say(f"report.table_{name}", LANG, series=""), headings=headings, rows=tuple(rows))
