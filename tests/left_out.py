"""What is not tested on this machine: said in the last lines of a run, from whichever of its processes."""

from __future__ import annotations

from typing import NoReturn

import pytest

LINES: pytest.StashKey[dict[str, list[str]]] = pytest.StashKey()
ACROSS = "thirdring_left_out"
"""Under this name a testing process hands them to the one that prints."""


def leave_out(what: str, how: str, config: pytest.Config, *, reason: str = "") -> NoReturn:
    """Leave a test out, and say at the end of the run what was not tested and how to get it."""
    said = [f"沒有 {what}，與它的測試沒有執行。Not tested: no {what}.", *(f"  {line}" for line in reason.splitlines())]
    told(config)[what] = [*said, f"  取得 To get it: {how}"]
    pytest.skip(f"no {what}: {how}")


def told(config: pytest.Config) -> dict[str, list[str]]:
    """What was said so far, by what was left out."""
    across = getattr(config, "workeroutput", None)
    found: dict[str, list[str]] = (
        config.stash.setdefault(LINES, {}) if across is None else across.setdefault(ACROSS, {})
    )
    return found


def take_over(config: pytest.Config, output: dict[str, object]) -> None:
    """Take what a testing process said."""
    told(config).update(output.get(ACROSS, {}))  # type: ignore[call-overload]


def write(config: pytest.Config, terminal: pytest.TerminalReporter) -> None:
    """Write the last lines."""
    for lines in told(config).values():
        for line in ("", *lines):
            terminal.write_line(line)
