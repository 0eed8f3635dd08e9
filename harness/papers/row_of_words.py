"""Words in a row, with what stands between them in each language."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Literal

from harness.words import say


def row_of(words: Iterable[str], lang: str, between: Literal["and", "besides"] = "and") -> str:
    """「同分、通數少」; no words are an empty text. `besides`: of whole sentences."""
    listed = list(words)
    return reduce(lambda one, other: say(f"report.{between}", lang, one=one, other=other), listed) if listed else ""
