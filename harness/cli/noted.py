"""What a command changed in an agency's folder, written where the pages write it: among the changes."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any


def at_the_terminal(command: str) -> str:
    """Whoever sits at the terminal, for the log."""
    return f"{getpass.getuser()} (thirdring {command})"


def note_change(folder: Path, what: str, *, command: str, **detail: Any) -> None:
    """Write it into the agency's log; a folder that is no agency's yet has none."""
    from harness.agency import AGENCY_FILE
    from harness.store import open_store

    if (folder / AGENCY_FILE).is_file():
        with open_store(folder / "thirdring.db") as store:
            store.log.write(what, who=at_the_terminal(command), detail=detail)
