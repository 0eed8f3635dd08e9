"""What the programme tells whoever watches it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harness.errors import ThirdringError
from harness.words import LANGUAGES, say

SCHEMA = "thirdring.event/1"


INNER = ("attempts", "clocks", "wait_s")
"""Of a detail: what the programme goes on with, and nobody is told."""
NEEDS_PERSON = frozenset(
    ("unknown", "called_off", "unmet", "month_late", "month_skipped", "vacant", "sound_due", "folder_wrong", "trouble")
) | {"our_fault"}
"""Somebody must look at these."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that the programme did, or that needs a person."""

    at: datetime
    """When."""
    what: str
    """begun, ended; month_drawn, month_late, month_skipped, unmet; dialling, done, again, redrawn, called_off, unknown,
    refused, failed; sound_left, sound_due, vacant, folder_wrong, folder_right, trouble, trouble_over,
    our_fault, our_fault_over.
    """
    test: str = ""
    """Which test; empty: none."""
    unit: str = ""
    """Which unit it calls, as people call it."""
    detail: dict[str, Any] | None = None
    """More of it."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with its schema."""
        detail = {key: value for key, value in (self.detail or {}).items() if key not in INNER}
        told = {"schema": SCHEMA, "at": self.at.isoformat(), "what": self.what, "test": self.test, "unit": self.unit}
        return told | {"needs_person": self.needs_person, "detail": detail}

    @property
    def needs_person(self) -> bool:
        """Whether somebody must look at it."""
        return self.what in NEEDS_PERSON

    @property
    def is_sent(self) -> bool:
        """Whether it goes out by mail and webhook: what needs a person, and the hash of a month, to be published."""
        return self.needs_person or self.what == "month_drawn"


def in_both(key: str, **values: object) -> dict[str, Any]:
    """A sentence of the catalogue as the detail of an event, in both languages."""
    return {lang: say(key, lang, **values) for lang in LANGUAGES}


def sentences(error: Exception) -> dict[str, Any]:
    """What went wrong, as the detail of an event: its key, and the sentence in both languages."""
    if isinstance(error, ThirdringError):
        return {"key": error.key, "zh": error.sentence("zh"), "en": error.sentence("en")}
    told = f"{type(error).__name__}: {error}"
    return {"key": type(error).__name__, "zh": told, "en": told}
