"""Spreadsheets that people hand in, ODS and XLSX, as rows of cells; nothing in them is run."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

Rows = list[list[object]]
LONGEST_S = 60.0
_CHILD = Path(__file__).with_name("spreadsheet_child.py")
_QUIET = {"RUST_BACKTRACE": "0"}


def read_sheets(path: Path) -> dict[str, Rows]:
    """Every sheet of a file, by its name, from its first cell on.

    ValueError: it is no spreadsheet, or not there, or too large. It is read by a process of its own, which a file that
    is made to may take down.
    """
    command = [sys.executable, "-P", str(_CHILD), str(path)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=LONGEST_S,
            check=False,
            env=os.environ | _QUIET,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise ValueError("too large") from None
    if done.returncode == 1 and done.stderr and b"Traceback" not in done.stderr:
        raise ValueError(done.stderr.decode(errors="replace"))
    if done.returncode:
        raise ValueError("too large")
    found: dict[str, Rows] = pickle.loads(done.stdout)  # our own program wrote it
    return found
