"""Which papers a period has, and what each is filled with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from harness.documents.roc import told_period
from harness.documents.table import MeanCell, Table
from harness.errors import Refused
from harness.figures import Span
from harness.papers import tables
from harness.papers.gather import Gathered
from harness.papers.held import Held, counted, last_day, said_of
from harness.papers.series_tables import SeriesTables, mean_cell, series_tables
from harness.papers.settings import word
from harness.unit_titles import in_file_name
from harness.words import LANGUAGES, say

SEVERE = ("overdue", "escalated")
SAID_IN_THE_TABLE = "figures.small"
"""A warning that stands beside each unit in its table."""
OWN_WORDS = ("office", "head", "steering_group", "superior", "plan")
DUE = (1, 15)
"""The year's report is due on 15 January (001:54, 003:117)."""
PAPERS = {
    "month": ("result", "board", "allocation", "improvements"),
    "quarter": ("steering", "achievement", "improvements"),
    "half_year": ("review", "improvements"),
    "year": ("review", "improvements"),
}


@dataclass(frozen=True, kw_only=True)
class Paper:
    """One paper to be written."""

    template: str
    """The template's name."""
    file: str
    """Its file's name in the folder, without what tells the kind; a notice's lies in a folder of its own."""
    values: Mapping[str, Any]
    """What the template is filled with."""


@dataclass(frozen=True, kw_only=True)
class Edition:
    """All papers of a period."""

    papers: tuple[Paper, ...]
    """The papers."""
    tables: tuple[Table, ...]
    """What goes into spreadsheets."""
    left_out: tuple[Mapping[str, str], ...]
    """Papers that are not made, and why, in both languages."""
    held: Mapping[str, str] | None = None
    """How many calls are in no figure of them yet, and until when, in both languages; None: all are."""


def edition_of(known: Gathered, *, approved_by: str = "") -> Edition:
    """The papers of a period. Refused: a reward list before nobody can object any more."""
    if approved_by:
        may_reward(known)
    series = series_tables(known)
    values = _values(known, series) | {"approved_by": approved_by}
    names = [*PAPERS[known.span.kind], *(["reward"] if approved_by else []), *(["public"] if _public(known) else [])]
    if not values["allocation"].rows and "allocation" in names:
        names.remove("allocation")
    prefix = prefix_of(known.span.name, known.lang)
    papers = [Paper(template=name, file=f"{prefix}-{_file(name, known.lang)}", values=values) for name in names]
    notices = _notices(known, values, prefix) if known.span.kind == "month" else ()
    own = [one for part in series for one in (part.units, part.ranking, part.lost, part.trend)]
    spread = (*own, values["improvements"], values["complaints"], values["vacant"], values["allocation"])
    left_out = tuple(_left_out(known, approved=bool(approved_by)))
    shown = tuple(one for one in spread if one.rows)
    return Edition(papers=(*papers, *notices), tables=shown, left_out=left_out, held=_held(known))


def _held(known: Gathered) -> Mapping[str, str] | None:
    told = {lang: said_of(known.held, known.held_before, lang) for lang in LANGUAGES}
    return told if all(told.values()) else None


def prefix_of(period: str, lang: str = "zh") -> str:
    """What file names begin with: 11511, 115Q4, 115H2, 115; in English the period as machines write it."""
    if lang == "en":
        return period
    year, _, rest = period.partition("-")
    return f"{int(year) - 1911}{rest}"


def _file(name: str, lang: str) -> str:
    return say(f"report.file_{name}", lang)


def _public(known: Gathered) -> bool:
    return known.settings.public and known.over


def may_reward(known: Gathered) -> None:
    """Refused where a reward list would come too early.

    000:222–223, 001:58: the list goes into people's ratings; nobody's objection may come too late for it."""
    refuse_early(known.span, known.held, today=known.today)


def refuse_early(span: Span, held: Sequence[Held], *, today: date) -> None:
    """The same of a period, of whose calls some may be held back."""
    if today <= span.last:
        raise Refused("report.reward_not_over", last=span.last)
    if held:
        raise Refused("report.reward_too_early", calls={lang: counted(held, lang) for lang in LANGUAGES})


def _left_out(known: Gathered, *, approved: bool) -> Iterator[dict[str, str]]:
    if known.span.kind == "month" and not known.over:
        yield _why("sealed", month=known.span.name)
    if not _public(known):
        yield _why("not_public")
    if not approved:
        yield _why("not_approved")


def _why(key: str, **values: object) -> dict[str, str]:
    return {lang: say(f"report.{key}", lang, **values) for lang in LANGUAGES}


def _values(known: Gathered, series: tuple[SeriesTables, ...]) -> dict[str, Any]:
    settings, improvements = known.settings, tables.improvements_of(known)
    told = {name: word(settings, name, known.lang) for name in OWN_WORDS}
    severe = replace(known, deficient=tuple(one for one in known.named if one.state in SEVERE))
    return told | {
        "agency": known.agency.settings.name,
        "period": told_period(known.span.name, known.lang),
        "first": known.span.first,
        "last": known.span.last,
        "today": known.today,
        "over": known.over,
        "due": date(known.span.last.year + 1, *DUE) if known.span.kind == "year" else None,
        "series": series,
        "below": known.programme.improvement.below,
        "improvements": improvements,
        "severe": tables.improvements_of(severe),
        "evidence": tables.evidence(severe),
        "closed": sum(one.state == "closed" for one in known.named),
        "complaints": tables.complaints(known),
        "vacant": tables.vacant(known),
        "allocation": tables.allocation(known),
        "handling": settings.handling.get(known.span.name, ""),
        "chain": known.chain,
        "unsettled": len(known.unsettled),
        "unsettled_until": last_day(known.held),
        "held": (_held(known) or {}).get(known.lang, ""),
        "warnings": [one[known.lang] for one in known.figures["warnings"] if one["key"] != SAID_IN_THE_TABLE],
    }


def _notices(known: Gathered, values: Mapping[str, Any], prefix: str) -> Iterator[Paper]:
    """One for each unit that was tested. It is filled with that unit's own values and with nobody else's."""
    common = {name: values[name] for name in ("agency", "office", "plan", "period", "first", "last", "today")}
    name = _file("notice", known.lang)
    for unit in dict.fromkeys(one.unit for one in known.tested):
        yield Paper(
            template="notice",
            file=f"{prefix}-{name}/{prefix}-{name}-{in_file_name(unit, known.agency.units)}",
            values=common | _own(unit, known),
        )


def _own(unit: str, known: Gathered) -> dict[str, Any]:
    mine = [one for one in known.tested if one.unit == unit]
    deficient = [one for one in known.named if one.unit == unit]
    return {
        "unit": known.title(unit),
        "tested": len(mine),
        "calls": tables.calls_of(unit, known),
        "awaiting": tables.awaiting_of(unit, known),
        "lost": tables.lost_of(unit, known),
        "improvements": tables.improvements_of(known, unit),
        "own": list(_own_means(unit, known)),
        "objection_until": last_day(one.held for one in mine if one.held),
        "deficient": len(deficient),
        "answer_due": max((one.answer_due for one in deficient), default=None),
    }


def _own_means(unit: str, known: Gathered) -> Iterator[dict[str, Any]]:
    for block in known.figures["forms"]:
        for series in block["series"]:
            for one in series["units"]:
                if one["name"] == unit:
                    mean: MeanCell | None = mean_cell(one["total"])
                    whole = mean_cell(series["agency"]["total"])
                    name = say(f"report.{series['series']}", known.lang)
                    told = {"name": name, "mean": mean, "whole": whole, "most": block["max"]}
                    yield told | {"small": one["small"], "small_n": block["small_n"]}
