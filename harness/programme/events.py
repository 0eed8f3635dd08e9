"""What the programme tells whoever watches it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that the programme did, or that needs a person."""

    at: datetime
    """When."""
    what: str
    """month_drawn, dialling, done, again, redrawn, called_off, unknown, refused."""
    test: str = ""
    """Which test; empty: none."""
    detail: dict[str, Any] | None = None
    """More of it."""

    @property
    def needs_person(self) -> bool:
        """Whether somebody must look at it."""
        return self.what in ("unknown", "called_off", "unmet")
