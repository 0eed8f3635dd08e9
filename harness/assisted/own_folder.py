"""Where the sound of people's legs lies while a call lasts: what they say unheard by the agency is nobody's business.

It goes with its folder. A process that was killed takes nothing away: what such a one left is taken away by the next.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from pathlib import Path
from tempfile import TemporaryDirectory

PREFIX = "thirdring-desk-"
_NAME = re.compile(PREFIX + r"(?:(\d+)-)?.*")
OLD_S = 12 * 3600.0
"""One that tells of no process is left by a version before, and no call lasts for so long."""


def own_folder() -> TemporaryDirectory[str]:
    """A folder of this process's, for one leg."""
    return TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-")


def sweep(where: Path | None = None) -> int:
    """Take away what processes that are gone have left (in the system's place for such folders); gives how many."""
    swept = 0
    for path in (where or Path(tempfile.gettempdir())).glob(f"{PREFIX}*"):
        if path.is_dir() and not path.is_symlink() and path.stat().st_uid == os.getuid() and _is_left(path):
            shutil.rmtree(path, ignore_errors=True)
            swept += 1
    return swept


def _is_left(path: Path) -> bool:
    found = _NAME.fullmatch(path.name)
    began_s = path.stat().st_mtime
    if found is None or found[1] is None:
        return time.time() - began_s > OLD_S
    return not _may_be_of(int(found[1]), began_s)


def _may_be_of(pid: int, made_s: float) -> bool:
    """Whether a process of that number is there, and was when the folder was made: numbers come again."""
    try:
        return Path(f"/proc/{pid}").stat().st_mtime <= made_s + 1.0
    except OSError:
        return False
