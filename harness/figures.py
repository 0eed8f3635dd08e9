"""A period's figures, from the rows in the database: calls to units to the agency, each mean with its n."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from harness.agency import Agency
from harness.errors import NotFound, WrongInput
from harness.figures_json import moved, plain, ranked, told, warnings
from harness.kept_sheet import figures_row
from harness.rescoring import shelf_of
from harness.scoring import find_form, kept_form
from harness.store import Store
from harness.store.rows import RESULT
from rubric.aggregate import Key, Level, figures
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


def figures_of(
    span: Span,
    *,
    agency: Agency,
    store: Store,
    rescored: Form | None = None,
    levels: Sequence[Level] = LEVELS,
    without: Collection[str] = (),
) -> dict[str, Any]:
    """The figures of a period: a block for each form version, because points by different rules have no mean.

    A call counts by the form that it was scored with first; `rescored`: by the second sheets of that form instead.
    `levels`: whose figures are wanted beside the agency's; those of the others are empty. `without`: calls that are
    left out, because whoever asks must not know their results yet.
    """
    if rescored is None:
        fill_rows(agency, store)
    shelf = RESULT if rescored is None else shelf_of(rescored)
    first, last = span.first.isoformat(), span.last.isoformat()
    used = store.rows.forms(first, last, shelf=shelf, without=without)
    forms = [_form(form, version, agency, store) for form, version, _ in used]
    shelves = _Shelf(store, shelf, tuple(without))
    blocks = [_block(span, form, agency, shelves, levels) for form in forms]
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

    def heaps(self, since: date, span: Span, form: Form, *, whole: bool = False) -> Heaps:
        """The rows of a form from a day to the period's last, gathered."""
        days, own = (since.isoformat(), span.last.isoformat()), {"form": form.id, "version": form.version}
        told: dict[str, Any] = own | {"shelf": self.name, "without": self.without}
        return heaps_of(self.store.rows.gathered(*days, **told, whole=whole))


def _block(span: Span, form: Form, agency: Agency, shelf: _Shelf, levels: Sequence[Level]) -> dict[str, Any]:
    inside = shelf.heaps(span.first, span, form)
    months = shelf.heaps(span.since, span, form, whole=True)
    series = [one for one in SERIES if any(cell.series == one for cell in inside.cells)]
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
        "series": [_series(one, span, form, inside, months, agency, levels) for one in series],
    }


def _series(
    name: str, span: Span, form: Form, inside: Heaps, months: Heaps, agency: Agency, levels: Sequence[Level]
) -> dict[str, Any]:
    """One series by itself: internal and external are never mixed. `months`: the agency's own, further back."""
    own = inside.where(lambda cell: cell.series == name)
    whole = next(iter(figures(own, form, level="agency", period=span.kind).values()))
    wanted = {level: figures(own, form, level=level, period=span.kind).values() for level in {*levels, "unit"}}
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
        "trend": _trend(name, span, form, months),
        "before": _before(name, span, form, months),
    }


def _trend(series: str, span: Span, form: Form, heaps: Heaps) -> list[dict[str, Any]]:
    """The agency month by month: the year up to a month, the months of a longer period."""
    monthly = figures(heaps, form, level="agency", period="month")
    begin = span.since if span.kind == "month" else span.first
    shown = {key: one for key, one in monthly.items() if f"{begin:%Y-%m}" <= key.period <= f"{span.last:%Y-%m}"}
    return [
        {"period": step.period, "roc": roc_period(step.period), **moved(shown[Key(series, step.period, "")], step)}
        for step in trend(shown, form, series=series, name="")
    ]


def _before(series: str, span: Span, form: Form, heaps: Heaps) -> dict[str, Any] | None:
    """The agency in the period before, and how far it has moved since."""
    both = {
        key: one
        for key, one in figures(heaps, form, level="agency", period=span.kind).items()
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
