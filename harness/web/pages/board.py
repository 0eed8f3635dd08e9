"""The notice board: a month's paper for everybody in the agency, as its own template says it, and no more than it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from starlette.responses import Response

from harness.documents.paper import Block, Heading, Paragraph, Runs, TableBlock, plain_text, read_paper
from harness.documents.paper_template import write_markdown
from harness.figures import Span
from harness.papers.edition import edition_of
from harness.papers.gather import gather
from harness.papers.settings import read_paper_settings
from harness.programme.settings import read_programme
from harness.web.blind import blind_between, blind_calls
from harness.web.declared import page
from harness.web.followed import today_of
from harness.web.making import papers_folder
from harness.web.periods import asked_span, kind_of, offered
from harness.web.problems import Hidden
from harness.web.reckoned import of_results
from harness.web.rights import Right
from harness.web.visit import Visit

Row = dict[str, Any]


@page("/units/board", right=Right.SEE_UNITS)
def board(visit: Visit) -> Response:
    """A month that is over, once its papers are made; they and this page hold the same results back."""
    span = asked_span(visit, usual="month")
    if span.kind != "month":
        raise Hidden  # there is no such paper
    posted = _is_posted(visit, span)
    told: Row = {"span": span, "periods": [name for name in offered(visit) if kind_of(name) == "month"]}
    told |= {"over": today_of(visit) > span.last, "posted": posted}
    told |= {"blocks": list(_told(_paper(visit, span))) if posted else []}
    return visit.page("units_board.html", **told, left_out=len(blind_between(visit, span.first, span.last)))


def _is_posted(visit: Visit, span: Span) -> bool:
    """Whether the month is over and somebody had its papers made, the notice board's among them."""
    made = papers_folder(visit.agency.folder, span.name).glob("*.odt")
    return today_of(visit) > span.last and any(made)


def _paper(visit: Visit, span: Span) -> Sequence[Block]:
    """The paper as it would be made now."""
    values = _values(visit, span)
    text = write_markdown("board", values, agency_folder=visit.agency.folder, lang=visit.preferences.lang)
    return read_paper(text)


def _values(visit: Visit, span: Span) -> Mapping[str, Any]:
    """What its template is filled with, reckoned once for each state of the results."""
    site, store, folder = visit.site, visit.store, visit.agency.folder
    lang, today, blind = visit.preferences.lang, today_of(visit), blind_calls(visit)

    def make() -> Mapping[str, Any]:
        with store.at_one_moment():
            known = gather(span, agency=site.agency(), store=store, today=today, lang=lang, without=blind)
            return next(one.values for one in edition_of(known).papers if one.template == "board")

    also = (today, read_paper_settings(folder).model_dump_json(), read_programme(folder).model_dump_json())
    return of_results(visit, ("board", span, lang, blind), make, also=also)


def _told(blocks: Sequence[Block]) -> Iterator[Row]:
    """The paper's blocks for the page."""
    for one in blocks:
        if isinstance(one, Heading):
            yield {"kind": "heading", "level": min(one.level + 1, 6), "text": plain_text(one.runs)}
        elif isinstance(one, Paragraph):
            yield {"kind": one.kind, "text": plain_text(one.runs)}
        elif isinstance(one, TableBlock):
            yield {"kind": "table", "head": _cells(one.head), "rows": [*map(_cells, one.rows)], "right": one.right}


def _cells(cells: Sequence[Runs]) -> list[str]:
    return [plain_text(cell) for cell in cells]
