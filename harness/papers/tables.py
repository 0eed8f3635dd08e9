"""The tables of a period that are not a series' own: calls, deficiencies, complaints, the allocation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from harness.documents.roc import short_day, short_minute, told_period
from harness.documents.table import Table, Value
from harness.papers.gather import Gathered, Tested
from harness.papers.held import told_until
from harness.papers.row_of_words import row_of
from harness.papers.series_tables import heading
from harness.programme.follow_up import Deficiency
from harness.programme.vacant import rows_of
from harness.words import label, say
from rubric.periods import days_of, period_of


def calls_of(unit: str, known: Gathered) -> Table:
    """A unit's own calls, for its notice: those whose results nobody can object to any more."""
    own = [one for one in known.tested if one.unit == unit and one.settled]
    columns = ("when", "series", "outcome", "points", "person")
    return _table("calls", columns, (_call(one, known.lang) for one in own), known.lang)


def awaiting_of(unit: str, known: Gathered) -> Table:
    """A unit's calls whose results may not be told yet: that they were made, and until when one may object."""
    own = [one for one in known.tested if one.unit == unit]
    rows = (
        (short_minute(one.at, known.lang), say(f"report.{one.series}", known.lang), told_until(one.held, known.lang))
        for one in own
        if one.held is not None
    )
    return _table("awaiting", ("when", "series", "objection_until"), rows, known.lang)


def lost_of(unit: str, known: Gathered) -> Table:
    """What a unit's calls lost points for, each with the reason that its sheet gives."""
    rows = (
        (short_minute(one.at, known.lang), known.item_text(item["id"], one), _of_most(item), _why(item, known.lang))
        for one in known.tested
        if one.unit == unit and one.settled
        for item in one.lost
    )
    return _table("own_lost", ("when", "item", "points", "why"), rows, known.lang)


def improvements_of(known: Gathered, unit: str | None = None) -> Table:
    """Deficiencies whose time for objection is over, with what the unit explained."""
    listed = [one for one in known.named if unit in (None, one.unit)]
    columns = ("unit", "day", "points", "reason", "answer_due", "answer", "state")
    return _table("improvements", columns, (_deficiency(one, known) for one in listed), known.lang)


def evidence(known: Gathered) -> Table:
    """The calls behind deficiencies, by which anybody can look them up."""
    calls = {one.call_id: one for one in known.tested}
    listed = [calls[one.call_id] for one in known.named]
    columns = ("unit", "call_id", "when", "person", "sha256")
    rows = (
        (known.title(one.unit), one.call_id, short_minute(one.at, known.lang), one.person, one.sha256[:16])
        for one in listed
    )
    return _table("evidence", columns, rows, known.lang)


def complaints(known: Gathered) -> Table:
    """Complaints by month; a month that nobody counted is not known, and no month at all is no table."""
    months = sorted({period_of(day, "month") for day in _firsts(known)})
    counted = known.settings.complaints
    known_rows = (
        ((told_period(one, known.lang), counted.get(one)) for one in months) if counted.keys() & set(months) else ()
    )
    return _table("complaints", ("period", "complaints"), known_rows, known.lang)


def vacant(known: Gathered) -> Table:
    """Numbers that do not exist any more and still stand in the directory, with what told so."""
    columns = ("unit", "number", "when", "evidence", "times")
    return _table("vacant", columns, rows_of(known.vacant, known.titles, known.lang), known.lang)


def allocation(known: Gathered) -> Table:
    """電話禮貌測試分配表 of the months that are over."""
    rows: list[tuple[Value, ...]] = []
    for plan, states in known.plans:
        for test in plan.tests:
            state = states.get(test.id)
            due = datetime.fromisoformat(state["due_at"]) if state and state["due_at"] else test.at
            told = label(f"programme.state_{state['state']}", known.lang) if state else None
            at = due.astimezone(known.agency.zone)
            rows.append((test.round, known.title(test.unit), test.tester or None, short_minute(at, known.lang), told))
    return _table("allocation", ("round", "unit", "tester", "when", "state"), rows, known.lang)


def reasons_told(one: Deficiency, known: Gathered) -> str:
    """Why a result is deficient, in words."""
    call = next(tested for tested in known.tested if tested.call_id == one.call_id)
    below = say("report.below", known.lang, points=f"{known.programme.improvement.below:g}")
    told = (below if reason == "total" else known.item_text(reason, call) for reason in one.reasons)
    return row_of(told, known.lang, "besides")


def _of_most(item: Mapping[str, Any]) -> str:
    return f"{item['points']:g}／{item['max']:g}"


def _why(item: Mapping[str, Any], lang: str) -> str:
    return str(item["why"] if lang == "zh" else item.get("why_en") or item["why"])


def _call(one: Tested, lang: str) -> tuple[Value, ...]:
    return (
        short_minute(one.at, lang),
        say(f"report.{one.series}", lang),
        label(f"outcome.{one.outcome}", lang),
        one.sheet["total"],
        one.person,
    )


def _deficiency(one: Deficiency, known: Gathered) -> tuple[Value, ...]:
    state = label(f"programme.follow_{one.state}", known.lang)
    return (
        known.title(one.unit),
        short_day(one.day, known.lang),
        one.total,
        reasons_told(one, known),
        short_day(one.answer_due, known.lang),
        one.answer,
        state,
    )


def _firsts(known: Gathered) -> Iterable[date]:
    day = known.span.first
    while day <= known.span.last:
        yield day
        day = date.fromordinal(days_of(period_of(day, "month"))[1].toordinal() + 1)


def _table(name: str, columns: tuple[str, ...], rows: Iterable[tuple[Value, ...]], lang: str) -> Table:
    headings = tuple(heading(one, lang) for one in columns)
    return Table(id=name, title=say(f"report.table_{name}", lang, series=""), headings=headings, rows=tuple(rows))
