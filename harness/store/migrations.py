"""The tables, step by step: a step that was published is never changed, a change is a new step at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlite_utils import Migrations

from harness.store.chain import begin_chain
from harness.store.marks import begin_mark_of_figures, begin_marks, begin_marks_of_cells

if TYPE_CHECKING:
    from sqlite_utils import Database

steps = Migrations("thirdring")

_IN_THE_CHAIN = (
    "calls",
    "attempts",
    "recordings",
    "call_files",
    "answers",
    "sheets",
    "hearings",
    "forms",
    "rescored",
    "rows",
    "reviews",
    "log",
    "plans",
    "plan_events",
    "improvements",
    "complaints",
    "signatures",
    "call_marks",
)

_NEVER_OVERWRITTEN = """
CREATE TRIGGER {table}_{event} BEFORE {event} ON {table} BEGIN
  SELECT RAISE(ABORT, '{table}: a row is never changed, a new one is added');
END
"""


# A test's attempts are called test.drawn-n: what its month's plan says of the test holds for its calls.
_DRAWN = "rtrim(attempt_id, '0123456789')"
_TEST = f"rtrim(substr({_DRAWN}, 1, length({_DRAWN}) - 1), '0123456789')"
ALLOT = f"""
WITH tried AS (
  SELECT call_id, claimed_at, substr({_TEST}, 1, length({_TEST}) - 1) AS test_id FROM attempts WHERE {{which}})
INSERT OR IGNORE INTO allotments (call_id, tester, at)
SELECT a.call_id, t.value ->> 'tester', a.claimed_at FROM tried a
  JOIN plan_events e ON e.test_id = a.test_id AND e.what = 'drawn'
  JOIN plans p ON p.month = e.month, json_each(p.plan, '$.tests') t
WHERE t.value ->> 'id' = a.test_id AND t.value ->> 'tester' <> ''
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


@steps()
def m011_complaints(db: Database) -> None:
    """Complaints as somebody counted them, and what each month was drawn from, so that it can be drawn again."""
    db.table("plans").add_column("inputs", str)
    db.table("complaints").create(
        {"id": int, "unit": str, "month": str, "source": str, "count": int, "note": str, "who": str, "at": str},
        pk="id",
        not_null={"unit", "month", "source", "count", "note", "who", "at"},
        strict=True,
    )
    db.table("complaints").create_index(["month", "unit", "source", "id"])
    _keep_for_ever(db, "complaints")


@steps()
def m012_people(db: Database) -> None:
    """Who may use the pages, their sessions, which can be revoked, and the log-ins that failed lately."""
    db.table("people").create(
        {
            "login": str,
            "name": str,
            "unit": str,
            "roles": str,
            "password": str,
            "preferences": str,
            "created_at": str,
            "changed_at": str,
        },
        pk="login",
        not_null={"name", "unit", "roles", "password", "preferences", "created_at", "changed_at"},
        strict=True,
    )
    db.table("sessions").create(
        {"digest": str, "login": str, "csrf": str, "began_at": str, "seen_at": str, "agent": str},
        pk="digest",
        not_null={"login", "csrf", "began_at", "seen_at", "agent"},
        foreign_keys=[("login", "people", "login")],
        strict=True,
    )
    db.table("sessions").create_index(["login"])
    db.table("failed_logins").create(
        {"id": int, "login": str, "address": str, "at": str},
        pk="id",
        not_null={"login", "address", "at"},
        strict=True,
    )
    db.table("failed_logins").create_index(["at"])
    db.table("log").create_index(["who", "what", "call_id"])
    db.table("calls").create_index(["open_items", "started_at"])
    db.table("allotments").create(
        {"call_id": str, "tester": str, "at": str},
        pk="call_id",
        not_null={"tester", "at"},
        foreign_keys=[("call_id", "calls", "call_id")],
        strict=True,
    )
    db.table("allotments").create_index(["tester"])
    db.execute(ALLOT.format(which="1"))


@steps()
def m013_list_of_calls(db: Database) -> None:
    """All that the list of calls chooses by in one index: the calls' own rows are long, with their records in them."""
    db.table("calls").create_index(["started_at", "call_id", "unit", "outcome", "open_items"])


@steps()
def m014_drafts(db: Database) -> None:
    """What somebody has filled in and not signed yet, which changes; and the signatures, which never do."""
    db.table("drafts").create(
        {"call_id": str, "who": str, "serial": int, "changed_at": str, "fields": str},
        pk=("call_id", "who"),
        not_null={"serial", "changed_at", "fields"},
        foreign_keys=[("call_id", "calls", "call_id")],
        strict=True,
    )
    db.table("signatures").create(
        {"call_id": str, "version": int, "who": str, "at": str, "digest": str},
        pk="call_id",
        not_null={"version", "who", "at", "digest"},
        foreign_keys=[("call_id", "calls", "call_id")],
        strict=True,
    )
    _keep_for_ever(db, "signatures")


@steps()
def m016_call_marks(db: Database) -> None:
    """What people said happened in a call, each with who and when; beside what the machine measured, never changed."""
    db.table("call_marks").create(
        {"id": int, "call_id": str, "at_s": float, "what": str, "who": str, "noted_at": str, "detail": str},
        pk="id",
        not_null={"call_id", "what", "who", "noted_at", "detail"},
        foreign_keys=[("call_id", "calls", "call_id")],
        strict=True,
    )
    db.table("call_marks").create_index(["call_id", "id"])
    _keep_for_ever(db, "call_marks")


@steps()
def m017_revisions(db: Database) -> None:
    """A mark that changes with the results, so that what was reckoned from them is known to be still right."""
    begin_marks(db)
    db.table("sheets").create_index(["call_id", "version", "made_at"])


@steps()
def m018_evidence(db: Database) -> None:
    """The chain of evidence, and the files of a call that are no sound; what was there before is found, not added."""
    db.table("call_files").create(
        {"id": int, "call_id": str, "path": str, "sha256": str, "bytes": int},
        pk="id",
        not_null={"call_id", "path", "sha256", "bytes"},
        foreign_keys=[("call_id", "calls", "call_id")],
        strict=True,
    )
    db.table("call_files").create_index(["call_id", "path"], unique=True)
    db.table("evidence").create({"n": int, "entry": str}, pk="n", not_null={"entry"}, strict=True)
    _keep_for_ever(db, "evidence")
    begin_chain(db, _IN_THE_CHAIN)


@steps()
def m019_log_by_kind(db: Database) -> None:
    """Changes of settings are looked for among ten thousands of listenings, how far a set-up has got on every page."""
    db.table("log").create_index(["what", "id"])


@steps()
def m020_lean_lists(db: Database) -> None:
    """All that the programme and follow-up ask of every call of a year, in indexes: the rows themselves are long."""
    db.table("calls").create_index(["series", "started_at", "unit", "outcome", "call_id"])
    db.table("rows").create_index(["shelf", "day", "call_id", "unit", "series", "person", "total", "void"])


@steps()
def m021_second_factor(db: Database) -> None:
    """A second factor of who logs in, first passwords that are not to last, and sessions that still want a code."""
    for column in ("factor_salt", "factor_offered", "first_password_at"):
        db.table("people").add_column(column, str)
    db.table("people").add_column("factor_step", int)
    db.table("sessions").add_column("wants_code", int, not_null_default=0)
    db.table("recovery_codes").create(
        {"login": str, "mark": str, "hash": str},
        pk=("login", "mark"),
        not_null={"hash"},
        foreign_keys=[("login", "people", "login")],
        strict=True,
    )


@steps()
def m022_mark_of_figures(db: Database) -> None:
    """A mark that changes with the figures alone, not with what is followed up."""
    begin_mark_of_figures(db)


@steps()
def m023_refused_tries(db: Database) -> None:
    """Who asked for what they may not have; outside the chain of evidence, so that nobody can fill that by asking."""
    db.table("refused_tries").create(
        {
            "login": str,
            "asked": str,
            "hour": str,
            "who": str,
            "status": int,
            "count": int,
            "first_at": str,
            "last_at": str,
        },
        pk=("login", "asked", "hour"),
        not_null={"who", "status", "count", "first_at", "last_at"},
        strict=True,
    )
    db.table("refused_tries").create_index(["login", "hour"])
    db.table("refused_tries").create_index(["last_at"])


@steps()
def m024_marks_of_cells(db: Database) -> None:
    """A mark for each unit's month: after a change the others' figures and follow-up stay as they were reckoned."""
    begin_marks_of_cells(db)


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
        "m011_complaints",
        "m012_people",
        "m013_list_of_calls",
        "m014_drafts",
        "m016_call_marks",
        "m017_revisions",
        "m018_evidence",
        "m019_log_by_kind",
        "m020_lean_lists",
        "m021_second_factor",
        "m022_mark_of_figures",
        "m023_refused_tries",
        "m024_marks_of_cells",
    }
)
"""The steps that this version knows; a database with others was written by a newer one."""
