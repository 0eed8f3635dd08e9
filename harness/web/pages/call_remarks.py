"""What people say of a call as a whole, while it is remembered or later: `thirdring remark`."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from harness.assisted.remarks import remark, time_of
from harness.errors import WrongInput
from harness.web.declared import page
from harness.web.done import done
from harness.web.may_see import call_of, may_with
from harness.web.pages.calls import call_page, happened_at
from harness.web.rights import Right
from harness.web.visit import Visit
from harness.web.years import sentence_of

LONGEST = 500


@page("/calls/{call_id}/remarks", right=Right.REMARK, method="POST", of=call_of)
def add(visit: Visit, call: dict[str, Any]) -> Response:
    """Keep a remark beside those that were made; none is ever changed."""
    what, call_id = visit.text("what", most=40), call["call_id"]
    told = {"number": visit.text("number", most=40), "note": visit.text("note", most=LONGEST)}
    typed = {"what": what, "at": visit.text("at", most=40)} | told
    try:
        at = time_of(typed["at"], visit.agency.zone)
        remark(call_id, what, who=visit.person.name, store=visit.store, at=at, **told)
    except WrongInput as error:
        wrong = sentence_of(error)
        return _part(visit, call, typed, wrong) if visit.by_htmx else call_page(visit, call, wrong=wrong)
    visit.log("remarked", call_id=call_id, remark=what)
    if visit.by_htmx:
        return _part(visit, call, {"what": "", "number": "", "note": "", "at": ""}, "")
    on_sheet = visit.text("on") == "sheet"
    return done(visit, f"/calls/{call_id}" + ("/sheet" if on_sheet else ""), "call_page.remarked")


def _part(visit: Visit, call: dict[str, Any], typed: dict[str, str], wrong: str) -> Response:
    """The section as it is now, for the sheet's page: what is filled in there stays as it is."""
    told: dict[str, Any] = {"may": may_with(visit, call["call_id"]), "typed": typed, "wrong": wrong, "on_sheet": True}
    return visit.page("happened.html", status=422 if wrong else 200, call=call, **told | happened_at(visit, call))
