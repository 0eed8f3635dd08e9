"""Somebody says of a kept recording that it begins with the dialling: no ring can have come before its first one."""

from __future__ import annotations

from harness.again import hear_again
from harness.agency import Agency
from harness.corrections import Corrected, corrections, put_in_place
from harness.errors import Refused, WrongInput
from harness.imported_legs import BEGUN_LATE
from harness.kept_sheet import KeptSheet, kept_sheet
from harness.rehearing import heard_of, same_sound
from harness.rounds import is_pending
from harness.store import Store
from harness.words import say


def begun_late(kept: KeptSheet, store: Store) -> bool:
    """Whether a ring may have come before a recording, and nobody has said anything of its first leg yet."""
    late = BEGUN_LATE in (kept.call["measured"] or {}).get("problems", ())
    return late and first_leg(kept) not in {one["detail"]["leg"] for one in corrections(kept.call_id, store)}


def first_leg(kept: KeptSheet) -> str:
    """The leg that the recording begins with; empty where none was heard."""
    return next((name for name in kept.call["record"]["legs"] if name in kept.facts.get("legs", {})), "")


def say_from_dialling(call_id: str, *, who: str, agency: Agency, store: Store) -> Corrected:
    """Hear the first leg as of a recording from the dialling on, and score by that; the sheets before stay.

    Raises:
        WrongInput: no ring can have come before it, or that changes nothing.
        Refused: it was signed, or two testers are scoring it blind.
    """
    kept = kept_sheet(call_id, agency=agency, store=store)
    leg = first_leg(kept)
    if not leg or not begun_late(kept, store):
        raise WrongInput("imported.not_begun_late", call_id=call_id)
    if is_pending(call_id, store) or store.signatures.of(call_id) is not None:
        raise Refused("imported.signed_already", call_id=call_id)
    same_sound(kept.call, agency)
    again = hear_again(kept.call["record"] | {"from_dialling": True}, agency)
    after = heard_of(again, kept.facts, agency).facts["legs"][leg]
    reason = say("imported.from_dialling", "zh")
    return put_in_place(kept, leg, after, outcome=after["outcome"], who=who, reason=reason, agency=agency, store=store)
