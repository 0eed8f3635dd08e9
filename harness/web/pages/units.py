"""Units: all with their means, and one with its results, items lost and what it is to improve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.responses import Response

from harness.figures import Span
from harness.rounds import is_pending
from harness.web.blind import blind_between, blind_calls
from harness.web.declared import Nav, page
from harness.web.done import said
from harness.web.followed import followed, rows_of, sees_every_unit, unit_of
from harness.web.lost_items import lost_in
from harness.web.may_see import reaches, scope_of
from harness.web.periods import asked_span, offered
from harness.web.reckoned import unit_figures
from harness.web.rights import Right
from harness.web.unsettled import unsettled_in
from harness.web.visit import Visit
from harness.words import chosen

Row = dict[str, Any]


@page("/units", right=Right.SEE_UNITS, nav=Nav(40, "units.nav"))
def listing(visit: Visit) -> Response:
    """All units with their means; somebody of a unit comes to the own."""
    if not sees_every_unit(visit):
        return visit.to(f"/units/{visit.person.unit}")
    span = asked_span(visit, usual="quarter")
    told = unit_figures(visit, span)
    return visit.page("units.html", blocks=list(blocks_of(visit, told)), **_about(visit, span), calls=told["calls"])


@page("/units/{unit}", right=Right.SEE_UNITS, of=unit_of)
def one(visit: Visit, unit: str) -> Response:
    """One unit."""
    span = asked_span(visit, usual="quarter")
    found = unit_figures(visit, span)
    told: Row = {"means": list(_means(unit, found)), "results": _results(visit, unit, span), "note": said(visit)}
    told["warnings"] = [] if not sees_every_unit(visit) else _warnings(found)
    name = next(one.name or one.unit for one in visit.agency.units if one.unit == unit)
    told |= {
        "unit": unit,
        "name": name,
        "improvements": _improvements(visit, unit),
    }
    return visit.page("unit.html", **told, **_about(visit, span, unit))


def _improvements(visit: Visit, unit: str) -> list[Row]:
    """A year's; one that is open is answered here, so that its clips are here as well, whatever the period shown."""
    rows = rows_of(followed(visit, unit=unit), visit)
    heard = (row["state"] != "closed" and reaches(visit, Right.HEAR, row["call_id"]) for row in rows)
    return [row | {"hears": hears, "objects": _objects(visit, row)} for row, hears in zip(rows, heard, strict=True)]


def _objects(visit: Visit, row: Row) -> bool:
    """Whether the review page has a form to object for this person: no round is under way, and it is the own unit's."""
    return reaches(visit, Right.ANSWER, row["call_id"]) and not is_pending(row["call_id"], visit.store)


def _about(visit: Visit, span: Span, unit: str = "") -> Row:
    left_out = len(blind_between(visit, span.first, span.last))
    about: Row = {"span": span, "periods": offered(visit), "left_out": left_out}
    return about | {"unsettled": unsettled_in(visit, span, unit=unit)}


def _warnings(told: Row) -> list[str]:
    return [chosen(one["zh"], one["en"]) for one in told["warnings"]]


def blocks_of(visit: Visit, figures: Row) -> Iterator[Row]:
    """A table for each series and form version: points by different rules have no mean together."""
    order = {unit.unit: place for place, unit in enumerate(visit.agency.units)}
    for block in figures["forms"]:
        for series in block["series"]:
            told = ({**one, "here": one["name"] in order} for one in series["units"])
            units = sorted(told, key=lambda one: (order.get(one["name"], len(order)), one["name"]))
            yield {name: block[name] for name in ("title", "version", "max", "small_n", "draft")} | {
                "series": series["series"],
                "units": units,
                "agency": series["agency"],
                "untested": [_title(visit, name) for name in series["untested"]],
            }


def _title(visit: Visit, unit: str) -> str:
    """A unit's name; one that has left the directory keeps its id."""
    return next((one.name or one.unit for one in visit.agency.units if one.unit == unit), unit)


def _means(unit: str, told: Row) -> Iterator[Row]:
    """The unit's means beside the whole agency's."""
    for block in told["forms"]:
        for series in block["series"]:
            for one in series["units"]:
                if one["name"] == unit:
                    shown = {name: block[name] for name in ("title", "version", "max", "small_n")}
                    yield shown | {"series": series["series"], "own": one, "agency": series["agency"]}


def _results(visit: Visit, unit: str, span: Span) -> list[Row]:
    """The unit's calls of the period, newest first, with what each lost; open sheets are not yet for the unit."""
    scope, blind = scope_of(visit.person, Right.SEE_UNITS), blind_calls(visit)
    rows = visit.store.improvements.results(str(span.first), unit=unit)
    kept = [row for row in rows if not row["void"] and row["day"] <= str(span.last) and row["call_id"] not in blind]
    seen = [row for row in kept if scope.everything or visit.store.call_list.sees(scope, row["call_id"])]
    return [_result(row, visit) for row in reversed(seen)]


def _result(row: Row, visit: Visit) -> Row:
    sheet = row["sheet"]
    told = {name: row[name] for name in ("call_id", "day", "series")}
    told |= {"lost": lost_in(sheet, visit.store), "hears": reaches(visit, Right.HEAR, row["call_id"])}
    told |= {"objects": _objects(visit, row)}
    return told | {"total": None if sheet["total"] is None else float(sheet["total"])}
