"""One thing that is not as the chain of evidence says: which call, which thing, what it was and what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.words import label, say

NAMING = ("version", "attempt_id", "path", "month", "test_id", "form", "unit", "source", "shelf", "who", "what", "at")
"""Columns that tell a person which row it is."""


@dataclass(frozen=True)
class Finding:
    """A contradiction."""

    kind: str
    """changed, removed, inserted, put_twice, entry_changed, missing_entries, cut_off, rewritten, head_line,
    heads_gone, file_changed, file_gone, summary, figures_gone, guard_gone, guard_strange, database_gone,
    mark_changed, mark_gone."""
    n: int | None = None
    """Number of the entry that tells it; None: there is none."""
    what: str = ""
    """The table."""
    call_id: str = ""
    """The call; empty: it is about none."""
    column: str = ""
    """The column, of a row that was changed; the path, of a file."""
    before: Any = None
    """What it was."""
    now: Any = None
    """What it is."""
    row: Mapping[str, Any] = field(default_factory=dict)
    """The row as it was, or as it is where it was not."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What else the sentence says."""

    def sentence(self, lang: str | None = None) -> str:
        """Say it to a person."""
        values: dict[str, Any] = {"n": self.n, "column": self.column, "row": _row(self.row), **self.values}
        values |= {"before": _told(self.before), "now": _told(self.now)}
        values["where"] = {one: self._where(one) for one in ("zh", "en")}
        return say(f"evidence.{self.kind}", lang, **values)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        named = {"kind": self.kind, "entry": self.n, "table": self.what or None, "call_id": self.call_id or None}
        told = {"column": self.column or None, "before": self.before, "now": self.now, **self.values}
        return named | told | {"zh": self.sentence("zh"), "en": self.sentence("en")}

    def _where(self, lang: str) -> str:
        words = [label("evidence.call", lang, call_id=self.call_id)] if self.call_id else []
        if self.what:
            words.append(label(f"evidence.thing_{self.what}", lang))
            which = [str(self.row[name]) for name in NAMING if isinstance(self.row.get(name), str | int)]
            words += ["(" + ", ".join(which[:3]) + ")"] if which else []
        return " ".join(words)


def _told(value: Any) -> str:
    if isinstance(value, dict) and "sha256" in value:
        return f"SHA-256 {value['sha256'][:16]}…"
    return "—" if value is None else str(value).encode("utf-8", "replace").decode()


def _row(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_told(value)}" for name, value in row.items() if value is not None)
