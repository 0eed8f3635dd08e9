"""LibreOffice, with which the offices open our papers, and the system's part of PDF.

Where one is not there its tests are left out, and the last lines of the run say so and how to get it.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from left_out import leave_out

from harness.documents.paper_pdf import why_no_paper_pdf

CONVERT_S = 300
OFFICE = "sudo apt-get install --no-install-recommends libreoffice-writer-nogui libreoffice-calc-nogui fonts-liberation"
AS_WIDE = ("Times New Roman", "Liberation Serif", "Tinos")
"""The papers' own Latin font, and those whose letters are as wide."""


def need_office(request: pytest.FixtureRequest) -> str:
    """Give LibreOffice's program, or leave the test out."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    if found is None:
        leave_out("LibreOffice", OFFICE, request.config)
    return str(found)


def need_fonts(request: pytest.FixtureRequest) -> None:
    """Leave the test out where LibreOffice lays papers out in letters wider than an office's."""
    told = subprocess.run(
        ["fc-match", "-f", "%{family}", "Times New Roman"], capture_output=True, text=True, check=False
    )
    if not any(one in told.stdout for one in AS_WIDE):
        leave_out("Liberation Serif", OFFICE, request.config)


def need_pdf(request: pytest.FixtureRequest) -> None:
    """Leave the test out where no PDF can be made."""
    missing = why_no_paper_pdf()
    if missing is not None:
        leave_out("PDF", missing.sentence("en"), request.config)


def need_poppler(request: pytest.FixtureRequest) -> None:
    """Leave the test out where nothing can look into a PDF."""
    if shutil.which("pdffonts") is None:
        leave_out("poppler", "sudo apt-get install poppler-utils", request.config)


def convert(office: str, files: Sequence[Path], to: str, folder: Path) -> list[Path]:
    """Open files in LibreOffice and save them as another kind; a profile of its own, so that runs do not meet."""
    profile = (folder / "profile").as_uri()
    asked = [office, f"-env:UserInstallation={profile}", "--headless", "--convert-to", to, "--outdir", str(folder)]
    done = subprocess.run([*asked, *map(str, files)], capture_output=True, text=True, timeout=CONVERT_S, check=False)
    found = [folder / f"{file.stem}.{to.split(':')[0]}" for file in files]
    assert [path.name for path in found if not path.exists()] == [], done.stderr
    return found
