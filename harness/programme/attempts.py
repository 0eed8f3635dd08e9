"""What came of an attempt, as the programme's table keeps it and as the ledger knew it after a crash."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from harness.ledger import UNKNOWN, Claim
from harness.redial import VOID, Attempt
from harness.store import Store

Row = dict[str, Any]


def attempts_of(row: Row) -> tuple[Attempt, ...]:
    """The attempts that a waiting test has had."""
    return tuple(
        Attempt(ended_at=datetime.fromisoformat(one["ended_at"]), outcome=one["outcome"], leg=one["leg"])
        for one in row["detail"].get("attempts", ())
    )


def written(attempts: tuple[Attempt, ...]) -> list[Row]:
    """The same as JSON."""
    return [{"ended_at": one.ended_at.isoformat(), "outcome": one.outcome, "leg": one.leg} for one in attempts]


def after_crash(claim: Claim | None, store: Store, *, now: datetime) -> Attempt | None:
    """What an attempt came to whose process ended before it was noted; None: it was never dialled.

    One that was cut off is `unknown`: it may have rung somebody, and is never dialled again.
    """
    if claim is None:
        return None
    if claim.outcome is None or claim.outcome == UNKNOWN:
        return Attempt(ended_at=now, outcome=UNKNOWN, leg="")
    kept = store.plans.measured_of(claim.attempt_id)
    if kept is None:
        return Attempt(ended_at=now, outcome=VOID, leg="unit")
    return Attempt(ended_at=now, outcome=claim.outcome, leg=kept["legs"][-1]["leg"] if kept["legs"] else "unit")
