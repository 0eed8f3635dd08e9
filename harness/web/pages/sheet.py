"""The score sheet of one call: filled in beside its recording, kept at each change, signed once."""

from __future__ import annotations

from typing import Any

from starlette.responses import HTMLResponse, Response

from harness.errors import Refused, WrongInput
from harness.imported.from_dialling import begun_late, say_from_dialling
from harness.imported_legs import BEGUN_LATE
from harness.kept_sheet import KeptSheet, kept_sheet, unit_of_call
from harness.rounds import is_pending, same_name
from harness.second_opinion import add_opinion
from harness.signing import sign_call
from harness.web.blind import is_blind
from harness.web.declared import page
from harness.web.done import said
from harness.web.may_see import call_of, may_with, reaches
from harness.web.pages.calls import duration_of, happened_at, sound_of
from harness.web.rights import Right
from harness.web.sheet_causes import problems_of, since_signed
from harness.web.sheet_clips import leg_clips, mark_clips
from harness.web.sheet_draft import bank_of, begun, keep_draft
from harness.web.sheet_fields import answers_of, fields_from, fields_of
from harness.web.sheet_print import paper_in_page, paper_of
from harness.web.sheet_view import Filled
from harness.web.sheet_words import words_for
from harness.web.visit import Visit


@page("/calls/{call_id}/sheet", right=Right.SEE_CALLS, of=call_of)
def sheet(visit: Visit, call: dict[str, Any]) -> Response:
    """The page: to fill in, or as it was signed."""
    return visit.page("sheet.html", **_shown(visit, call))


@page("/calls/{call_id}/sheet/paper", right=Right.SEE_CALLS, of=call_of)
def paper(visit: Visit, call: dict[str, Any]) -> Response:
    """The agency's own sheet as it is printed: the one that counts, or one's own draft."""
    shown = _shown(visit, call)
    return HTMLResponse(paper_of(visit, call, shown["filled"], draft=shown["writable"] or shown["blind"]))


@page("/calls/{call_id}/sheet/draft", right=Right.SCORE, method="POST", of=call_of)
def draft(visit: Visit, call: dict[str, Any]) -> Response:
    """Keep what was changed, and say what it is worth."""
    kept, here = _kept(visit, call), f"/calls/{call['call_id']}/sheet"
    signed = visit.store.signatures.of(kept.call_id)
    if signed is not None and same_name(signed["who"]) == same_name(visit.person.name):
        return visit.to(here)  # it was on its way while its own signature was: that carried everything
    told = keep_draft(visit, kept)
    if signed is not None or not visit.by_htmx:
        return visit.to(here)  # where somebody else signed, the page says who, and how this one can be sent
    return told


@page("/calls/{call_id}/sheet/sign", right=Right.SCORE, method="POST", of=call_of)
def sign(visit: Visit, call: dict[str, Any]) -> Response:
    """Sign what stands on the page; what is missing is listed instead."""
    kept, who = _kept(visit, call), visit.person.name
    here = f"/calls/{kept.call_id}/sheet"
    sent = fields_of(visit.form.multi_items(), kept.form)
    if visit.store.signatures.of(kept.call_id) is not None:
        return visit.to(here)
    visit.store.drafts.change(kept.call_id, who, lambda _: sent, now=visit.now)
    filled = Filled(kept, sent)
    if filled.missing:
        return visit.page("sheet.html", status=422, **_shown(visit, call) | {"signing": True})
    version = visit.text("version")
    try:
        sign_call(
            kept.call_id,
            answers_of(sent, kept.form),
            who=who,
            version=int(version) if version.isdigit() else kept.version,
            agency=visit.agency,
            store=visit.store,
        )
    except Refused:  # somebody was quicker: the page says who, and the draft is still there
        return visit.to(here)
    return visit.to(here)


@page("/calls/{call_id}/sheet/from-dialling", right=Right.SCORE, method="POST", of=call_of)
def from_dialling(visit: Visit, call: dict[str, Any]) -> Response:
    """An imported recording begins with the dialling: its first rings are counted then."""
    call_id = _kept(visit, call).call_id
    say_from_dialling(call_id, who=visit.person.name, agency=visit.agency, store=visit.store)
    return visit.to(f"/calls/{call_id}/sheet")


@page("/calls/{call_id}/sheet/opinion", right=Right.SCORE, method="POST", of=call_of)
def opinion(visit: Visit, call: dict[str, Any]) -> Response:
    """Send one's draft as a second opinion, where somebody else signed meanwhile or a round is under way."""
    kept, who = _kept(visit, call), visit.person.name
    sent = fields_of(visit.form.multi_items(), kept.form)
    if sent:
        visit.store.drafts.change(kept.call_id, who, lambda _: sent, now=visit.now)
    mine = visit.store.drafts.of(kept.call_id, who)
    if mine is None:
        raise WrongInput("sheet_page.no_draft")
    said = answers_of(mine["fields"], kept.form)
    add_opinion(kept.call_id, said, who=who, agency=visit.agency, store=visit.store)
    visit.store.drafts.drop(kept.call_id, who)
    return visit.to(f"/calls/{kept.call_id}/sheet")


def _kept(visit: Visit, call: dict[str, Any]) -> KeptSheet:
    return kept_sheet(call["call_id"], agency=visit.agency, store=visit.store)


def _shown(visit: Visit, call: dict[str, Any]) -> dict[str, Any]:
    kept, store, who = _kept(visit, call), visit.store, visit.person.name
    signed = store.signatures.of(kept.call_id)
    scores = reaches(visit, Right.SCORE, kept.call_id)
    mine = store.drafts.of(kept.call_id, who) if scores else None
    writable = scores and signed is None
    blind = is_blind(visit, kept.call_id)
    if writable or blind:
        fields = mine["fields"] if mine else begun(visit, kept)
    else:
        fields = fields_from(kept.answers or {}, kept.form)
    path = sound_of(visit, call) if reaches(visit, Right.HEAR, kept.call_id) else None
    duration_s = duration_of(path)
    clips = leg_clips(kept.facts.get("legs", {}), duration_s)
    filled = Filled(kept, fields, clips, duration_s)
    late = begun_late(kept, store)
    holds, told = filled.holds, happened_at(visit, call)
    if told["said"] is not None:
        holds += mark_clips(told["said"]["marks"], duration_s)
    return told | {
        "call": call,
        "may": may_with(visit, kept.call_id),
        "filled": filled,
        "unit": unit_of_call(call, visit.agency),
        "writable": writable,
        "drafts": f"/calls/{kept.call_id}/sheet/draft" if writable else "",
        "bank": bank_of(visit, kept) if writable else [],
        "signed": signed,
        "mine": mine,
        "others": store.drafts.others(kept.call_id, who) if writable else [],
        "pending": is_pending(kept.call_id, store),
        "there": path is not None,
        "holds": holds,
        "serial": mine["serial"] if mine else 0,
        "signing": False,
        "blind": blind,
        "problems": [one for one in problems_of(kept) if late or one != BEGUN_LATE],
        "late": late and writable and not is_pending(kept.call_id, store),
        "since": [] if blind else since_signed(kept, signed, store),
        "paper": None if writable or blind else paper_in_page(paper_of(visit, call, filled, draft=False)),
        "told": words_for(visit.preferences.lang, filled),
        "on_sheet": True,
        "typed": {"what": "", "number": "", "note": ""},
        "wrong": "",
        "note": said(visit),
    }
