"""Everything the papers of one period are made from, read from the database once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from harness.agency import Agency
from harness.figures import Span, figures_of
from harness.papers.settings import PaperSettings, read_paper_settings
from harness.programme.follow_up import Deficiency, deficiencies
from harness.programme.month import kept_plan
from harness.programme.month_plan import MonthPlan
from harness.programme.settings import ProgrammeSettings, read_programme
from harness.rounds import is_pending
from harness.store import Store
from rubric.periods import period_of


@dataclass(frozen=True, kw_only=True)
class Tested:
    """One call of the period that counts."""

    call_id: str
    """The call."""
    unit: str
    """Its unit's id."""
    at: datetime
    """When, where the agency is."""
    series: str
    """internal or external."""
    outcome: str
    """answered, no_answer, busy …"""
    sha256: str
    """Hash of its recording; empty: none is kept."""
    sheet: Mapping[str, Any]
    """The sheet that counts."""
    objection_until: date
    """Last day on which the person tested may object."""
    settled: bool
    """That day has passed and nobody objects: only then may a person be named."""

    @property
    def lost(self) -> list[Mapping[str, Any]]:
        """The items that lost points."""
        scored = (one for one in self.sheet["items"] if one["points"] is not None)
        return [one for one in scored if float(one["points"]) < float(one["max"])]

    @property
    def person(self) -> str | None:
        """The surname heard, once it may be written."""
        return (self.sheet.get("header", {}).get("answerer_surname") or None) if self.settled else None


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What is known of a period."""

    agency: Agency
    """The agency."""
    span: Span
    """The period."""
    today: date
    """The day on which the papers are made."""
    settings: PaperSettings
    """papers.toml."""
    programme: ProgrammeSettings
    """programme.toml."""
    figures: Mapping[str, Any]
    """`thirdring figures` of the period."""
    tested: tuple[Tested, ...]
    """The calls that count, in order of time."""
    deficient: tuple[Deficiency, ...]
    """What is to be improved, oldest first."""
    plans: tuple[tuple[MonthPlan, Mapping[str, Mapping[str, Any]]], ...]
    """The drawn months of the period that are over, and each test as it stands, by its id."""

    @property
    def over(self) -> bool:
        """Whether the period has ended."""
        return self.today > self.span.last

    @property
    def unsettled(self) -> tuple[Tested, ...]:
        """Calls whose person may still object, or does."""
        return tuple(one for one in self.tested if not one.settled)

    @property
    def named(self) -> tuple[Deficiency, ...]:
        """Deficiencies that may be written of."""
        settled = {one.call_id for one in self.tested if one.settled}
        return tuple(one for one in self.deficient if one.call_id in settled)

    @cached_property
    def _items(self) -> dict[tuple[str, str], Mapping[str, str]]:
        """Items' wording by form and version: two forms may call different items alike."""
        return {(block["form"], block["version"]): block["items"] for block in self.figures["forms"]}

    def item_text(self, item: str, call: Tested) -> str:
        """An item's wording in the form that a call was scored by."""
        return self._items.get((call.sheet["form"], call.sheet["form_version"]), {}).get(item) or item

    @cached_property
    def titles(self) -> dict[str, str]:
        """Units' names by their ids."""
        return {one.unit: one.name or one.unit for one in self.agency.units}

    def title(self, unit: str) -> str:
        """A unit's name; one that has left the directory keeps its id."""
        return self.titles.get(unit, unit)


def gather(span: Span, *, agency: Agency, store: Store, today: date) -> Gathered:
    """Read a period. Raises AgencyError where programme.toml or papers.toml is wrong."""
    programme = read_programme(agency.folder)
    rules = programme.improvement
    found = deficiencies(agency, store, rules, today=today, since=span.first)
    return Gathered(
        agency=agency,
        span=span,
        today=today,
        settings=read_paper_settings(agency.folder),
        programme=programme,
        figures=figures_of(span, agency=agency, store=store),
        tested=_tested(span, agency, store, rules.objection_days, today),
        deficient=tuple(one for one in found if one.day <= span.last),
        plans=_plans(span, store, today),
    )


def _tested(span: Span, agency: Agency, store: Store, objection_days: int, today: date) -> tuple[Tested, ...]:
    calls = {row["call_id"]: row for row in store.list_calls(limit=2**62)}
    listed = []
    for row in store.improvements.results(str(span.first)):
        if row["void"] or row["day"] > str(span.last):
            continue
        call = calls[row["call_id"]]
        until = agency.day_of(row["made_at"]) + timedelta(days=objection_days)
        told = {name: call[name] for name in ("call_id", "unit", "series", "outcome")}
        at = datetime.fromisoformat(call["started_at"]).astimezone(agency.zone)
        settled = today > until and not is_pending(row["call_id"], store)
        told["sha256"] = call["recording_sha256"] or ""
        listed.append(Tested(**told, at=at, sheet=row["sheet"], objection_until=until, settled=settled))
    return tuple(sorted(listed, key=lambda one: (one.at, one.call_id)))


def _plans(span: Span, store: Store, today: date) -> tuple[tuple[MonthPlan, dict[str, Any]], ...]:
    """A month that is not over stays sealed: who is tested when would be known before."""
    first, last = f"{span.first:%Y-%m}", min(f"{span.last:%Y-%m}", period_of(today, "month"))
    months = [row["month"] for row in store.plans.months() if first <= row["month"] <= last]
    over = [month for month in months if month < period_of(today, "month")]
    return tuple(_plan(month, store) for month in over)


def _plan(month: str, store: Store) -> tuple[MonthPlan, dict[str, Any]]:
    plan, _ = kept_plan(month, store)
    return plan, {row["test_id"]: row for row in store.plans.tests(month)}
