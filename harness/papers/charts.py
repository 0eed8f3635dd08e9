"""The charts of a longer period: means by month and by unit, points lost by item, each beside its table.

A dot is a mean, the line through it reaches from the lowest to the highest, a hollow dot is a mean of few calls, and
every mean has its n in figures beside it: nothing is told by colour.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any

from harness.documents.paper import Picture
from harness.documents.roc import FIRST_YEAR
from harness.papers.gather import Gathered
from harness.papers.short_item import short_item
from harness.plot.vega import FONT, draw_png, draw_svg
from harness.words import say
from rubric.periods import days_of, period_before, period_of

Told = Mapping[str, Any]
Spec = dict[str, Any]
WIDTH, ROW = 470, 13
"""Pixels of the drawing itself, and of a row of units or items."""
MOST_ROWS = 60
"""More units than these take a second chart: one page holds no more."""
MOST_ITEMS = 10
MONTHS_HIGH = 230
INK = "#1b3a57"
_SIZE = re.compile(r'<svg[^>]*\bviewBox="0 0 ([\d.]+) ([\d.]+)"')


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One chart."""

    id: str
    """Its name among the paper's charts."""
    title: str
    """What stands above it."""
    picture: Picture
    """The chart itself."""


def charts_of(block: Told, series: Told, known: Gathered) -> tuple[Chart, ...]:
    """The charts of one series by one form version."""
    return tuple(_drawn(block, series, known))


def _drawn(block: Told, series: Told, known: Gathered) -> Iterator[Chart]:
    name = f"{block['form']}-{block['version']}-{series['series']}"
    said = {"series": say(f"report.{series['series']}", known.lang)}
    yield _chart(f"{name}-months", "chart_months", _months(block, series, known), known, said)
    rows = _in_order(series, known)
    each = ceil(len(rows) / max(ceil(len(rows) / MOST_ROWS), 1)) or 1
    pieces = [rows[at : at + each] for at in range(0, len(rows), each)]
    for at, piece in enumerate(pieces, start=1):
        part = f" {at}/{len(pieces)}" if len(pieces) > 1 else ""
        spec = _units(piece, block, known)
        yield _chart(f"{name}-units-{at}", "chart_units", spec, known, said, part=part)
    lost = series["agency"]["lost"][:MOST_ITEMS]
    if lost:
        yield _chart(f"{name}-items", "chart_items", _items(lost, block, known), known, said)


def _chart(name: str, key: str, spec: Spec, known: Gathered, said: Told, *, part: str = "") -> Chart:
    svg = draw_svg(spec)
    found = _SIZE.search(svg)
    size = (float(found[1]), float(found[2])) if found else (WIDTH, WIDTH)
    title = say(f"report.{key}", known.lang, **said) + part
    alt = say("report.chart_alt", known.lang, title=title)
    return Chart(id=name, title=title, picture=Picture(svg=svg, png=partial(draw_png, svg), alt=alt, size=size))


def _months(block: Told, series: Told, known: Gathered) -> Spec:
    """Every month of the period has its place, tested or not."""
    last = period_of(known.span.last, "month")
    names = [last]
    while days_of(names[0])[0] > known.span.first:
        names.insert(0, period_before(names[0]))
    rows = [
        _mean_row(_month(one["period"], known.lang), one["total"], one["calls"] < block["small_n"], "\n")
        for one in series["trend"]
        if one["total"] is not None
    ]
    across = {
        "field": "name",
        "type": "ordinal",
        "sort": None,
        "scale": {"domain": [_month(one, known.lang) for one in names]},
        "axis": {"title": None, "labelAngle": 0},
    }
    words = {"align": "center", "lineBreak": "\n", "y": -20}
    return _sheet(rows, _dots({"x": across}, "y", words, known), _key(known)) | {"height": MONTHS_HIGH}


def _month(name: str, lang: str) -> str:
    year, _, month = name.partition("-")
    return f"{int(year) - FIRST_YEAR}.{int(month)}" if lang == "zh" else name


def _in_order(series: Told, known: Gathered) -> list[Told]:
    """The tested units in the directory's order, then those that have left it."""
    tested = {one["name"]: one for one in series["units"] if one["total"] is not None}
    names = [*(name for name in known.titles if name in tested), *(name for name in tested if name not in known.titles)]
    return [tested[name] for name in names]


def _units(units: Sequence[Told], block: Told, known: Gathered) -> Spec:
    rows = [_mean_row(one["title"], one["total"], one["calls"] < block["small_n"], " ") for one in units]
    down = {"field": "name", "type": "nominal", "sort": None, "axis": {"title": None, "labelLimit": 150}}
    words = {"align": "left", "x": WIDTH + 6}
    high = max(ROW * len({row["name"] for row in rows}), 2 * ROW)
    return _sheet(rows, _dots({"y": down}, "x", words, known), _key(known)) | {"height": high}


def _mean_row(name: str, mean: Told, small: bool, between: str) -> Told:
    ends = {end: mean[end] for end in ("mean", "lowest", "highest")}
    return {"name": name, **ends, "small": small, "label": f"{mean['mean']:g}{between}(n={mean['n']})"}


def _dots(names: Spec, value: str, words: Spec, known: Gathered) -> list[Spec]:
    """Means with their ranges. `names`: the channel of the names; `value`: that of the points."""
    points: Spec = {"type": "quantitative", "scale": {"zero": False, "nice": True}, "axis": {"title": None}}
    reach = {value: points | {"field": "lowest"}, f"{value}2": {"field": "highest"}}
    mean = names | {value: points | {"field": "mean"}}
    dot = {"type": "point", "size": 34, "opacity": 1, "stroke": INK}
    text = {"type": "text", "baseline": "middle", "fontSize": 10, **words}
    return [
        {"mark": {"type": "rule", "color": INK}, "encoding": names | reach},
        {"transform": [{"filter": "!datum.small"}], "mark": dot | {"fill": INK}, "encoding": mean},
        {"transform": [{"filter": "datum.small"}], "mark": dot | {"fill": "white"}, "encoding": mean},
        {"mark": text, "encoding": names | {"text": {"field": "label"}}},
        {
            "data": {"values": [{"at": known.programme.improvement.below}]},
            "mark": {"type": "rule", "strokeDash": [4, 3], "color": "#333333"},
            "encoding": {value: points | {"field": "at"}},
        },
    ]


def _key(known: Gathered) -> str:
    """What dots and lines mean."""
    below = f"{known.programme.improvement.below:g}"
    return say("report.chart_key", known.lang, points=below, n=_small_n(known))


def _small_n(known: Gathered) -> int:
    return max((int(block["small_n"]) for block in known.figures["forms"]), default=0)


def _items(lost: Sequence[Told], block: Told, known: Gathered) -> Spec:
    rows = [
        {
            "name": f"{one['item']} {short_item(block['items'].get(one['item']) or one['item'])}",
            "mean": one["mean"],
            "label": f"{one['mean']:g} (n={one['n']})",
        }
        for one in lost
    ]
    down = {"field": "name", "type": "nominal", "sort": None, "axis": {"title": None, "labelLimit": 230}}
    axis = {"title": say("report.chart_lost", known.lang), "tickCount": 5}
    names = {"y": down, "x": {"field": "mean", "type": "quantitative", "axis": axis}}
    layers: list[Spec] = [
        {"mark": {"type": "bar", "color": INK, "height": {"band": 0.6}}, "encoding": names},
        {
            "mark": {"type": "text", "align": "left", "dx": 4, "fontSize": 10},
            "encoding": names | {"text": {"field": "label"}},
        },
    ]
    return _sheet(rows, layers, None) | {"height": 22 * len(rows), "width": WIDTH - 130}


def _sheet(rows: Sequence[Told], layers: Sequence[Spec], key: str | None) -> Spec:
    title = (
        {}
        if key is None
        else {"title": {"text": key, "fontSize": 10, "fontWeight": "normal", "anchor": "start", "offset": 24}}
    )
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": list(rows)},
        "width": WIDTH,
        "layer": list(layers),
        "config": {
            "font": FONT,
            "axis": {"labelFontSize": 10, "titleFontSize": 10, "labelColor": "black", "titleColor": "black"},
            "text": {"color": "black"},
            "view": {"stroke": "#999999"},
        },
        **title,
    }
