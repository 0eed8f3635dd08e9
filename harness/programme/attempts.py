"""What came of an attempt, as the programme's table keeps it and as the ledger knew it after a crash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from harness import clocks
from harness.agency import Agency
from harness.ledger import UNKNOWN, Claim
from harness.left_call import keep_left
from harness.planned_call import TestCall
from harness.redial import VOID, Attempt, Rules, next_attempt
from harness.redialling import attempt_of
from harness.store import Store
from harness.store import plans as state

Row = dict[str, Any]


def attempted(test_id: str, drawn: int) -> str:
    """What a test's attempts are called in the ledger: a time drawn anew begins a new test under a new name."""
    return f"{test_id}.{drawn}"


def attempts_of(row: Row) -> tuple[Attempt, ...]:
    """The attempts that a waiting test has had."""
    return tuple(
        Attempt(ended_at=datetime.fromisoformat(one["ended_at"]), outcome=one["outcome"], leg=one["leg"])
        for one in row["detail"].get("attempts", ())
    )


def written(attempts: tuple[Attempt, ...]) -> list[Row]:
    """The same as JSON."""
    return [{"ended_at": one.ended_at.isoformat(), "outcome": one.outcome, "leg": one.leg} for one in attempts]


def measured_of(test: TestCall) -> Row:
    """What people are told of a call, and where they find it."""
    told: Row = {"call_id": test.record.call_id}
    for leg in test.measured.legs:  # the last that was answered counts
        if leg.answer_latency_s is not None:
            told |= {"rings": leg.rings, "answer_latency_s": leg.answer_latency_s.to_dict()}
    return told


def due_of(row: Row, now: datetime) -> datetime:
    """When a waiting test is due; one that waits for its next attempt waits its time whatever the wall clock was set to
    meanwhile."""
    due, detail = datetime.fromisoformat(row["due_at"]), row["detail"]
    age_s = clocks.age_s(detail.get("clocks"))
    return due if age_s is None else max(due, now + timedelta(seconds=detail["wait_s"] - age_s))


def tester_of(row: Row) -> str:
    """The tester whose own test it is that waits to be dialled again; empty: the programme dials it."""
    return str(row["detail"].get("tester", ""))


def begins_of(row: Row, now: datetime, zone: tzinfo) -> datetime:
    """From when on a waiting test is the programme's: when it is due, or once its tester let the whole day go by."""
    due = due_of(row, now)
    if not tester_of(row):
        return due
    return (due.astimezone(zone) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What a planned test has come to after an attempt."""

    what: str
    """The state: done, again or unknown."""
    detail: Row
    """Its attempts, their outcome and why."""
    due_at: datetime | None = None
    """When it is dialled again; None: it is not."""


def settled(attempts: tuple[Attempt, ...], rules: Rules, more: Row | None = None) -> Settled:
    """Say what a test has come to by its attempts and the form's rules; `more` is what people are told of the call."""
    last = attempts[-1]
    detail = {"attempts": written(attempts), "outcome": last.outcome} | (more or {})
    if last.outcome == UNKNOWN:
        return Settled(what=state.UNKNOWN, detail=detail)
    again = next_attempt(attempts, rules)
    if again is not None:
        wait_s = (again.at - last.ended_at).total_seconds()
        waits = {"why": again.why, "wait_s": wait_s, "clocks": vars(clocks.clocks())}
        return Settled(what=state.AGAIN, due_at=again.at, detail=detail | waits)
    if last.outcome == VOID:
        return Settled(what=state.UNKNOWN, detail=detail | {"why": "void"})
    return Settled(what=state.DONE, detail=detail)


def after_crash(
    claim: Claim | None,
    store: Store,
    *,
    now: datetime,
    agency: Agency | None = None,
    earlier: tuple[Attempt, ...] = (),
) -> Attempt | None:
    """What an attempt came to whose process ended before it was noted; None: it was never dialled.

    One that was cut off is `unknown`: it may have rung somebody, and is never dialled again. So is one that was over
    and left nothing to be kept: somebody was rung, and there is no evidence of what came of it. With `agency` and the
    `earlier` attempts of its test one that was over, and only not kept yet, is kept now.
    """
    if claim is None:
        return None
    kept = store.plans.measured_of(claim.attempt_id)
    test = keep_left(claim, agency, earlier=earlier) if agency is not None and kept is None else None
    if test is not None:
        return attempt_of(test, ended_at=now)
    if kept is not None:
        outcome = claim.outcome if claim.outcome not in (None, UNKNOWN, VOID) else str(kept["outcome"])
        return Attempt(ended_at=now, outcome=outcome, leg=kept["legs"][-1]["leg"] if kept["legs"] else "unit")
    if claim.outcome == VOID:
        return Attempt(ended_at=now, outcome=VOID, leg="unit")
    return Attempt(ended_at=now, outcome=UNKNOWN, leg="")
