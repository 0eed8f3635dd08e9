"""Reports: a period's figures and charts, its papers made at a button, and their files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from starlette.responses import FileResponse, Response

from harness.documents.paper_pdf import why_no_paper_pdf
from harness.errors import Refused
from harness.figures import Span, span_of
from harness.papers.gather import of_figures
from harness.papers.series_tables import series_tables
from harness.programme.settings import read_programme
from harness.web.between import listed_text
from harness.web.blind import blind_between, blind_calls
from harness.web.declared import Nav, page
from harness.web.done import said
from harness.web.followed import today_of
from harness.web.making import papers_folder
from harness.web.pages.units import blocks_of
from harness.web.periods import asked_span, kind_of, offered
from harness.web.problems import Hidden
from harness.web.reckoned import from_figures, unit_figures
from harness.web.rights import Right
from harness.web.unsettled import unsettled_in
from harness.web.visit import Visit
from harness.web.years import in_sentence, sentence_of
from harness.words import chosen
from rubric.periods import period_named

KINDS = {
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".pdf": "application/pdf",
    ".csv": "text/csv; charset=utf-8",
}
_STYLE = re.compile(r"<\?xml[^>]*\?>|<style[^>]*>.*?</style>", re.DOTALL)
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Papers:
    """A period as a path names it."""

    period: str
    """2026-11, 2026-Q4, 2026-H2, 2026."""


def papers_of(visit: Visit, period: str) -> Papers:
    """The period that a path names; Hidden where it names none."""
    try:
        name = period_named(period, kind_of(period))
    except ValueError:
        raise Hidden from None
    if name != period:
        raise Hidden
    return Papers(period=name)


def file_of(visit: Visit, period: str, name: str) -> Path:
    """A file of a period's papers that a path names: only what lies in their folder, and only what is a paper.

    Refused to whoever still has to hear a call blind that their means and trends hold.
    """
    folder = papers_folder(visit.agency.folder, papers_of(visit, period).period).resolve()
    if "\0" in name:
        raise Hidden
    path = (folder / name).resolve()
    if not path.is_relative_to(folder) or not path.is_file() or path.suffix not in KINDS or path.name.startswith("."):
        raise Hidden
    span = span_of(kind_of(period), period)
    if hidden := blind_between(visit, span.since, span.last):
        raise Refused("blind.paper", count=len(hidden), calls=listed_text(sorted(hidden)))
    return path


@page("/reports", right=Right.SEE_REPORTS, nav=Nav(60, "reports.nav"))
def overview(visit: Visit) -> Response:
    """A period's figures, its papers and what is being made."""
    span = asked_span(visit, usual="month")
    figures = unit_figures(visit, span)
    told: Row = {"span": span, "periods": offered(visit), "note": said(visit), "files": list(_files(visit, span))}
    told |= {"blocks": list(blocks_of(visit, figures)), "calls": figures["calls"], "over": today_of(visit) > span.last}
    told["warnings"] = [chosen(one["zh"], one["en"]) for one in figures["warnings"]]
    told |= {"no_pdf": _no_pdf(visit), "left_out": len(blind_between(visit, span.first, span.last))}
    told["unsettled"] = unsettled_in(visit, span)
    return visit.page("reports.html", **told, trends=list(_trends(figures)), making=visit.site.making.now)


@page("/reports/{period}/charts", right=Right.SEE_REPORTS, of=papers_of)
def charts(visit: Visit, papers: Papers) -> Response:
    """The charts of a period; each stands beside the tables that it is drawn from."""
    span, lang = span_of(kind_of(papers.period), papers.period), visit.preferences.lang
    told: Row = {"agency": visit.agency, "today": today_of(visit), "lang": lang}

    def make() -> list[Row]:
        return [_with_charts(one) for one in series_tables(of_figures(unit_figures(visit, span), span, **told))]

    also = read_programme(visit.agency.folder).model_dump_json()  # a chart's line stands at its mark
    series = from_figures(visit, ("charts", span, lang, visit.preferences.years, blind_calls(visit)), make, also=also)
    left_out = len(blind_between(visit, span.since, span.last))
    told = {"span": span, "lang": lang, "left_out": left_out, "unsettled": unsettled_in(visit, span)}
    return visit.page("reports_charts.html", series=series, **told)


@page("/reports/{period}/make", right=Right.MAKE_REPORTS, method="POST", of=papers_of)
def make(visit: Visit, papers: Papers) -> Response:
    """Begin to make the papers; those made before are replaced only where that was ticked."""
    there = papers_folder(visit.agency.folder, papers.period).is_dir()
    if there and not visit.text("anew"):
        raise Refused("reports.there")
    span, lang = span_of(kind_of(papers.period), papers.period), visit.preferences.lang
    if not visit.site.making.start(visit.agency.folder, span, pdf=bool(visit.text("pdf")), at=visit.now, lang=lang):
        raise Refused("reports.busy")
    visit.log("papers_made", period=papers.period)
    return visit.to(f"/reports?period={papers.period}#papers")  # how far it is stands there


@page("/reports/progress", right=Right.SEE_REPORTS)
def progress(visit: Visit) -> Response:
    """How far the papers are; the page asks every second while they are being made."""
    return visit.page("reports_progress.html", making=visit.site.making.now)


@page("/reports/{period}/files/{name:path}", right=Right.SEE_REPORTS, of=file_of)
def download(visit: Visit, path: Path) -> Response:
    """One file."""
    visit.log("paper_downloaded", file=path.name)
    return FileResponse(path, media_type=KINDS[path.suffix], filename=path.name)


def _files(visit: Visit, span: Span) -> Iterator[Row]:
    folder = papers_folder(visit.agency.folder, span.name)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in KINDS and not path.name.startswith("."):
            name = path.relative_to(folder).as_posix()
            yield {"name": name, "kind": path.suffix[1:].upper(), "kb": -(-path.stat().st_size // 1024)}


def _trends(figures: Row) -> Iterator[Row]:
    """Month by month, the table behind the chart."""
    for block in figures["forms"]:
        for series in block["series"]:
            told = {"series": series["series"], "max": block["max"], "title": block["title"]}
            yield told | {"steps": series["trend"]}


def _no_pdf(visit: Visit) -> str:
    missing = why_no_paper_pdf()
    return "" if missing is None else sentence_of(missing)


def _with_charts(one: Any) -> Row:
    """Charts as SVG in the page; a reader of the screen is told their title, and reads the tables below."""
    drawn = [
        {"title": chart.title, "alt": in_sentence(chart.picture.alt), "svg": _picture(chart.picture.svg)}
        for chart in one.charts or ()
    ]
    return {"name": one.name, "form": one.form, "charts": drawn, "tables": [one.trend, one.units, one.lost]}


def _picture(svg: str) -> Markup:
    """Without styles of its own, which the page's policy refuses, and passed over where pages are read aloud."""
    return Markup(_STYLE.sub("", in_sentence(svg)).replace("<svg ", '<svg aria-hidden="true" ', 1))
