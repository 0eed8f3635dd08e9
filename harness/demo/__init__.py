"""The main job against the embedded agency, and its numbers beside the truth."""

from __future__ import annotations

from pathlib import Path


def run(folder: Path, *, as_json: bool = False, picture: Path | None = None) -> int:
    """Make the demonstration agency in `folder`, call it, compare; gives the exit status (0: all intervals hold).

    `picture` is an SVG file to draw the table into.
    """
    from harness.demo.calls import demonstrate

    return demonstrate(folder, as_json=as_json, picture=picture)
