"""The list of calls, as far as somebody may see it, and one call's bare facts with its recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from harness.assisted.remarks import happened
from harness.assisted.state import REMARKS
from harness.documents.paper_pdf import why_no_paper_pdf
from harness.store.call_list import Wanted
from harness.web.beside_sound import text_beside, told_of
from harness.web.blind import is_blind
from harness.web.declared import Nav, page, waits
from harness.web.done import said
from harness.web.may_see import call_of, may_with, scope_of
from harness.web.rights import Right
from harness.web.visit import Visit
from harness.words import catalogue

A_PAGE = 50
COLUMNS = (
    "call_id",
    "unit",
    "started_at",
    "outcome",
    "rings",
    "answer_latency_earliest_s",
    "answer_latency_latest_s",
    "open_items",
)
SOUNDS = {".flac": "audio/flac", ".wav": "audio/wav"}
"""The files that are recordings, and what browsers call them."""
OUTCOMES = tuple(key.removeprefix("outcome.") for key in catalogue() if key.startswith("outcome."))
UNTIMED = frozenset({"none", "busy", "congestion", "no_answer", "rejected"})
"""Nobody picked up: rings and seconds in such a row, as older releases kept them, are an earlier leg's."""


@page("/calls", right=Right.SEE_CALLS, nav=Nav(20, "calls.nav"))
def listing(visit: Visit) -> Response:
    """A page of the list."""
    asked, scope = visit.asked, scope_of(visit.person, Right.SEE_CALLS)
    wanted = Wanted(unit=asked.get("unit", ""), outcome=asked.get("outcome", ""), open_only=bool(asked.get("open")))
    count = visit.store.call_list.count(scope, wanted)
    pages = max(-(-count // A_PAGE), 1)
    page_no = min(max(_whole(asked.get("page", "1")), 1), pages)
    rows = visit.store.call_list.page(scope, COLUMNS, wanted, limit=A_PAGE, offset=(page_no - 1) * A_PAGE)
    names = {unit.unit: unit.name or unit.unit for unit in visit.agency.units}
    titles = ({"unit_name": names.get(row["unit"], row["unit"])} for row in rows)
    calls = [row | title | timing_of(row) for row, title in zip(rows, titles, strict=True)]

    def link(number: int) -> str:
        told = {"unit": wanted.unit, "outcome": wanted.outcome, "open": "1" if wanted.open_only else ""}
        return "/calls?" + urlencode({key: value for key, value in told.items() if value} | {"page": number})

    shown: dict[str, Any] = {"count": count, "pages": pages, "page_no": page_no, "wanted": wanted, "link": link}
    shown["allotted_only"] = bool(scope.tester) and scope.spare_but is None and not scope.unit
    return visit.page("calls.html", calls=calls, units=_units(visit), outcomes=OUTCOMES, **shown)


@page("/calls/{call_id}", right=Right.SEE_CALLS, of=call_of)
def one(visit: Visit, call: dict[str, Any]) -> Response:
    """One call."""
    return call_page(visit, call)


def call_page(visit: Visit, call: dict[str, Any], *, wrong: str = "") -> Response:
    """A call's page; with `wrong`, what was wrong with what was sent, and what was typed still there."""
    names, may = {unit.unit: unit.name or unit.unit for unit in visit.agency.units}, may_with(visit, call["call_id"])
    told: dict[str, Any] = {
        "unit_name": names.get(call["unit"], call["unit"]),
        "timing": timing_of(call),
        "may": may,
        "there": sound_of(visit, call) is not None,
        "note": said(visit),
        "wrong": wrong,
        "typed": {name: visit.text(name) for name in ("what", "number", "at", "note", "reason")},
        "no_pdf": why_no_paper_pdf() is not None,
        "blind": is_blind(visit, call["call_id"]),
        "marks": text_beside(call, visit.preferences.lang),
    }
    return visit.page("call.html", status=422 if wrong else 200, call=call, **told | happened_at(visit, call))


def happened_at(visit: Visit, call: dict[str, Any]) -> dict[str, Any]:
    """What people said of a call, for `happened.html`; `said` is None for whoever may not know."""
    may, lang = may_with(visit, call["call_id"]), visit.preferences.lang
    knows = (may(Right.REMARK) or may(Right.EXPORT_CASE)) and not is_blind(visit, call["call_id"])
    said_of_it = happened(call, visit.agency, visit.store) if knows else None
    hears = may(Right.HEAR) and sound_of(visit, call) is not None
    return {"said": said_of_it, "remarks": REMARKS, "told_of": lambda one: told_of(one, lang), "hears": hears}


@waits("calls.wait_for_me", "/calls?open=1", right=Right.SCORE)
def to_score(visit: Visit) -> int:
    """Sheets with open items that are this person's to fill in."""
    return visit.store.call_list.count(scope_of(visit.person, Right.SCORE), Wanted(open_only=True))


def sound_of(visit: Visit, call: dict[str, Any]) -> Path | None:
    """The file of a call's recording; None: it was deleted when its time was over, or never was."""
    path = (visit.agency.folder / (call["recording_path"] or "")).resolve()
    inside = path.is_relative_to(visit.agency.folder.resolve())
    sound = path.suffix.lower() in SOUNDS  # the folder holds the database and the lines' passwords too
    return path if call["recording_path"] and inside and sound and path.is_file() else None


def duration_of(path: Path | None) -> float:
    """Seconds of a recording; 0 where there is none."""
    import soundfile

    return 0.0 if path is None else float(soundfile.info(path).duration)


def timing_of(row: dict[str, Any]) -> dict[str, Any]:
    """`rings` and `seconds` of the leg that the row's outcome is of; neither where nobody picked up."""
    if row["outcome"] in UNTIMED:
        return {"rings": None, "seconds": "—"}
    return {"rings": row["rings"], "seconds": seconds_of(row)}


def seconds_of(row: dict[str, Any]) -> str:
    """The time to the answer: one number, or the interval it lies in."""
    low, high = row["answer_latency_earliest_s"], row["answer_latency_latest_s"]
    if low is None or high is None:
        return "—"
    return f"{low:.1f}" if f"{low:.1f}" == f"{high:.1f}" else f"{low:.1f}–{high:.1f}"


def _units(visit: Visit) -> list[Any]:
    """The units that may be asked for: somebody of a unit is not shown the others."""
    scope = scope_of(visit.person, Right.SEE_CALLS)
    everybody = scope.everything or scope.tester
    return [unit for unit in visit.agency.units if everybody or unit.unit == scope.unit]


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
