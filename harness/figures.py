"""A period's figures, from the rows in the database: calls to units to the agency, each mean with its n."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from harness.agency import Agency
from harness.errors import NotFound, WrongInput
from harness.figures_json import moved, plain, ranked, told, warnings
from harness.kept_sheet import figures_row
from harness.rescoring import shelf_of
from harness.scoring import find_form, kept_form
from harness.store import Store
from harness.store.rows import RESULT
from rubric.aggregate import Figures, Key, Level, figures
from rubric.heaps import Heaps, heaps_of
from rubric.periods import Period, days_of, period_before, period_named, roc_period
from rubric.ranking import mean_of_means, measure_of, ranking, trend, weighted
from rubric.schema import Form
from rubric.sheet import json_number

SERIES = ("internal", "external")
LEVELS: tuple[Level, ...] = ("group", "unit", "extension", "person")
MONTHS_BEFORE = 11
"""A month's trend shows the year up to it; a longer period's, its own months."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """A period and what its figures look back on."""

    kind: Period
    """month, quarter, half_year or year."""
    name: str
    """2026-11, 2026-Q4, 2026-H2, 2026."""
    first: date
    """Its first day."""
    last: date
    """Its last day."""
    before: str
    """The period before it."""
    since: date
    """The first day that its trend or the period before it needs."""


def span_of(kind: Period, text: str) -> Span:
    """Read a period as people write it, in either calendar. Raises WrongInput."""
    try:
        name = period_named(text, kind)
    except ValueError:
        raise WrongInput("figures.period", text=text, allowed=_EXAMPLES[kind]) from None
    first, last = days_of(name)
    before = period_before(name)
    since = days_of(before)[0]
    if kind == "month":
        month = name
        for _ in range(MONTHS_BEFORE):
            month = period_before(month)
        since = days_of(month)[0]
    return Span(kind=kind, name=name, first=first, last=last, before=before, since=since)


_EXAMPLES = {
    "month": "2026-11, 115-11",
    "quarter": "2026-Q4, 115-Q4",
    "half_year": "2026-H2, 115-H2",
    "year": "2026, 115",
}


class Source(Protocol):
    """Where the figures of rows come from: reckoned from the database, or from what is known of it already."""

    def forms(self, span: Span) -> list[tuple[str, str, int]]:
        """Form, version and how many calls were scored by it, the most first."""

    def series(self, span: Span, form: Form) -> frozenset[str]:
        """The series that have calls."""

    def figures(self, span: Span, form: Form, series: str, *, level: Level, period: Period) -> dict[Key, Figures]:
        """A series' figures of a period's own days."""

    def looked_back(self, span: Span, form: Form, series: str, *, period: Period) -> dict[Key, Figures]:
        """The agency's, from the first day that its trend or the period before it needs."""


def figures_of(
    span: Span,
    *,
    agency: Agency,
    store: Store,
    rescored: Form | None = None,
    levels: Sequence[Level] = LEVELS,
    without: Collection[str] = (),
    source: Source | None = None,
) -> dict[str, Any]:
    """The figures of a period: a block for each form version, because points by different rules have no mean.

    A call counts by the form that it was scored with first; `rescored`: by the second sheets of that form instead.
    `levels`: whose figures are wanted beside the agency's; those of the others are empty. `without`: calls that are
    left out, because whoever asks must not know their results yet. `source`: knows them without those calls already.
    """
    if source is None:
        if rescored is None:
            fill_rows(agency, store)
        source = _Shelf(store, RESULT if rescored is None else shelf_of(rescored), tuple(without))
    first, last = span.first.isoformat(), span.last.isoformat()
    used = source.forms(span)
    forms = [_form(form, version, agency, store) for form, version, _ in used]
    blocks = [_block(span, form, agency, source, levels) for form in forms]
    return {
        "kind": span.kind,
        "period": span.name,
        "period_roc": roc_period(span.name),
        "first": first,
        "last": last,
        "agency": agency.settings.name,
        "rescored": rescored is not None,
        "calls": sum(n for _, _, n in used),
        "under_objection": store.reviews.under_objection(first, last),
        "forms": blocks,
        "warnings": list(warnings(blocks)),
    }


def fill_rows(agency: Agency, store: Store) -> int:
    """Draw the rows of calls that were kept before there were rows; give how many."""
    missing = store.rows.without()
    for call_id in missing:
        kept = store.get_call(call_id)
        sheet = kept["sheets"][-1]["sheet"]
        store.rows.put(call_id, figures_row(sheet, kept, agency), sheet=sheet)
    return len(missing)


@dataclass(frozen=True)
class _Shelf:
    """The rows that a period's figures are made of."""

    store: Store
    name: str
    without: tuple[str, ...]
    _gathered: dict[object, Heaps] = field(default_factory=dict)

    def forms(self, span: Span) -> list[tuple[str, str, int]]:
        return self.store.rows.forms(
            span.first.isoformat(), span.last.isoformat(), shelf=self.name, without=self.without
        )

    def series(self, span: Span, form: Form) -> frozenset[str]:
        return frozenset(cell.series for cell in self._heaps(span.first, span, form).cells)

    def figures(self, span: Span, form: Form, series: str, *, level: Level, period: Period) -> dict[Key, Figures]:
        own = self._heaps(span.first, span, form).where(lambda cell: cell.series == series)
        return figures(own, form, level=level, period=period)

    def looked_back(self, span: Span, form: Form, series: str, *, period: Period) -> dict[Key, Figures]:
        months = self._heaps(span.since, span, form, whole=True).where(lambda cell: cell.series == series)
        return figures(months, form, level="agency", period=period)

    def _heaps(self, since: date, span: Span, form: Form, *, whole: bool = False) -> Heaps:
        """The rows of a form from a day to the period's last, gathered once."""
        key = (since, span.last, form.id, form.version, whole)
        if key not in self._gathered:
            days, own = (since.isoformat(), span.last.isoformat()), {"form": form.id, "version": form.version}
            told: dict[str, Any] = own | {"shelf": self.name, "without": self.without}
            self._gathered[key] = heaps_of(self.store.rows.gathered(*days, **told, whole=whole))
        return self._gathered[key]


def _block(span: Span, form: Form, agency: Agency, source: Source, levels: Sequence[Level]) -> dict[str, Any]:
    tested = source.series(span, form)
    return {
        "form": form.id,
        "version": form.version,
        "title": form.title,
        "draft": form.draft,
        "max": json_number(form.total),
        "small_n": form.aggregation.small_n,
        "rank_part": form.aggregation.rank_part,
        "parts": [{"id": p.id, "name": p.short or p.text, "max": json_number(p.max)} for p in form.parts],
        "items": {item.id: item.text or form.group(item.group).text for item in form.items},
        "series": [_series(one, span, form, source, agency, levels) for one in SERIES if one in tested],
    }


def _series(
    name: str, span: Span, form: Form, source: Source, agency: Agency, levels: Sequence[Level]
) -> dict[str, Any]:
    """One series by itself: internal and external are never mixed."""
    whole = next(iter(source.figures(span, form, name, level="agency", period=span.kind).values()))
    wanted = {
        level: source.figures(span, form, name, level=level, period=span.kind).values() for level in {*levels, "unit"}
    }
    units = list(wanted["unit"])
    titles = {unit.unit: unit.name for unit in agency.units}
    tested = {one.key.name for one in units}
    return {
        "series": name,
        "agency": told(whole, form, {}),
        # Each unit alike, however many calls it had; the agency's own figure above has all calls alike.
        "of_units": {
            "total": plain(mean_of_means(one.total for one in units)),
            "ranked": plain(mean_of_means(measure_of(one, form) for one in units)),
        },
        "weighted": plain(weighted(whole, form)),
        "agency_mean": form.aggregation.agency_mean,
        **{f"{level}s": [told(one, form, titles) for one in wanted.get(level, ()) if one.key.name] for level in LEVELS},
        "untested": [unit.unit for unit in agency.units if unit.unit not in tested],
        "ranking": [ranked(one, titles) for one in ranking(units, form)],
        "trend": _trend(name, span, form, source),
        "before": _before(name, span, form, source),
    }


def _trend(series: str, span: Span, form: Form, source: Source) -> list[dict[str, Any]]:
    """The agency month by month: the year up to a month, the months of a longer period."""
    monthly = source.looked_back(span, form, series, period="month")
    begin = span.since if span.kind == "month" else span.first
    shown = {key: one for key, one in monthly.items() if f"{begin:%Y-%m}" <= key.period <= f"{span.last:%Y-%m}"}
    return [
        {"period": step.period, "roc": roc_period(step.period), **moved(shown[Key(series, step.period, "")], step)}
        for step in trend(shown, form, series=series, name="")
    ]


def _before(series: str, span: Span, form: Form, source: Source) -> dict[str, Any] | None:
    """The agency in the period before, and how far it has moved since."""
    both = {
        key: one
        for key, one in source.looked_back(span, form, series, period=span.kind).items()
        if key.period in (span.before, span.name)
    }
    earlier = both.get(Key(series, span.before, ""))
    if earlier is None:
        return None
    return {"period": span.before, **moved(earlier, trend(both, form, series=series, name="")[-1])}


def _form(form_id: str, version: str, agency: Agency, store: Store) -> Form:
    try:
        return kept_form(store, form_id, version)
    except NotFound:  # calls kept before forms were
        return find_form(form_id, agency_folder=agency.folder)
