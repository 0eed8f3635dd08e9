"""A file that is made for one download and gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.responses import FileResponse


def made_file(name: str, write: Callable[[Path], object], *, kind: str | None = None) -> FileResponse:
    """Let `write` write a file and send it under its name."""
    folder = tempfile.TemporaryDirectory(prefix="thirdring-")
    path = Path(folder.name) / name
    try:
        write(path)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(path, filename=name, media_type=kind, background=BackgroundTask(folder.cleanup))
