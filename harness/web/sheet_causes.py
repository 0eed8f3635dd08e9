"""Why the machine left an item of an imported call open, and what became of a sheet after its signature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.corrections import corrections
from harness.imported_legs import BEGUN_LATE, NO_RINGING, NO_SIGNALLING, OTHER_LEGS, UNCLEAR_END
from harness.kept_sheet import KeptSheet
from harness.rounds import SETTLED, rounds
from harness.store import Store
from harness.words import catalogue
from rubric.schema import Item

OF_TIMES = frozenset({BEGUN_LATE, NO_RINGING, OTHER_LEGS, UNCLEAR_END})
"""What keeps rings and seconds from being known."""
HUNG_UP = frozenset({"caller_hung_up_first", "caller_let_hang_up_first"})
"""Facts that only signalling tells."""


def problems_of(kept: KeptSheet) -> tuple[str, ...]:
    """What could not be told of a call, as keys of the catalogue."""
    known = catalogue()
    return tuple(key for key in (kept.call["measured"] or {}).get("problems", ()) if key in known)


def causes_of(item: Item, kept: KeptSheet) -> tuple[str, ...]:
    """Those of a call's problems that keep this item from being known; the others are no reason for it."""
    timed = item.latency or any(option.latency or option.within for option in item.options)
    asks_end = any(tick.fact in HUNG_UP for tick in item.ticks)
    reasons = (OF_TIMES if timed else frozenset()) | ({NO_SIGNALLING} if asks_end else frozenset())
    return tuple(key for key in problems_of(kept) if key in reasons)


def since_signed(kept: KeptSheet, signed: dict[str, Any] | None, store: Store) -> list[dict[str, Any]]:
    """What made another sheet than the signed one count, oldest first: at, who, leg (empty: a decision) and reason."""
    if signed is None:
        return []
    return sorted(_later(kept.call_id, int(signed["version"]), store), key=lambda one: str(one["at"]))


def _later(call_id: str, version: int, store: Store) -> Iterator[dict[str, Any]]:
    settled = [one.entries[SETTLED] for one in rounds(call_id, store) if SETTLED in one.entries]
    for entry in (*corrections(call_id, store), *settled):
        told = entry["detail"]
        if told["sheet"] > version:
            yield {"at": entry["at"], "who": entry["who"], "leg": told.get("leg", ""), "reason": told["reason"]}
