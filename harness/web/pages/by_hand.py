"""A test on paper: a unit's blank sheet, and the machine's half of the call to put behind it later."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from harness.assisted.live_calls import questions_for
from harness.documents.paper_pdf import why_no_paper_pdf
from harness.errors import Refused, WrongInput
from harness.number_gate.called_number import find_unit
from harness.papers.by_hand import How, blank_name, write_blank, write_machine_half
from harness.web.blind import is_blind
from harness.web.declared import page
from harness.web.made_file import made_file
from harness.web.may_see import call_of
from harness.web.rights import Right
from harness.web.visit import Visit
from harness.web.years import sentence_of


@page("/by-hand", right=Right.WRITE_BY_HAND)
def choose(visit: Visit) -> Response:
    """Which unit's blank sheet."""
    missing = why_no_paper_pdf()
    no_pdf = "" if missing is None else sentence_of(missing)
    return visit.page("by_hand.html", units=visit.agency.units, no_pdf=no_pdf)


@page("/by-hand", right=Right.WRITE_BY_HAND, method="POST")
def blank(visit: Visit) -> Response:
    """The sheet as a file, with the questions that the unit is asked next."""
    one = find_unit(visit.text("unit", most=80), visit.agency.units)
    how, questions = _how(visit), questions_for(one.unit, visit.agency)
    told: dict[str, Any] = {"agency": visit.agency, "questions": questions, "how": how}
    sent = made_file(
        f"{blank_name(one, visit.agency, how.lang)}.{_kind(how)}", lambda path: write_blank(one, path.parent, **told)
    )
    visit.log("blank_sheet", unit=one.unit)
    return sent


@page("/calls/{call_id}/machine-half", right=Right.WRITE_BY_HAND, method="POST", of=call_of)
def machine_half(visit: Visit, call: dict[str, Any]) -> Response:
    """What the machine decided of a call and why, as a file."""
    call_id, how = call["call_id"], _how(visit)
    if is_blind(visit, call_id):
        raise Refused("blind.paper", count=1, calls=call_id)
    told: dict[str, Any] = {"agency": visit.agency, "store": visit.store, "how": how}
    sent = made_file(f"machine-{call_id}.{_kind(how)}", lambda path: write_machine_half(call_id, path.parent, **told))
    visit.log("machine_half", call_id=call_id)
    return sent


def _how(visit: Visit) -> How:
    """As it was asked for; EnvironmentFailed where a PDF is, and cannot be made here."""
    kind, lang = visit.text("kind", most=8), visit.preferences.lang
    if kind not in ("odt", "pdf"):
        raise WrongInput("call_page.no_kind", kind=kind)
    if kind == "pdf" and (missing := why_no_paper_pdf()) is not None:
        raise missing
    return How(made_at=visit.now, pdf=kind == "pdf", lang=lang)


def _kind(how: How) -> str:
    return "pdf" if how.pdf else "odt"
