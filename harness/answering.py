"""A tester's answers to a kept call: a new sheet after those that are there, and who gave them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.agency import Agency
from harness.errors import Refused, WrongInput
from harness.kept_sheet import kept_sheet
from harness.results import add_result
from harness.rounds import is_pending
from harness.scoring import score_said
from harness.store import Store
from rubric.sheet import to_dict


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A call that was answered."""

    call_id: str
    """The call."""
    version: int
    """Number of its new sheet."""
    sheet: dict[str, Any]
    """The sheet."""


def answer_call(call_id: str, said: dict[str, Any], *, who: str, agency: Agency, store: Store) -> Answered:
    """Score a kept call with a tester's answers, by the form that it was scored with first.

    Raises:
        NotFound: no such call.
        FactsError: the answers, every fault of them.
        WrongInput: two testers are scoring it blind.
        Refused: its sheet was signed.
    """
    kept = kept_sheet(call_id, agency=agency, store=store)
    signed = store.signatures.of(call_id)
    if signed is not None:
        raise Refused("sheet_page.signed", call_id=call_id, who=signed["who"])
    if is_pending(call_id, store):
        raise WrongInput("review.pending", call_id=call_id)
    sheet = to_dict(score_said(kept.form, kept.facts, said, on=kept.day))
    version = add_result(kept, said, sheet, who=who, agency=agency, store=store)
    return Answered(call_id=call_id, version=version, sheet=sheet)
