"""Whether a month's seal holds, the lots are the seed's, and who moved a call: `thirdring plan verify` at a button.

The lots are drawn again for it, which takes seconds in a large agency: a job, whose result is kept with its moment.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.responses import Response

from harness.agency import load_agency
from harness.errors import Refused
from harness.programme.kept_to import KeptTo, kept_to
from harness.programme.month import Verdict, kept_plan, verify_month
from harness.store import open_store
from harness.web.between import bracketed_text, listed_text
from harness.web.declared import page
from harness.web.job import Job
from harness.web.pages.plan import Month, month_of, title_of
from harness.web.rights import Right
from harness.web.visit import Visit
from harness.web.years import sentence_of
from harness.words import label


@page("/plan/{month}/verify", right=Right.SEE_PROGRAMME, of=month_of)
def verify(visit: Visit, month: Month) -> Response:
    """What the last look found, and the button for another; to htmx the part that changes."""
    return visit.page("plan_verify_found.html" if visit.by_htmx else "plan_verify.html", **_shown(visit, month))


@page("/plan/{month}/verify", right=Right.SEE_PROGRAMME, method="POST", of=month_of)
def look(visit: Visit, month: Month) -> Response:
    """Begin to verify it."""
    kept_plan(month.name, visit.store)  # one that was not drawn has nothing to verify, which is said at once
    folder, now = visit.agency.folder, visit.now
    if not _job(visit, month).start(lambda: _look(folder, month.name, now), now=now):
        raise Refused("evidence_page.busy")
    return visit.to(f"/plan/{month.name}/verify")


def _look(folder: Path, month: str, now: datetime) -> tuple[Verdict, KeptTo]:
    agency = load_agency(folder)
    with open_store(agency.database) as store:
        return verify_month(agency, month, store), kept_to(agency, month, store, now=now)


def _job(visit: Visit, month: Month) -> Job[tuple[Verdict, KeptTo]]:
    return visit.site.months.setdefault(month.name, Job(f"plan verify {month.name}"))


def _shown(visit: Visit, month: Month) -> dict[str, Any]:
    kept_plan(month.name, visit.store)
    job = _job(visit, month)
    named = month.over or visit.may(Right.SEE_PLAN)
    told: dict[str, Any] = {"one": month, "named": named, "at": job.at, "running": job.running, "failed": job.failed}
    told |= {"error": sentence_of(job.error) if job.error else "", "verdict": None}
    if job.result is None:
        return told
    verdict, kept = job.result
    if named and not month.over:
        visit.log("plan_revealed", month=month.name)
    moved = [
        {"unit": title_of(visit, one.unit), "planned": one.planned, "dialled": one.dialled, "why": _why(one.why)}
        | {"explained": one.explained}
        for one in kept.moved
    ]
    return told | {"verdict": verdict, "moved": moved, "beside": kept.beside, "unexplained": len(kept.unexplained)}


def _why(reasons: tuple[str, ...]) -> str:
    parted = (one.partition("\uff1a") for one in reasons)
    said = ((label(f"programme.why_{key}"), text) for key, _, text in parted)
    return listed_text(bracketed_text(why, text) if text else why for why, text in said)
