"""LibreOffice, with which the offices open our papers, and the system's part of PDF.

Where one is not there its tests are left out, and the last lines of the run say so and how to get it.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.documents.pdf import why_no_pdf

CONVERT_S = 300
OFFICE = "sudo apt-get install --no-install-recommends libreoffice-writer-nogui libreoffice-calc-nogui"


class NotThere:
    """Says in the last lines of a run what was not tested."""

    def __init__(self, what: str, how: str) -> None:
        self.what, self.how = what, how

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write what was not tested and how to get it."""
        terminalreporter.write_line("")
        terminalreporter.write_line(f"沒有 {self.what}，與它的測試沒有執行。Not tested: no {self.what}.")
        terminalreporter.write_line(f"  取得 To get it: {self.how}")


def need_office(request: pytest.FixtureRequest) -> str:
    """Give LibreOffice's program, or leave the test out."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    if found is None:
        _left_out("LibreOffice", OFFICE, request)
    return str(found)


def need_pdf(request: pytest.FixtureRequest) -> None:
    """Leave the test out where no PDF can be made."""
    missing = why_no_pdf()
    if missing is not None:
        _left_out("PDF", missing.sentence("en"), request)


def _left_out(what: str, how: str, request: pytest.FixtureRequest) -> None:
    if not request.config.pluginmanager.has_plugin(f"not-there-{what}"):
        request.config.pluginmanager.register(NotThere(what, how), f"not-there-{what}")
    pytest.skip(f"no {what}: {how}")


def convert(office: str, files: Sequence[Path], to: str, folder: Path) -> list[Path]:
    """Open files in LibreOffice and save them as another kind; a profile of its own, so that runs do not meet."""
    profile = (folder / "profile").as_uri()
    asked = [office, f"-env:UserInstallation={profile}", "--headless", "--convert-to", to, "--outdir", str(folder)]
    done = subprocess.run([*asked, *map(str, files)], capture_output=True, text=True, timeout=CONVERT_S, check=False)
    found = [folder / f"{file.stem}.{to.split(':')[0]}" for file in files]
    assert [path.name for path in found if not path.exists()] == [], done.stderr
    return found
