"""The list of commendations of a period: who is in front, whether it may be made yet, and who approved it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from starlette.responses import Response

from harness.errors import Refused, WrongInput
from harness.figures import Span, span_of
from harness.papers.edition import may_reward, refuse_early
from harness.papers.gather import gather, of_figures
from harness.papers.held import Held
from harness.papers.series_tables import series_tables
from harness.web.blind import blind_between, blind_calls
from harness.web.declared import page
from harness.web.done import said
from harness.web.followed import today_of
from harness.web.pages.reports import Papers, papers_of
from harness.web.periods import kind_of
from harness.web.reckoned import figures_without
from harness.web.rights import Right
from harness.web.unsettled import held_since
from harness.web.visit import Visit
from harness.web.years import sentence_of

LONGEST_NAME = 80


@page("/reports/{period}/reward", right=Right.SEE_REPORTS, of=papers_of)
def reward(visit: Visit, papers: Papers) -> Response:
    """The places of a period, and the button that makes the list."""
    span, lang = span_of(kind_of(papers.period), papers.period), visit.preferences.lang
    blind, today = blind_calls(visit), today_of(visit)
    held = [one for one in held_since(visit, span.since) if one.call_id not in blind]
    figures = figures_without(visit.site, visit.store, span, blind.union(one.call_id for one in held))
    known = of_figures(figures, span, agency=visit.agency, today=today, lang=lang)
    told: dict[str, Any] = {"series": series_tables(known, charts=False), "calls": figures["calls"]}
    told["too_early"] = _too_early(span, [one for one in held if span.first <= one.day <= span.last], today)
    left_out = len(blind_between(visit, span.since, span.last))
    return visit.page("reward.html", **told, left_out=left_out, span=span, lang=lang, note=said(visit))


def _too_early(span: Span, held: Sequence[Held], today: date) -> str:
    """Why the list may not be made yet; empty: it may."""
    try:
        refuse_early(span, held, today=today)
    except Refused as error:
        return sentence_of(error)
    return ""


@page("/reports/{period}/reward", right=Right.MAKE_REPORTS, method="POST", of=papers_of)
def make(visit: Visit, papers: Papers) -> Response:
    """Begin to make the period's papers with the list among them. Refused before nobody can object any more."""
    approved_by = visit.text("approved_by", most=LONGEST_NAME)
    if not approved_by or not visit.text("sure"):
        raise WrongInput("programme_pages.who_approved")
    span, lang = span_of(kind_of(papers.period), papers.period), visit.preferences.lang
    may_reward(gather(span, agency=visit.agency, store=visit.store, today=today_of(visit), lang=lang))
    told: dict[str, Any] = {"pdf": bool(visit.text("pdf")), "at": visit.now, "lang": lang, "approved_by": approved_by}
    if not visit.site.making.start(visit.agency.folder, span, **told):
        raise Refused("reports.busy")
    visit.log("reward_list_made", period=papers.period, approved_by=approved_by)
    return visit.to(f"/reports?period={papers.period}#papers")  # how far it is stands there
