"""The tables of one series: units, ranking, points lost, trend. Internal and external tests never share one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.documents.table import MeanCell, Table, Value
from harness.papers.gather import Gathered
from harness.words import say

LANG = "zh"
"""The papers are written in Chinese; their templates can be changed, their headings are the catalogue's."""
MOST_LOST = 10
_NUMBER = re.compile(r"^\s*(?:[（(][一二三四五六七八九十\d]+[)）]|[一二三四五六七八九十甲乙\d]+、)\s*")
_BRACKET = re.compile(r"\s*[（(：:]")
Told = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class SeriesTables:
    """What a paper says of one series by one form."""

    name: str
    """內部測試 or 外部測試."""
    form: str
    """The form's title and version."""
    calls: int
    """Calls that count."""
    void: int
    """Calls lost to our own faults; they count nowhere."""
    below: int
    """Calls that missed a measured standard."""
    mean: MeanCell | None
    """The agency's mean over calls."""
    most: float
    """Of how many points."""
    of_units: MeanCell | None
    """The mean of the units' means."""
    change: str | None
    """Against the period before, in words."""
    ranked_by: str
    """What names are ranked by."""
    accuracy: str | None
    """Σ correct / Σ asked."""
    parts: tuple[tuple[str, float, MeanCell | None], ...]
    """Name, points and mean of each part."""
    worst: tuple[str, ...]
    """The three items lost most, in words."""
    units: Table
    """A row a unit, in the directory's order."""
    ranking: Table
    """Places, ties marked."""
    lost: Table
    """Items by points lost."""
    trend: Table
    """Months."""
    untested: tuple[str, ...]
    """Units without a call."""
    best: tuple[tuple[str, MeanCell], ...]
    """The first three places with enough calls, and who shares the third."""


def series_tables(known: Gathered) -> tuple[SeriesTables, ...]:
    """The series of every form version of a period."""
    blocks = known.figures["forms"]
    return tuple(_series(block, one, known) for block in blocks for one in block["series"])


def heading(name: str) -> str:
    """A column's heading."""
    return say(f"report.col_{name}", LANG)


def mean_cell(mean: Told | None) -> MeanCell | None:
    """A mean of the figures' JSON."""
    return None if mean is None else MeanCell(mean["mean"], mean["n"])


def _series(block: Told, series: Told, known: Gathered) -> SeriesTables:
    whole = series["agency"]
    label = say(f"report.{series['series']}", LANG)
    parts = [(part["name"], part["max"], mean_cell(whole["parts"][part["id"]])) for part in block["parts"]]
    lost = _lost(block, whole)
    return SeriesTables(
        name=label,
        form=say("report.form", LANG, title=block["title"], version=block["version"]),
        calls=whole["calls"],
        void=whole["void"],
        below=whole["below_standard"],
        mean=mean_cell(whole["total"]),
        most=block["max"],
        of_units=mean_cell(series["of_units"]["total"]),
        change=None if series["before"] is None else moved(series["before"]["change"]),
        accuracy=_accuracy(whole["accuracy"]),
        parts=tuple(parts),
        worst=tuple(_short(str(row[0])) for row in lost[:3]),
        ranked_by=_ranked_by(block),
        units=_table(
            "units",
            label,
            ("unit", "calls", *_part_columns(block), "total", "range", "note"),
            _units(block, series, known),
        ),
        ranking=_table("ranking", label, ("rank", "unit", "ranked", "band", "note"), _ranking(series)),
        lost=_table("lost", label, ("item", "lost"), lost),
        trend=_table("trend", label, ("period", "calls", "total", "ranked", "change"), _trend(series)),
        untested=tuple(known.title(unit) for unit in series["untested"]),
        best=_best(series),
    )


def _part_columns(block: Told) -> list[str]:
    return [f"={part['name']}部分（{part['max']:g} 分）" for part in block["parts"]]


def _table(name: str, series: str, columns: tuple[str, ...], rows: tuple[tuple[Value, ...], ...]) -> Table:
    """`columns`: names of the catalogue, or after 「=」 the heading itself."""
    headings = tuple(one[1:] if one.startswith("=") else heading(one) for one in columns)
    return Table(id=name, title=say(f"report.table_{name}", LANG, series=series), headings=headings, rows=rows)


def _units(block: Told, series: Told, known: Gathered) -> tuple[tuple[Value, ...], ...]:
    """Every unit of the directory in its own order, tested or not; then those that have left it."""
    tested = {one["name"]: one for one in series["units"]}
    names = [*known.titles, *(name for name in tested if name not in known.titles)]
    return tuple(_unit(known.title(name), tested.get(name), block) for name in names)


def _unit(title: str, one: Told | None, block: Told) -> tuple[Value, ...]:
    if one is None:
        return (title, 0, *([None] * len(block["parts"])), None, None, say("report.untested", LANG))
    parts = (mean_cell(one["parts"][part["id"]]) for part in block["parts"])
    note = say("report.small", LANG, n=block["small_n"]) if one["small"] else ""
    return (title, one["calls"], *parts, mean_cell(one["total"]), _range(one["total"]), note)


def _range(mean: Told | None) -> str | None:
    return None if mean is None else f"{mean['lowest']:g}–{mean['highest']:g}"


def _ranking(series: Told) -> tuple[tuple[Value, ...], ...]:
    return tuple(
        (one["rank"], one["title"], MeanCell(one["mean"], one["n"]), one["band"], _place_note(one))
        for one in series["ranking"]
    )


def _place_note(one: Told) -> str:
    said = [say("report.tied", LANG)] if one["tied"] else []
    return "、".join([*said, *([say("report.few", LANG)] if one["small"] else [])])


def _lost(block: Told, whole: Told) -> tuple[tuple[Value, ...], ...]:
    found = whole["lost"][:MOST_LOST]
    return tuple((block["items"].get(one["item"]) or one["item"], MeanCell(one["mean"], one["n"])) for one in found)


def _trend(series: Told) -> tuple[tuple[Value, ...], ...]:
    return tuple(
        (one["roc"], one["calls"], mean_cell(one["total"]), mean_cell(one["ranked"]), signed(one["change"]))
        for one in series["trend"]
    )


def moved(change: float | None) -> str | None:
    """A change in words."""
    if change is None:
        return None
    which = "more" if change > 0 else "less" if change < 0 else "same"
    return say(f"report.change_{which}", LANG, points=f"{abs(change):g}")


def signed(change: float | None) -> str | None:
    """A change with its sign, also where there is none."""
    return None if change is None else f"{change:+g}" if change else "±0"


def _accuracy(told: Told | None) -> str | None:
    return None if told is None else say("report.accuracy", LANG, **told)


def _ranked_by(block: Told) -> str:
    """The form's ranking part as if it were the whole sheet, else the total."""
    name = next((part["name"] for part in block["parts"] if part["id"] == block["rank_part"]), None)
    return say("report.ranked_by_part", LANG, part=name) if name else say("report.ranked_by_total", LANG)


def _short(item: str) -> str:
    """An item's wording without its number and its points, for a sentence."""
    text = _NUMBER.sub("", item)
    return _BRACKET.split(text)[0].strip() or item


def _best(series: Told) -> tuple[tuple[str, MeanCell], ...]:
    """Small figures are no reason for a reward."""
    enough = [one for one in series["ranking"] if not one["small"]]
    last = enough[2]["mean"] if len(enough) > 2 else None
    chosen = [one for at, one in enumerate(enough) if at < 3 or one["mean"] == last]
    return tuple((one["title"], MeanCell(one["mean"], one["n"])) for one in chosen)
