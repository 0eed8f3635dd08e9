"""How a step came to its end, for the branches of the scenario."""

from __future__ import annotations

from dataclasses import dataclass

GOES_ON = ("timeout", "none", "nobody")
"""Without a branch the walk just goes on after these."""
VOID = ("no_effect",)
"""Without a branch these make the attempt void: a digit without effect is our fault."""


@dataclass(frozen=True)
class Happened:
    """What a step ended with; no event: as it should."""

    event: str = ""
    """A branch's name: busy, no_answer, fault, timeout, no_effect, none, nobody, or `heard:` and a mark."""
    leg: str = ""
    """The leg it belongs to."""
    detail: str = ""
    """What it was seen by."""
