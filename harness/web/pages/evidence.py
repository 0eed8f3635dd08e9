"""Whether what was kept is what was measured: `thirdring verify` at a button, with the moment it was looked through."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.responses import Response

from harness.agency import load_agency
from harness.errors import Refused, WrongInput
from harness.evidence.verify import Verdict, verify
from harness.store import open_store
from harness.store.heads import Head, read_head
from harness.web.declared import page
from harness.web.done import said
from harness.web.rights import Right
from harness.web.visit import Visit
from harness.web.years import in_sentence, sentence_of

MOST_HEADS, SHOWN = 100, 200


@page("/settings/evidence", right=Right.VERIFY)
def evidence(visit: Visit) -> Response:
    """What the last look found, and the button for another."""
    return visit.page("settings_evidence.html", **_found(visit), typed="")


@page("/settings/evidence", right=Right.VERIFY, method="POST")
def look(visit: Visit) -> Response:
    """Begin to look through everything; heads that papers say may be given, a line each."""
    typed = visit.text("heads", most=10_000)
    try:
        heads = _heads(typed)
    except WrongInput as error:
        told = {"problems": [sentence_of(error)], "typed": typed}
        return visit.page("settings_evidence.html", status=422, **_found(visit) | told)
    folder, who, now = visit.agency.folder, visit.person.name, visit.now
    if not visit.site.verifying.start(lambda: _look(folder, heads, who, now), now=now):
        raise Refused("evidence_page.busy")
    visit.log("verify_began", heads=len(heads))
    return visit.to("/settings/evidence")


@page("/settings/evidence/found", right=Right.VERIFY)
def found(visit: Visit) -> Response:
    """How far it is, for the page to ask again."""
    return visit.page("settings_evidence_found.html", **_found(visit))


def _look(folder: Path, heads: list[Head], who: str, now: datetime) -> Verdict:
    with open_store(load_agency(folder).database) as store:
        verdict = verify(folder, store, heads=heads)
        head = None if verdict.head is None else verdict.head.printed
        told = {"findings": len(verdict.findings), "head": head, **verdict.counts}
        store.log.write("verified", who=who, detail=told, now=now)
    return verdict


def _heads(typed: str) -> list[Head]:
    """The heads that were typed; never a file of the server's."""
    lines = [line.strip() for line in typed.splitlines() if line.strip()][:MOST_HEADS]
    read = [(line, read_head(line)) for line in lines]
    for line, head in read:
        if head is None:
            raise WrongInput("evidence_page.head_wrong", given=line[:80])
    return [head for _, head in read if head is not None]


def _found(visit: Visit) -> dict[str, Any]:
    job, lang = visit.site.verifying, visit.preferences.lang
    verdict = job.result
    findings = [in_sentence(one.sentence(lang)) for one in verdict.findings[:SHOWN]] if verdict else []
    before = None if verdict or job.running else next(iter(visit.store.log.named("verified", limit=1)), None)
    told: dict[str, Any] = {
        "note": said(visit),
        "running": job.running,
        "verdict": verdict,
        "at": job.at,
        "findings": findings,
        "before": before,
    }
    return told | {"error": sentence_of(job.error) if job.error else "", "failed": job.failed}
