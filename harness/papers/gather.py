"""Everything the papers of one period are made from, read from the database once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from harness.agency import Agency
from harness.complaints import counted
from harness.figures import Span, figures_of
from harness.papers.held import Held, held_back
from harness.papers.settings import PaperSettings, read_paper_settings
from harness.plot.vega import can_draw
from harness.programme.follow_up import Deficiency, deficiencies
from harness.programme.month import kept_plan
from harness.programme.month_plan import MonthPlan
from harness.programme.settings import ProgrammeSettings, read_programme
from harness.programme.vacant import Vacant, vacant_numbers
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
    held: Held | None = None
    """Why nothing may be said of its result yet; None: nobody can object any more, and nobody does."""

    @property
    def settled(self) -> bool:
        """Whether its result may go into a paper."""
        return self.held is None

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
    lang: str = "zh"
    """Their language; the items keep the form's own wording."""
    settings: PaperSettings
    """papers.toml."""
    programme: ProgrammeSettings
    """programme.toml."""
    figures: Mapping[str, Any]
    """`thirdring figures` of the period, without the calls that are held back."""
    tested: tuple[Tested, ...]
    """The calls that count, in order of time, those that are held back among them."""
    deficient: tuple[Deficiency, ...]
    """What is to be improved, oldest first."""
    vacant: tuple[Vacant, ...]
    """Numbers that the period's calls found not to exist."""
    plans: tuple[tuple[MonthPlan, Mapping[str, Mapping[str, Any]]], ...]
    """The drawn months of the period that are over, and each test as it stands, by its id."""
    held_before: int = 0
    """Calls of the months before, which its trend looks back on, that are held back too."""
    chain: str = ""
    """The newest entry of the chain of evidence, `number:hash`: who has the paper can hold the database against it."""

    @property
    def with_charts(self) -> bool:
        """Whether its papers have charts: a month is too short for any, and drawing is an extra."""
        return self.span.kind != "month" and can_draw()

    @property
    def over(self) -> bool:
        """Whether the period has ended."""
        return self.today > self.span.last

    @property
    def unsettled(self) -> tuple[Tested, ...]:
        """Calls whose person may still object, or does."""
        return tuple(one for one in self.tested if not one.settled)

    @property
    def held(self) -> tuple[Held, ...]:
        """The same, and until when each is held back."""
        return tuple(one.held for one in self.tested if one.held)

    @property
    def calls(self) -> int:
        """Calls that there is anything to write of: those in the figures, and those that are held back."""
        return int(self.figures["calls"]) + len(self.unsettled)

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


def gather(
    span: Span, *, agency: Agency, store: Store, today: date, lang: str = "zh", without: Collection[str] = ()
) -> Gathered:
    """Read a period, `without` calls whose results must not be known yet.

    Raises AgencyError where programme.toml or papers.toml is wrong.
    """
    programme = read_programme(agency.folder)
    rules = programme.improvement
    told: dict[str, Any] = {"agency": agency, "store": store, "today": today}
    held = held_back(span.since, objection_days=rules.objection_days, **told)
    found = deficiencies(agency, store, rules, today=today, since=span.first, unheard=held)
    return Gathered(
        agency=agency,
        span=span,
        today=today,
        lang=lang,
        settings=_counted(read_paper_settings(agency.folder), span, store),
        programme=programme,
        figures=figures_of(span, agency=agency, store=store, without={*without, *held}),
        tested=tuple(one for one in _tested(span, agency, store, held) if one.call_id not in without),
        held_before=sum(one.day < span.first for one in held.values()),
        deficient=tuple(one for one in found if one.day <= span.last and one.call_id not in without),
        vacant=vacant_numbers(agency, store, first=span.first, last=span.last),
        plans=_plans(span, store, today),
        chain=_chain(store),
    )


def of_figures(figures: Mapping[str, Any], span: Span, *, agency: Agency, today: date, lang: str) -> Gathered:
    """What the series' own tables and charts are made from: figures that are there already, and no call."""
    nothing: dict[str, Any] = dict.fromkeys(("tested", "deficient", "vacant", "plans"), ())
    settings: dict[str, Any] = {
        "settings": read_paper_settings(agency.folder),
        "programme": read_programme(agency.folder),
    }
    return Gathered(agency=agency, span=span, today=today, lang=lang, figures=figures, **settings, **nothing)


def _chain(store: Store) -> str:
    head = store.evidence.head()
    return "" if head is None else head.printed


def _counted(settings: PaperSettings, span: Span, store: Store) -> PaperSettings:
    """Complaints as they were typed in; they beat the months that papers.toml names."""
    typed = counted(store, f"{span.first:%Y-%m}", f"{span.last:%Y-%m}")
    return settings.model_copy(update={"complaints": settings.complaints | typed})


def _tested(span: Span, agency: Agency, store: Store, held: Mapping[str, Held]) -> tuple[Tested, ...]:
    calls = {row["call_id"]: row for row in store.list_calls(limit=2**62)}
    listed = []
    for row in store.improvements.results(str(span.first)):
        if row["void"] or row["day"] > str(span.last):
            continue
        call = calls[row["call_id"]]
        told: dict[str, Any] = {name: call[name] for name in ("call_id", "unit", "series", "outcome")}
        at = datetime.fromisoformat(call["started_at"]).astimezone(agency.zone)
        told |= {"sha256": call["recording_sha256"] or "", "held": held.get(row["call_id"])}
        listed.append(Tested(**told, at=at, sheet=row["sheet"]))
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
