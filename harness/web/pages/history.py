"""A call's history: `thirdring opinion log`, and what each listener wrote once both have."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from harness.kept_sheet import kept_sheet
from harness.web.blind import is_blind
from harness.web.declared import page
from harness.web.history_view import rounds_of
from harness.web.may_see import call_of
from harness.web.review_view import shown
from harness.web.rights import Right
from harness.web.visit import Visit


@page("/calls/{call_id}/history", right=Right.SEE_HISTORY, of=call_of)
def history(visit: Visit, call: dict[str, Any]) -> Response:
    """Who did what when; of each round what was written."""
    call_id, blind = call["call_id"], is_blind(visit, call["call_id"])
    kept = kept_sheet(call_id, agency=visit.agency, store=visit.store) if call["sheets"] else None
    held = () if kept is None else rounds_of(visit, kept, blind=blind)
    names = {unit.unit: unit.name or unit.unit for unit in visit.agency.units}
    told: dict[str, Any] = {"unit_name": names.get(call["unit"], call["unit"]), "call": call, "shown": shown}
    return visit.page("history.html", **told, rounds=held, blind=blind, log=visit.store.log.of(call_id))
