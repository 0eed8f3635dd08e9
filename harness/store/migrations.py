"""The tables, step by step: a step that was published is never changed, a change is a new step at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlite_utils import Migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

steps = Migrations("thirdring")

_NEVER_OVERWRITTEN = """
CREATE TRIGGER {table}_{event} BEFORE {event} ON {table} BEGIN
  SELECT RAISE(ABORT, '{table}: a row is never changed, a new one is added');
END
"""


@steps()
def m001_calls(db: Database) -> None:
    """Calls with what lists show as columns, and the whole record and measurement as JSON beside them."""
    db.table("calls").create(
        {
            "call_id": str,
            "unit": str,
            "number": str,
            "scenario": str,
            "started_at": str,
            "outcome": str,
            "rings": int,
            "answer_latency_earliest_s": float,
            "answer_latency_latest_s": float,
            "form": str,
            "machine_points": str,
            "open_items": int,
            "recording_path": str,
            "recording_sha256": str,
            "record": str,
            "measured": str,
        },
        pk="call_id",
        not_null={"unit", "number", "scenario", "started_at", "outcome", "record"},
        strict=True,
    )
    db.table("calls").create_index(["started_at"])
    db.table("calls").create_index(["unit", "started_at"])


@steps()
def m002_attempts(db: Database) -> None:
    """What the ledger claimed for a call; a call that was redialled has several."""
    db.table("attempts").create(
        {"attempt_id": str, "call_id": str, "ordinal": int, "claimed_at": str, "outcome": str},
        pk="attempt_id",
        not_null={"call_id", "ordinal", "claimed_at", "outcome"},
        foreign_keys=[("call_id", "calls", "call_id")],
        strict=True,
    )
    db.table("attempts").create_index(["call_id", "ordinal"], unique=True)


@steps()
def m003_recordings(db: Database) -> None:
    """Files of sound, with the windows in which nothing came."""
    db.table("recordings").create(
        {
            "id": int,
            "call_id": str,
            "path": str,
            "sha256": str,
            "duration_s": float,
            "sample_rate_hz": int,
            "missing": str,
        },
        pk="id",
        not_null={"call_id", "path", "sha256", "duration_s", "sample_rate_hz", "missing"},
        foreign_keys=[("call_id", "calls", "call_id")],
        strict=True,
    )
    db.table("recordings").create_index(["call_id", "path"], unique=True)


@steps()
def m004_sheets(db: Database) -> None:
    """Score sheets and answers: versions side by side, never overwritten."""
    db.table("answers").create(
        {"id": int, "call_id": str, "who": str, "given_at": str, "answers": str},
        pk="id",
        not_null={"call_id", "who", "given_at", "answers"},
        foreign_keys=[("call_id", "calls", "call_id")],
        strict=True,
    )
    db.table("sheets").create(
        {
            "id": int,
            "call_id": str,
            "version": int,
            "made_at": str,
            "form": str,
            "answers_id": int,
            "facts": str,
            "sheet": str,
        },
        pk="id",
        not_null={"call_id", "version", "made_at", "form", "facts", "sheet"},
        foreign_keys=[("call_id", "calls", "call_id"), ("answers_id", "answers", "id")],
        strict=True,
    )
    db.table("sheets").create_index(["call_id", "version"], unique=True)
    for table in ("sheets", "answers"):
        for event in ("UPDATE", "DELETE"):
            db.execute(_NEVER_OVERWRITTEN.format(table=table, event=event))


@steps()
def m005_hearings(db: Database) -> None:
    """What later ears made of a kept call: beside the first measurement, never in its place."""
    db.table("hearings").create(
        {
            "id": int,
            "call_id": str,
            "version": int,
            "heard_at": str,
            "ear": str,
            "measured": str,
            "facts": str,
            "sheet": str,
        },
        pk="id",
        not_null={"call_id", "version", "heard_at", "ear", "measured", "facts"},
        foreign_keys=[("call_id", "calls", "call_id")],
        strict=True,
    )
    db.table("hearings").create_index(["call_id", "version"], unique=True)
    for event in ("UPDATE", "DELETE"):
        db.execute(_NEVER_OVERWRITTEN.format(table="hearings", event=event))


STEP_NAMES = frozenset({"m001_calls", "m002_attempts", "m003_recordings", "m004_sheets", "m005_hearings"})
"""The steps that this version knows; a database with others was written by a newer one."""
