"""`thirdring figures`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table
from harness.errors import DONE
from harness.words import chosen, label, say

if TYPE_CHECKING:
    from rubric.periods import Period

KINDS: dict[str, Period] = {"month": "month", "quarter": "quarter", "half": "half_year", "year": "year"}
MOST_LOST = 5


@click.command()
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("period", metavar="PERIOD")
@click.option("--rescored", metavar="NAME|FILE", help="改用以此量表再評的第二張。By the second sheets of this form.")
@asked_for
def figures(asked: Asked, kind: str, period: str, rescored: str | None) -> int:
    """一段期間的統計：總機、單位、總分分列，平均必附 n。A period's figures: parts apart, n beside every mean.

    PERIOD：2026-11、2026-Q4、2026-H2、2026，或民國 115-11。In either calendar.
    """
    from harness.agency import load_agency
    from harness.figures import figures_of, span_of
    from harness.scoring import usable_form
    from harness.store import open_store

    span = span_of(KINDS[kind], period)
    agency = load_agency(asked.agency)
    form = None if rescored is None else usable_form(rescored, agency.folder)
    with open_store(agency.database) as store:
        told = figures_of(span, agency=agency, store=store, rescored=form)
    if asked.as_json:
        print_json({"schema": "thirdring.figures/1", **told})
    else:
        _show(told)
    return DONE


def _show(told: dict[str, Any]) -> None:
    values = {key: told[key] for key in ("agency", "first", "last", "calls")}
    print_lines([say("figures.head", **values, period={"zh": told["period_roc"], "en": told["period"]})])
    if not told["forms"]:
        print_lines([say("figures.none")])
    if told["under_objection"]:
        print_lines([say("figures.objections", n=told["under_objection"])])
    for block in told["forms"]:
        for series in block["series"]:
            _show_series(block, series)
    print_lines(["", *(chosen(one["zh"], one["en"]) for one in told["warnings"])] if told["warnings"] else [])


def _show_series(block: dict[str, Any], series: dict[str, Any]) -> None:
    names = {key: block[key] for key in ("title", "form", "version")}
    which = {lang: say(f"figures.{series['series']}", lang) for lang in ("zh", "en")}
    print_lines(["", say("figures.series", **names, series=which)])
    agency = series["agency"]
    counts = {key: agency[key] for key in ("calls", "timing_only", "void")}
    print_lines([say("figures.counts", **counts, below=agency["below_standard"])])
    headings = [
        label("column.unit"),
        *(part["name"] for part in block["parts"]),
        label("figures.total"),
        label("column.calls"),
    ]
    rows = [_row(label("figures.agency"), agency, block), *(_row(one["title"], one, block) for one in series["units"])]
    print_table(headings, rows)
    print_lines(_notes(block, series))


def _row(name: str, one: dict[str, Any], block: dict[str, Any]) -> list[object]:
    parts = [_mean(one["parts"][part["id"]], most=part["max"]) for part in block["parts"]]
    return [name, *parts, _mean(one["total"], most=block["max"]), one["calls"]]


def _mean(mean: dict[str, Any] | None, *, most: float) -> str | None:
    """A mean with its n: never shown apart."""
    return None if mean is None else f"{mean['mean']}/{most} (n={mean['n']})"


def _notes(block: dict[str, Any], series: dict[str, Any]) -> list[str]:
    agency, notes = series["agency"], []
    ranked, before = series["of_units"]["ranked"], series["before"]
    if ranked is not None:
        notes.append(say("figures.of_units", mean=ranked["mean"], n=ranked["n"]))
    if before is not None and before["change"] is not None:
        notes.append(say("figures.before", period=before["period"], change=f"{before['change']:+g}"))
    if agency["accuracy"] is not None:
        notes.append(say("figures.accuracy", **agency["accuracy"]))
    lost = [
        label(
            "figures.lost_item", item=one["item"], text=block["items"][one["item"]][:16], mean=one["mean"], n=one["n"]
        )
        for one in agency["lost"][:MOST_LOST]
    ]
    if lost:
        notes.append(say("figures.lost", items="；".join(lost)))
    if series["untested"]:
        notes.append(say("figures.untested", units="、".join(series["untested"])))
    return notes
