"""The review of one call: the machine's marks beside the reviewer's, corrected, and heard again with today's ear."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from harness.corrections import Marks, correct_mark
from harness.errors import Refused, ThirdringError, WrongInput
from harness.kept_sheet import kept_sheet
from harness.rehearing import rehear
from harness.rounds import is_pending
from harness.web.blind import is_blind
from harness.web.declared import page
from harness.web.may_see import call_of, is_own_to_judge, may_with, reaches
from harness.web.pages.calls import sound_of
from harness.web.review_view import review_of
from harness.web.rights import Right
from harness.web.sheet_fields import number
from harness.web.visit import Visit
from harness.web.years import sentence_of


@page("/calls/{call_id}/review", right=Right.SEE_CALLS, of=call_of)
def review(visit: Visit, call: dict[str, Any]) -> Response:
    """The page."""
    return shown_review(visit, call)


@page("/calls/{call_id}/review/marks", right=Right.REVIEW, method="POST", of=call_of)
def correct(visit: Visit, call: dict[str, Any]) -> Response:
    """Put the reviewer's marks beside the machine's; or only show what they would change."""
    leg, only = visit.text("leg", most=20), visit.text("do") == "try"
    typed = {name: visit.text(name, most=40) for name in ("outcome", "onset", "from", "to", "rings")}
    typed |= {"leg": leg, "reason": visit.text("reason")}
    told: dict[str, Any] = {"who": visit.person.name, "reason": typed["reason"], "try_only": only}
    try:
        done = correct_mark(call["call_id"], leg, _marks(typed), agency=visit.agency, store=visit.store, **told)
    except (WrongInput, Refused) as error:
        status = 409 if isinstance(error, Refused) else 422
        # Where the leg has no form any more, as when a round was begun meanwhile, it stands at the head of the page.
        kept = kept_sheet(call["call_id"], agency=visit.agency, store=visit.store)
        has_form = leg in kept.facts.get("legs", {}) and not is_pending(kept.call_id, visit.store)
        at = f"leg-{leg}" if has_form else ""
        return shown_review(visit, call, status=status, typed=typed, **_wrong(error, at))
    if only:
        return shown_review(visit, call, tried=done, typed=typed)
    return visit.to(f"/calls/{call['call_id']}/review#leg-{leg}")


@page("/calls/{call_id}/review/hear", right=Right.REVIEW, method="POST", of=call_of)
def hear(visit: Visit, call: dict[str, Any]) -> Response:
    """Hear the call with today's ear: what would change. Nothing that was kept changes."""
    try:
        if is_blind(visit, call["call_id"]):  # points that would change are the first one's points
            raise Refused("review.pending", call_id=call["call_id"])
        again = rehear(call["call_id"], visit.agency, visit.store)
    except (WrongInput, Refused) as error:
        status = 409 if isinstance(error, Refused) else 422
        return shown_review(visit, call, status=status, **_wrong(error, "again"))
    visit.log("heard_again", call_id=call["call_id"], status=again.status)
    return shown_review(visit, call, again=again)


def shown_review(visit: Visit, call: dict[str, Any], *, status: int = 200, **told: Any) -> Response:
    """The page, with what was just asked."""
    kept = kept_sheet(call["call_id"], agency=visit.agency, store=visit.store)
    there = reaches(visit, Right.HEAR, kept.call_id) and sound_of(visit, call) is not None
    shown = {"there": there, "may": may_with(visit, kept.call_id), "own": is_own_to_judge(visit, kept.call_id)}
    return visit.page("review.html", status=status, **review_of(visit, kept) | shown | told)


def _wrong(error: ThirdringError, at: str) -> dict[str, str]:
    """What is wrong, and the id of the place that it was sent from."""
    return {"wrong": sentence_of(error), "wrong_at": at}


def _marks(typed: dict[str, str]) -> Marks:
    rings = _number(typed["rings"])
    if rings is not None and rings != int(rings):
        raise WrongInput("correction.number", value=typed["rings"])
    return Marks(
        outcome=typed["outcome"],
        ring_onset_s=_number(typed["onset"]),
        pick_up_earliest_s=_number(typed["from"]),
        pick_up_latest_s=_number(typed["to"]),
        rings=None if rings is None else int(rings),
    )


def _number(text: str) -> float | None:
    value = number(text) if text else None
    if isinstance(value, str):
        raise WrongInput("correction.number", value=text)
    return value
