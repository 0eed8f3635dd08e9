"""A person says whose fault it was: theirs, which only then counts, or not theirs, which makes the attempt void."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.agency import Agency
from harness.answering import Answered
from harness.ending_cause import VOID
from harness.errors import WrongInput
from harness.kept_sheet import kept_sheet
from harness.results import add_result
from harness.rounds import is_pending
from harness.scoring import score_said
from harness.store import Store
from rubric.sheet import to_dict

THEIRS, OURS = "theirs", "ours"
CONFIRMED = "fault_confirmed"
"""What the log's line is called."""


def confirm_fault(call_id: str, whose: str, *, who: str, reason: str, agency: Agency, store: Store) -> Answered:
    """Score a kept call again with what a person says of its candidate; the sheets before stay.

    Raises:
        NotFound: no such call.
        WrongInput: the machine took nothing for their fault, or two testers are scoring the call blind.
    """
    kept = kept_sheet(call_id, agency=agency, store=store)
    legs = candidates(kept.facts)
    if not legs:
        raise WrongInput("review.no_candidate", call_id=call_id)
    if is_pending(call_id, store):
        raise WrongInput("review.pending", call_id=call_id)
    said = kept.answers or {}
    facts = kept.facts | {
        "legs": kept.facts["legs"] | {name: _said_of(kept.facts["legs"][name], whose) for name in legs}
    }
    sheet = to_dict(score_said(kept.form, facts, said, on=kept.day))
    with store.writing():
        version = add_result(replace(kept, facts=facts), said, sheet, who=who, agency=agency, store=store)
        detail = {"whose": whose, "legs": legs, "reason": reason, "sheet": version}
        store.log.write(CONFIRMED, who=who, call_id=call_id, detail=detail)
    return Answered(call_id=call_id, version=version, sheet=sheet)


def candidates(facts: dict[str, Any]) -> list[str]:
    """The legs that the machine took for the far end's fault, and of which nobody has said so yet."""
    return [name for name, leg in facts.get("legs", {}).items() if _is_candidate(leg)]


def confirmed_as(log: list[dict[str, Any]]) -> str | None:
    """Whose fault a person said it was, by a call's log; None where nobody has."""
    said = [line["detail"]["whose"] for line in log if line["what"] == CONFIRMED]
    return said[-1] if said else None


def _is_candidate(leg: dict[str, Any]) -> bool:
    return leg["outcome"] == "fault_theirs" and not leg.get("fault_confirmed", True)


def _said_of(leg: dict[str, Any], whose: str) -> dict[str, Any]:
    if whose == THEIRS:
        return leg | {"fault_confirmed": True}
    return {"outcome": VOID} | {key: leg[key] for key in ("attempts", "forwarded") if key in leg}
