"""A walk along the chain: each entry must follow from the one before it, and the heads that others have must agree."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.evidence.finding import Finding
from harness.store.chain import BEFORE_ALL, DERIVED, KEYS, LINK_LENGTH, link_after
from harness.store.heads import Head

Key = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Entry:
    """What the chain says of a row."""

    n: int
    """Number of the entry."""
    at: str
    """When it was written."""
    what: str
    """The table."""
    row: dict[str, Any]
    """The row, long texts as their hash."""

    @property
    def call_id(self) -> str:
        """The call that it is about; empty: none."""
        return str(self.row.get("call_id") or "")


@dataclass
class Walked:
    """What a walk found."""

    newest: dict[Key, Entry] = field(default_factory=dict)
    """The newest entry of each row."""
    links: dict[int, str] = field(default_factory=dict)
    """The link of each entry."""
    findings: list[Finding] = field(default_factory=list)
    """What is wrong with the chain itself."""

    @property
    def head(self) -> Head | None:
        """The last entry."""
        last = max(self.links, default=0)
        return Head(n=last, link=self.links[last]) if last else None


def walk(entries: Iterable[tuple[int, str]]) -> Walked:
    """Go along the chain from its beginning."""
    walked, before, expected = Walked(), BEFORE_ALL, 1
    for n, text in entries:
        if n != expected:
            walked.findings.append(Finding("missing_entries", n=expected, values={"last": n - 1}))
        link, content = text[:LINK_LENGTH], text[LINK_LENGTH + 1 :]
        entry = _read(content)
        # After a gap there is nothing to compare with: the gap was told.
        wrong = entry is None or entry.n != n or text[LINK_LENGTH : LINK_LENGTH + 1] != " "
        if wrong or (n == expected and link != link_after(before, content)):
            walked.findings.append(Finding("entry_changed", n=n, call_id=entry.call_id if entry else ""))
        if entry is not None:
            _take(entry, walked)
        walked.links[n], before, expected = link, link, n + 1
    return walked


def contradicted(walked: Walked, heads: Iterable[Head]) -> Iterator[Finding]:
    """What heads that others have say against the chain: its end was cut off, or it was written anew."""
    last = max(walked.links, default=0)
    known = list(heads)
    beyond = [one for one in known if one.n > last]
    if beyond:
        most = max(beyond, key=lambda one: one.n)
        yield Finding("cut_off", n=last, values={"published": most.n, "at": most.at or "—"})
    wrong = [one for one in known if one.n <= last and walked.links.get(one.n) != one.link]
    if wrong:
        first = min(wrong, key=lambda one: one.n)
        yield Finding("rewritten", n=first.n, before=first.link, now=walked.links.get(first.n, "—"))


def _take(entry: Entry, walked: Walked) -> None:
    key = (entry.what, tuple(entry.row.get(name) for name in KEYS[entry.what]))
    if key in walked.newest and entry.what not in DERIVED:
        before = walked.newest[key]
        named = Finding("put_twice", entry.n, entry.what, entry.call_id, row=before.row, values={"m": before.n})
        walked.findings.append(named)
    walked.newest[key] = entry


def _read(content: str) -> Entry | None:
    try:
        said = json.loads(content)
        entry = Entry(said["n"], said["at"], said["what"], said["row"])
        hash(tuple(entry.row.get(name) for name in KEYS[entry.what]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return entry
