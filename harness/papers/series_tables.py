"""The tables of one series: units, ranking, points lost, trend. Internal and external tests never share one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.documents.roc import told_period
from harness.documents.table import MeanCell, Table, Value
from harness.papers.charts import Chart, charts_of
from harness.papers.gather import Gathered
from harness.papers.row_of_words import row_of
from harness.papers.short_item import short_item
from harness.words import say

MOST_LOST = 10
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
    charts: tuple[Chart, ...] | None
    """Months, units, items as charts; None: nothing here can draw."""


def series_tables(known: Gathered, *, charts: bool = True) -> tuple[SeriesTables, ...]:
    """The series of every form version of a period; with their charts, which take a second, where they are wanted."""
    blocks, drawn = known.figures["forms"], charts and known.with_charts
    return tuple(_series(block, one, known, charts=drawn) for block in blocks for one in block["series"])


def heading(name: str, lang: str) -> str:
    """A column's heading."""
    return say(f"report.col_{name}", lang)


def mean_cell(mean: Told | None) -> MeanCell | None:
    """A mean of the figures' JSON."""
    return None if mean is None else MeanCell(mean["mean"], mean["n"])


def _series(block: Told, series: Told, known: Gathered, *, charts: bool) -> SeriesTables:
    whole = series["agency"]
    lang = known.lang
    label = say(f"report.{series['series']}", lang)
    parts = [(part["name"], part["max"], mean_cell(whole["parts"][part["id"]])) for part in block["parts"]]
    lost = _lost(block, whole)
    return SeriesTables(
        name=label,
        form=say("report.form", lang, title=block["title"], version=block["version"]),
        calls=whole["calls"],
        void=whole["void"],
        below=whole["below_standard"],
        mean=mean_cell(whole["total"]),
        most=block["max"],
        of_units=mean_cell(series["of_units"]["total"]),
        change=None if series["before"] is None else moved(series["before"]["change"], lang),
        accuracy=_accuracy(whole["accuracy"], lang),
        parts=tuple(parts),
        worst=tuple(short_item(str(row[0])) for row in lost[:3]),
        ranked_by=_ranked_by(block, lang),
        units=_table(
            "units",
            label,
            ("unit", "calls", *_part_columns(block, lang), "total", "range", "note"),
            _units(block, series, known),
            lang,
        ),
        ranking=_table("ranking", label, ("rank", "unit", "ranked", "band", "note"), _ranking(series, lang), lang),
        lost=_table("lost", label, ("item", "lost"), lost, lang),
        trend=_table("trend", label, ("period", "calls", "total", "ranked", "change"), _trend(series, lang), lang),
        untested=tuple(known.title(unit) for unit in series["untested"] if unit not in _held(series, known)),
        best=_best(series),
        charts=charts_of(block, series, known) if charts else None,
    )


def _part_columns(block: Told, lang: str) -> list[str]:
    return [f"={say('report.col_part', lang, name=part['name'], most=part['max'])}" for part in block["parts"]]


def _table(name: str, series: str, columns: tuple[str, ...], rows: tuple[tuple[Value, ...], ...], lang: str) -> Table:
    """`columns`: names of the catalogue, or after 「=」 the heading itself. Bands and notes: where there are any."""
    headings = tuple(one[1:] if one.startswith("=") else heading(one, lang) for one in columns)
    whole = Table(id=name, title=say(f"report.table_{name}", lang, series=series), headings=headings, rows=rows)
    return whole.without_empty(heading("band", lang), heading("note", lang))


def _units(block: Told, series: Told, known: Gathered) -> tuple[tuple[Value, ...], ...]:
    """Every unit of the directory in its own order, tested or not; then those that have left it."""
    tested = {one["name"]: one for one in series["units"]}
    held = _held(series, known)
    names = [*known.titles, *(name for name in (*tested, *held) if name not in known.titles)]
    rows = (_unit(known.title(name), tested.get(name), held[name], block, known.lang) for name in dict.fromkeys(names))
    return tuple(rows)


def _held(series: Told, known: Gathered) -> Counter[str]:
    """How many calls of each unit are held back: it was tested, and nothing is said of how."""
    return Counter(one.unit for one in known.unsettled if one.series == series["series"])


def _unit(title: str, one: Told | None, held: int, block: Told, lang: str) -> tuple[Value, ...]:
    waits = [say("held.of_unit", lang, n=held)] if held else []
    if one is None:
        note = row_of(waits or [say("report.untested", lang)], lang)
        return (title, 0, *([None] * len(block["parts"])), None, None, note)
    parts = (mean_cell(one["parts"][part["id"]]) for part in block["parts"])
    small = [say("report.small", lang, n=block["small_n"])] if one["small"] else []
    note = row_of([*small, *waits], lang)
    return (title, one["calls"], *parts, mean_cell(one["total"]), _range(one["total"]), note)


def _range(mean: Told | None) -> str | None:
    return None if mean is None else f"{mean['lowest']:g}–{mean['highest']:g}"


def _ranking(series: Told, lang: str) -> tuple[tuple[Value, ...], ...]:
    return tuple(
        (one["rank"], one["title"], MeanCell(one["mean"], one["n"]), one["band"], _place_note(one, lang))
        for one in series["ranking"]
    )


def _place_note(one: Told, lang: str) -> str:
    said = [say("report.tied", lang)] if one["tied"] else []
    return row_of([*said, *([say("report.few", lang)] if one["small"] else [])], lang)


def _lost(block: Told, whole: Told) -> tuple[tuple[Value, ...], ...]:
    found = whole["lost"][:MOST_LOST]
    return tuple((block["items"].get(one["item"]) or one["item"], MeanCell(one["mean"], one["n"])) for one in found)


def _trend(series: Told, lang: str) -> tuple[tuple[Value, ...], ...]:
    return tuple(
        (
            told_period(one["period"], lang),
            one["calls"],
            mean_cell(one["total"]),
            mean_cell(one["ranked"]),
            signed(one["change"]),
        )
        for one in series["trend"]
    )


def moved(change: float | None, lang: str) -> str | None:
    """A change in words."""
    if change is None:
        return None
    which = "more" if change > 0 else "less" if change < 0 else "same"
    return say(f"report.change_{which}", lang, points=f"{abs(change):g}")


def signed(change: float | None) -> str | None:
    """A change with its sign, also where there is none."""
    return None if change is None else f"{change:+g}" if change else "±0"


def _accuracy(told: Told | None, lang: str) -> str | None:
    return None if told is None else say("report.accuracy", lang, **told)


def _ranked_by(block: Told, lang: str) -> str:
    """The form's ranking part as if it were the whole sheet, else the total."""
    name = next((part["name"] for part in block["parts"] if part["id"] == block["rank_part"]), None)
    return say("report.ranked_by_part", lang, part=name) if name else say("report.ranked_by_total", lang)


def _best(series: Told) -> tuple[tuple[str, MeanCell], ...]:
    """Small figures are no reason for a reward."""
    enough = [one for one in series["ranking"] if not one["small"]]
    last = enough[2]["mean"] if len(enough) > 2 else None
    chosen = [one for at, one in enumerate(enough) if at < 3 or one["mean"] == last]
    return tuple((one["title"], MeanCell(one["mean"], one["n"])) for one in chosen)
