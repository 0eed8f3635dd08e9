"""The list of commendations of a period: who is in front, whether it may be made yet, and who approved it."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from harness.errors import Refused, WrongInput
from harness.figures import span_of
from harness.papers.edition import may_reward
from harness.papers.gather import Gathered, gather
from harness.papers.series_tables import series_tables
from harness.programme.settings import read_programme
from harness.web.blind import blind_between, blind_calls
from harness.web.declared import page
from harness.web.done import done, said
from harness.web.followed import today_of
from harness.web.pages.reports import Papers, papers_of
from harness.web.periods import kind_of
from harness.web.reckoned import of_results
from harness.web.rights import Right
from harness.web.visit import Visit
from harness.web.years import sentence_of

LONGEST_NAME = 80


@page("/reports/{period}/reward", right=Right.SEE_REPORTS, of=papers_of)
def reward(visit: Visit, papers: Papers) -> Response:
    """The places of a period, and the button that makes the list."""
    span, lang = span_of(kind_of(papers.period), papers.period), visit.preferences.lang
    told: dict[str, Any] = {"today": today_of(visit), "lang": lang, "without": blind_calls(visit)}

    def make() -> dict[str, Any]:
        known = gather(span, agency=visit.agency, store=visit.store, **told)
        return {"series": series_tables(known), "too_early": _too_early(known, lang), "calls": known.figures["calls"]}

    also = (told["today"], read_programme(visit.agency.folder).model_dump_json())
    found = of_results(visit, ("reward", span, lang, visit.preferences.years, told["without"]), make, also=also)
    left_out = len(blind_between(visit, span.since, span.last))
    return visit.page("reward.html", **found, left_out=left_out, span=span, lang=lang, note=said(visit))


def _too_early(known: Gathered, lang: str) -> str:
    """Why the list may not be made yet; empty: it may."""
    try:
        may_reward(known)
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
    return done(visit, "/reports", "reports.begun", period=papers.period)
