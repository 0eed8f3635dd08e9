"""Recordings from elsewhere: chosen, sent, heard, and straight into the sheet; the way in without a SIP line."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response

from harness.errors import EnvironmentFailed, Refused, ThirdringError, WrongInput
from harness.imported.each import import_each
from harness.imported.keep import import_files
from harness.imported.read import SUFFIXES, Given, Told
from harness.planned_call import TestCall
from harness.web.declared import Nav, page
from harness.web.error_pages import problem
from harness.web.may_see import reaches
from harness.web.rights import Right
from harness.web.sent_file import scanned
from harness.web.visit import Visit
from harness.web.years import sentence_of

MOST_BYTES = 128 << 20
"""Of one upload, all its files: half an hour of stereo at 16 kHz."""
MOST_FILES = 50
FORM_BYTES = 1 << 20
"""Of a body, for what is not the files themselves."""
A_PART = 5
"""So many files of a folder go at once: how far it is moves often, and a server that stops costs little."""
SHOWN = ("unit", "started", "far", "pattern", "from_dialling")


@page("/import", right=Right.UPLOAD, nav=Nav(25, "imported.nav"))
def choose(visit: Visit) -> Response:
    """The page: which files, whose, when."""
    return visit.page("import.html", **_shown(visit))


@page("/import", right=Right.UPLOAD, method="POST", most_bytes=MOST_BYTES)
def bring(visit: Visit) -> Response:
    """Keep what was sent, all or nothing; then on to the sheet, or to the list of what came."""
    try:
        with _sent(visit) as (files, infected):
            if infected:
                raise infected[0]
            tests = import_files(files, _told(visit), visit.agency, visit.store, who=visit.person.name, now=visit.now)
    except (WrongInput, EnvironmentFailed) as error:
        return _again(visit, error)
    return _next(visit, tests)


@page("/import/folder", right=Right.UPLOAD, method="POST", most_bytes=MOST_BYTES)
def bring_part(visit: Visit) -> Response:
    """Keep a part of a folder, each file by itself: how many, and what is wrong with the others, for the page's script.

    What was said of all of them, and what befell the server, is an error of the whole, as everywhere."""
    with _sent(visit) as (files, infected):
        found = import_each(files, _told(visit), visit.agency, visit.store, who=visit.person.name, now=visit.now)
    wrong = [sentence_of(one) for one in (*infected, *found.wrong)]
    return JSONResponse({"kept": len(found.kept), "known": found.known, "wrong": wrong})


def _told(visit: Visit) -> Told:
    return Told(
        unit=visit.text("unit", most=80),
        started=visit.text("started", most=40),
        pattern=visit.text("pattern", most=200),
        far=visit.text("far", most=10),
        from_dialling=visit.text("from_dialling") == "1",
    )


@contextmanager
def _sent(visit: Visit) -> Iterator[tuple[tuple[Given, ...], tuple[Refused, ...]]]:
    """The files that were sent, where they can be read, gone afterwards; and what the virus scanner says of others."""
    sent = [one for one in visit.form.getlist("files") if isinstance(one, UploadFile) and one.filename]
    if not sent:
        raise WrongInput("imported.choose_files")
    if len(sent) > MOST_FILES:
        raise WrongInput("imported.too_many", count=len(sent), most=MOST_FILES)
    with tempfile.TemporaryDirectory(prefix="thirdring-") as folder:
        found, infected = list[Given](), list[Refused]()
        for number, one in enumerate(sent):
            name = PurePosixPath((one.filename or "").replace("\\", "/")).name
            given = Given(Path(folder) / str(number), "".join(c for c in name if c.isprintable())[:120] or str(number))
            try:
                scanned(visit, one, given.name)
            except Refused as error:
                infected.append(error)
                continue
            with given.path.open("wb") as file:
                shutil.copyfileobj(one.file, file)
            found.append(given)
        yield tuple(found), tuple(infected)


def _again(visit: Visit, error: ThirdringError) -> Response:
    """The page once more, with what is wrong and what was typed; files are chosen anew, browsers keep none."""
    status, sentence = (422 if isinstance(error, WrongInput) else 503), sentence_of(error)
    if visit.by_htmx:
        return problem(visit, status, sentence)
    return visit.page("import.html", status=status, **_shown(visit) | {"wrong": sentence})


def _next(visit: Visit, tests: tuple[TestCall, ...]) -> Response:
    call_id = tests[0].record.call_id
    if len(tests) > 1:
        return visit.to(f"/import?done={len(tests)}")
    if reaches(visit, Right.SCORE, call_id):
        return visit.to(f"/calls/{call_id}/sheet")
    if reaches(visit, Right.SEE_CALLS, call_id):
        return visit.to(f"/calls/{call_id}")
    return visit.to("/import?done=1")  # of one's own unit: another one scores it


def _shown(visit: Visit) -> dict[str, Any]:
    typed = {name: visit.text(name, most=200) for name in SHOWN}
    done = visit.asked.get("done", "")
    return {
        "typed": typed,
        "units": visit.agency.units,
        "most_mb": MOST_BYTES >> 20,
        "most_files": MOST_FILES,
        "a_part": A_PART,
        "most_bytes": MOST_BYTES - FORM_BYTES,
        "accept": ",".join(SUFFIXES),
        "wrong": "",
        "done": int(done) if done.isascii() and done.isdigit() and len(done) < 4 else 0,
    }
