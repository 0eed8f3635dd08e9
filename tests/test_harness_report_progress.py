"""Long work shows how far it is: on a terminal as a bar, told paper by paper, and never where a program reads."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from kept_calls import agency_with_units, keep_call
from rubric_cases import best, call

from harness.agency import Agency
from harness.figures import span_of
from harness.papers.edition import edition_of
from harness.papers.gather import gather
from harness.papers.write import write_edition
from harness.papers.year_round import Made, jobs_of, make_all
from harness.store import open_store

SETTLED = datetime(2026, 11, 4, 1, tzinfo=UTC)
MADE = datetime(2027, 1, 10, 1, tzinfo=UTC)


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    agency = agency_with_units(tmp_path / "agency")
    for n, unit in enumerate(("u1", "u2")):
        keep_call(agency, f"c{n}", call(has_ivr=False), best(has_ivr=False), unit=unit, made_at=SETTLED)
    return agency


def test_every_paper_that_is_done_is_told_in_turn_and_the_last_is_all_of_them(agency: Agency, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with open_store(agency.database) as store:
        known = gather(span_of("month", "2026-11"), agency=agency, store=store, today=date(2027, 1, 10))
    edition = edition_of(known)
    all_ = len(edition.papers)
    write_edition(edition, known, tmp_path, pdf=False, made_at=MADE, tick=lambda done, of: told.append((done, of)))
    assert told == [(n, all_) for n in range(all_ + 1)]


def test_a_year_is_told_edition_by_edition(agency: Agency, tmp_path: Path) -> None:
    told: list[Made] = []
    common = {"agency": agency.folder, "folder": tmp_path / "out", "pdf": False, "overwrite": False, "lang": "zh"}
    jobs = [job for job in jobs_of("2026", **common, made_at=MADE) if job.kind == "month"]
    made = make_all(tuple(jobs), processes=1, tick=told.append)
    assert [one.period for one in told] == [job.period for job in jobs]
    assert tuple(told) == made


def run(agency: Agency, folder: Path, *words: str) -> str:
    """Run the command with a terminal for its errors and give what that showed."""
    ours, theirs = pty.openpty()
    asked = [sys.executable, "-m", "harness.cli", "--agency", str(agency.folder), "report", "month", "2026-11"]
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    path = os.pathsep.join(one for one in sys.path if one)
    told = {"env": {**known, "TERM": "xterm", "LANG": "C.UTF-8", "PYTHONPATH": path}, "stdout": subprocess.DEVNULL}
    with subprocess.Popen([*asked, "--to", str(folder), "--no-pdf", *words], stderr=theirs, **told) as process:  # type: ignore[call-overload]
        os.close(theirs)
        shown = b"".join(_read(ours))
        assert process.wait() == 0, shown
    os.close(ours)
    return shown.decode("utf-8", "replace")


def _read(terminal: int) -> list[bytes]:
    """Everything until the last program has closed the terminal, which Linux tells as an error."""
    found = []
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            return found
        if not piece:
            return found
        found.append(piece)


def test_on_a_terminal_a_bar_grows_to_its_end_and_goes_away_again(agency: Agency, tmp_path: Path) -> None:
    shown = run(agency, tmp_path / "a")
    done = [int(one) for one in re.findall(r"(\d+)%", shown)]
    assert done[-1] == 100
    assert all(earlier <= later for earlier, later in pairwise(done))
    assert "━" in shown
    assert shown.rstrip().endswith("\x1b[2K") or "\x1b[2K" in shown.rpartition("100%")[2]  # its line is wiped


def test_where_a_program_reads_there_is_no_bar(agency: Agency, tmp_path: Path) -> None:
    assert run(agency, tmp_path / "a", "--json") == ""
