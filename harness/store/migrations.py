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


@steps()
def m006_forms(db: Database) -> None:
    """Forms as they were when first used, small rows to make figures from, and which series a call belongs to."""
    db.table("calls").add_column("series", str, not_null_default="internal")
    db.table("forms").create(
        {"form": str, "version": str, "digest": str, "content": str, "first_used_at": str},
        pk=("form", "version"),
        not_null={"digest", "content", "first_used_at"},
        strict=True,
    )
    db.table("rescored").create(
        {
            "id": int,
            "call_id": str,
            "beside": int,
            "made_at": str,
            "form": str,
            "form_version": str,
            "sheet": str,
            "differences": str,
        },
        pk="id",
        not_null={"call_id", "beside", "made_at", "form", "form_version", "sheet", "differences"},
        foreign_keys=[("call_id", "calls", "call_id"), ("beside", "sheets", "id")],
        strict=True,
    )
    db.table("rescored").create_index(["beside", "form", "form_version"], unique=True)
    _keep_for_ever(db, "forms", "rescored")


@steps()
def m007_rows(db: Database) -> None:
    """What figures need of a sheet, drawn from it and apart from it: a year's are read without the sheets' pages."""
    texts = ("day", "series", "group", "unit", "extension", "person", "total", "parts", "items")
    counts = ("timing_only", "void", "asked", "correct", "below_standard")
    keys = ("call_id", "shelf", "form", "form_version")
    db.table("rows").create(
        {**dict.fromkeys((*keys, *texts), str), **dict.fromkeys(counts, int)},
        pk=("call_id", "shelf"),
        not_null={*keys, *texts, *counts} - {"person", "total"},
        foreign_keys=[("call_id", "calls", "call_id")],
        strict=True,
    )
    db.table("rows").create_index(["shelf", "day"])


@steps()
def m008_reviews(db: Database) -> None:
    """Second opinions, objections and what was settled; and a log of who did what when. Both only grow."""
    db.table("reviews").create(
        {"id": int, "call_id": str, "round": int, "what": str, "who": str, "at": str, "detail": str},
        pk="id",
        not_null={"call_id", "round", "what", "who", "at", "detail"},
        foreign_keys=[("call_id", "calls", "call_id")],
        strict=True,
    )
    # One first, one second and one decision a round: of two that come at once the database takes one.
    db.table("reviews").create_index(["call_id", "round", "what"], unique=True)
    db.table("log").create(
        {"id": int, "at": str, "who": str, "what": str, "call_id": str, "detail": str},
        pk="id",
        not_null={"at", "who", "what", "detail"},
        strict=True,
    )
    db.table("log").create_index(["call_id", "id"])
    _keep_for_ever(db, "reviews", "log")


@steps()
def m009_plans(db: Database) -> None:
    """The drawn months with their seals, and what became of each of their tests. Both only grow."""
    db.table("plans").create(
        {"month": str, "seal": str, "drawn_at": str, "plan": str},
        pk="month",
        not_null={"seal", "drawn_at", "plan"},
        strict=True,
    )
    db.table("plan_events").create(
        {"id": int, "test_id": str, "month": str, "what": str, "at": str, "due_at": str, "detail": str},
        pk="id",
        not_null={"test_id", "month", "what", "at", "detail"},
        foreign_keys=[("month", "plans", "month")],
        strict=True,
    )
    db.table("plan_events").create_index(["test_id", "id"])
    db.table("plan_events").create_index(["month", "id"])
    _keep_for_ever(db, "plans", "plan_events")


@steps()
def m010_improvements(db: Database) -> None:
    """What became of each deficiency; it only grows."""
    db.table("improvements").create(
        {"id": int, "call_id": str, "what": str, "at": str, "who": str, "detail": str},
        pk="id",
        not_null={"call_id", "what", "at", "who", "detail"},
        foreign_keys=[("call_id", "calls", "call_id")],
        strict=True,
    )
    db.table("improvements").create_index(["call_id", "id"])
    _keep_for_ever(db, "improvements")


def _keep_for_ever(db: Database, *tables: str) -> None:
    for table in tables:
        for event in ("UPDATE", "DELETE"):
            db.execute(_NEVER_OVERWRITTEN.format(table=table, event=event))


STEP_NAMES = frozenset(
    {
        "m001_calls",
        "m002_attempts",
        "m003_recordings",
        "m004_sheets",
        "m005_hearings",
        "m006_forms",
        "m007_rows",
        "m008_reviews",
        "m009_plans",
        "m010_improvements",
    }
)
"""The steps that this version knows; a database with others was written by a newer one."""
