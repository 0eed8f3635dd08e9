"""The files that a form brings."""

from __future__ import annotations

from starlette.datastructures import UploadFile

from harness.errors import Refused, WrongInput
from harness.virus_scan import scan
from harness.web.visit import Visit


def sent_file(visit: Visit) -> tuple[str, bytes]:
    """The file that was sent: its name without any folder, and what is in it.

    WrongInput where there is none; Refused and EnvironmentFailed from the agency's virus scanner.
    """
    file = visit.form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise WrongInput("settings.no_file")
    name = file.filename.replace("\\", "/").rpartition("/")[2][:120]
    scanned(visit, file, name)
    return name, file.file.read()


def scanned(visit: Visit, file: UploadFile, name: str) -> None:
    """Hold a file that was sent against the agency's virus scanner, where there is one; what is found is logged."""
    try:
        scan(file.file, name=name, clamd=visit.agency.settings.clamd)
    except Refused as error:
        visit.log("virus_found", file=name, virus=error.values.get("what"))
        raise
