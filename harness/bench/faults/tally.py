"""What a round cost, and all rounds of a fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

COUNTS = ("lost", "twice", "wrong", "zero", "unproved", "up")


@dataclass(frozen=True, kw_only=True)
class Round:
    """One round; every count but `calls` should be 0."""

    calls: int = 0
    """Calls that the far end saw."""
    lost: int = 0
    """Calls that are neither kept nor left to a person, and recordings that nobody knows of or that cannot be read."""
    twice: int = 0
    """INVITEs of an attempt that had one, or of a test that was answered or is left to a person."""
    wrong: int = 0
    """Numbers that contradict what the far end did."""
    zero: int = 0
    """Calls held against a unit that answered, or that was rung again too soon."""
    unproved: int = 0
    """Contradictions that `thirdring verify` finds."""
    up: int = 0
    """Calls that nobody released at the far end."""
    unknown: int = 0
    """Tests left to a person."""
    void: int = 0
    """Attempts that count for nobody, because our side failed."""
    told: frozenset[str] = frozenset()
    """What the programme told people."""

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled or wrong."""
        return not any(getattr(self, name) for name in COUNTS)

    def __add__(self, other: Round) -> Round:
        """Both rounds together."""
        values: dict[str, Any] = {
            one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self) if one.name != "told"
        }
        return Round(**values, told=self.told | other.told)


def together(rounds: Sequence[Round]) -> Round:
    """All rounds of a fault."""
    return sum(rounds, start=Round())
