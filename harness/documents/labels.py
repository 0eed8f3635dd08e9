"""The words around the form's own wording on a printed paper, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from rubric.words import Table, read_table, say_from
from rubric.words import say as say_of_rubric


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of the score sheet in `lang`."""

    lang: str
    """zh or en."""

    def say(self, key: str, **values: Any) -> str:
        """The label `sheet.<key>`."""
        return say_from(_table(), f"sheet.{key}", self.lang, **values)

    def why(self, score: Mapping[str, Any]) -> str:
        """An item's reason, as the sheet's JSON has it."""
        return str(score["why"] if self.lang == "zh" else score["why_en"])

    def only_awaits(self, why: str) -> bool:
        """Whether a reason says no more than that the tester is awaited."""
        return why.startswith(say_of_rubric("why.awaits", self.lang))


@cache
def _table() -> Table:
    return read_table(files("harness.documents").joinpath("words.toml").read_text("utf-8"))
