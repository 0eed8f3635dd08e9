"""All calls heard again with the ear of today, after an update say: what would change, and why. Nothing that was kept
changes, the new result stands beside it."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from harness.errors import Refused
from harness.rehearing import Rehearing
from harness.store import open_store
from harness.store.call_list import Wanted
from harness.web.blind import blind_calls
from harness.web.declared import page
from harness.web.may_see import scope_of
from harness.web.rights import Right
from harness.web.visit import Visit
from harness.web.years import sentence_of

SHOWN = 200
"""Rows on the page; all of them would be no page."""
Row = dict[str, Any]


@page("/reviews/hear-all", right=Right.REVIEW)
def hear_all(visit: Visit) -> Response:
    """What the last time found, and the button for another; to htmx the part that changes."""
    return visit.page("hear_all_found.html" if visit.by_htmx else "hear_all.html", **_shown(visit))


@page("/reviews/hear-all", right=Right.REVIEW, method="POST")
def begin(visit: Visit) -> Response:
    """Begin; whoever reviews hears every call but the own unit's, and those that are still to be heard blind."""
    site, who, now = visit.site, visit.person.name, visit.now
    calls = _calls(visit)

    def note(counts: dict[str, int]) -> None:
        with open_store(site.folder / "thirdring.db") as store:
            store.log.write("heard_again", who=who, detail=dict(counts), now=now)

    it, folder = site.hearing_again, visit.agency.folder

    def work() -> Any:
        it.stop.clear()
        it.total, it.done = len(calls), 0
        return it.work(folder, calls, busy=lambda: bool(site.calls.up()) or site.stopping.is_set(), note=note)

    if not it.job.start(work, now=now):
        raise Refused("evidence_page.busy")
    return visit.to("/reviews/hear-all")


@page("/reviews/hear-all/stop", right=Right.REVIEW, method="POST")
def stop(visit: Visit) -> Response:
    """Leave off after the call that is being heard; what was found stays."""
    visit.site.hearing_again.stop.set()
    return visit.to("/reviews/hear-all")


def _calls(visit: Visit) -> tuple[str, ...]:
    """Oldest first."""
    hidden, everything = blind_calls(visit), 2**62
    rows = visit.store.call_list.page(
        scope_of(visit.person, Right.REVIEW), ("call_id", "started_at"), Wanted(), limit=everything
    )
    return tuple(row["call_id"] for row in reversed(rows) if row["call_id"] not in hidden)


def _shown(visit: Visit) -> Row:
    it, lang = visit.site.hearing_again, visit.preferences.lang
    job, result = it.job, it.job.result
    told: Row = {"running": job.running, "failed": job.failed, "at": job.at, "total": it.total, "done": it.done}
    told |= {"error": sentence_of(job.error) if job.error else "", "result": result, "rows": [], "more": 0}
    told["waits"] = job.running and bool(visit.site.calls.up())
    if result is None:
        return told
    may = set(_calls(visit))  # of whoever looks, not of whoever began
    rows = [row for one in result.told if one.call_id in may for row in _rows(one, lang)]
    return told | {"rows": rows[:SHOWN], "more": max(0, len(rows) - SHOWN)}


def _rows(one: Rehearing, lang: str) -> list[Row]:
    if one.problem is not None:
        return [{"call_id": one.call_id, "problem": sentence_of(one.problem)}]
    points = {id(change) for change in one.points}
    return [
        {"call_id": one.call_id, "problem": "", "what": change.what, "points": id(change) in points}
        | {"before": _value(change.before), "after": _value(change.after), "why": change.why.get(lang) or ""}
        for change in (*one.numbers, *one.points)
    ]


def _value(value: Any) -> str:
    if isinstance(value, dict) and set(value) == {"earliest", "latest"}:
        low, high = value["earliest"], value["latest"]
        return f"{low}" if low == high else f"{low:g}–{high:g}"
    return "—" if value is None else str(value)
