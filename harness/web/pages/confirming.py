"""A person says whose fault it was that a call was not answered: theirs, which only then counts, or not theirs."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from harness.confirming import OURS, THEIRS, confirm_fault
from harness.errors import WrongInput
from harness.web.declared import page
from harness.web.may_see import call_of
from harness.web.pages.review import shown_review
from harness.web.rights import Right
from harness.web.visit import Visit
from harness.web.years import sentence_of


@page("/calls/{call_id}/confirm", right=Right.REVIEW, method="POST", of=call_of)
def confirm(visit: Visit, call: dict[str, Any]) -> Response:
    """Make a new sheet of what is said; the sheets before stay."""
    whose, reason = visit.text("whose", most=10), visit.text("reason", most=500)
    told: dict[str, Any] = {"who": visit.person.name, "reason": reason, "agency": visit.agency, "store": visit.store}
    try:
        if whose not in (THEIRS, OURS):
            raise WrongInput("programme_pages.whose")
        confirm_fault(call["call_id"], whose, **told)
    except WrongInput as error:
        return shown_review(visit, call, status=422, wrong=sentence_of(error))
    return visit.to(f"/calls/{call['call_id']}/review#fault")
