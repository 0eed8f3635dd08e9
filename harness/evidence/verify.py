"""`thirdring verify`: every sheet, recording, mark and override against the chain of evidence, and every prompt mark
against the hash that was logged.

Who changes a row, a file or an entry contradicts the chain. Who rewrites the whole chain contradicts its heads: those
in the file beside the database, and those that papers and people have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import WrongInput
from harness.evidence.finding import Finding
from harness.evidence.marks import changed_marks
from harness.evidence.walk import Walked, contradicted, walk
from harness.recording import sha256
from harness.store import Store
from harness.store.chain import DERIVED, KEYS
from harness.store.heads import Head, heads_file, read_head
from harness.store.store import summary_of

FILES = ("recordings", "call_files")
SOUND = "recordings/*/*.flac"
"""Calls' sound as it lies in an agency's folder once they are over."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a look through the evidence of an agency gave."""

    head: Head | None
    """The newest entry; None: nothing was kept yet."""
    entries: int
    """Entries of the chain."""
    calls: int
    """Calls in it."""
    files: int
    """Files that are as they were."""
    deleted: int
    """Files of sound that were deleted by the rule of how long they are kept, which is logged."""
    findings: tuple[Finding, ...]
    """Everything that contradicts it."""

    @property
    def counts(self) -> dict[str, int]:
        """How much was looked at."""
        return {"entries": self.entries, "calls": self.calls, "files": self.files, "deleted": self.deleted}

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        head = None if self.head is None else self.head.to_dict()
        whole = {"schema": "thirdring.verification/1", "whole": not self.findings, "head": head} | self.counts
        return whole | {"findings": [one.to_dict() for one in self.findings]}


def verify(folder: Path, store: Store, *, heads: Sequence[Head] = ()) -> Verdict:
    """Look through everything; `heads` are those that others have, beside the file of heads."""
    # The heads first: those that are written meanwhile are of entries that this look does not see.
    kept, wrong_lines = _kept_heads(heads_file(folder / "thirdring.db"))
    with store.evidence.as_it_is():
        return _look(folder, store, [*kept, *heads], wrong_lines)


def _look(folder: Path, store: Store, heads: Sequence[Head], wrong_lines: Sequence[Finding]) -> Verdict:
    walked = walk(store.evidence.entries())
    found = [*walked.findings, *contradicted(walked, heads), *(wrong_lines if walked.links else ())]
    found += changed_marks(folder, store)
    for table in KEYS:
        found += _rows(table, walked, store)
    found += _figures(walked, store)
    found += _summaries(store)
    found += [Finding("guard_gone", values={"name": name}) for name in store.evidence.guards_gone()]
    found += [Finding("guard_strange", values={"name": name}) for name in store.evidence.guards_strange()]
    if not walked.links and not found and any(folder.glob(SOUND)):
        found.append(Finding("database_gone"))
    deleted = _deleted(store)
    checked = [(entry, _file(entry, folder, deleted)) for (what, _), entry in walked.newest.items() if what in FILES]
    found += [one for _, one in checked if isinstance(one, Finding)]
    return Verdict(
        head=walked.head,
        entries=len(walked.links),
        calls=sum(what == "calls" for what, _ in walked.newest),
        files=sum(one is None for _, one in checked),
        deleted=sum(one == "deleted" for _, one in checked),
        findings=tuple(found),
    )


def given_heads(given: str, file: Path) -> list[Head]:
    """The heads that somebody has: `N:HASH` off a paper, or a file of such lines. WrongInput: it is neither."""
    one = read_head(given)
    if one is not None:
        return [one]
    try:
        read = [read_head(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, ValueError):
        read = [None]
    known = [head for head in read if head is not None]
    if not known or len(known) < len(read):
        raise WrongInput("evidence.heads_wrong", given=given)
    return known


def _rows(table: str, walked: Walked, store: Store) -> Iterator[Finding]:
    there = set()
    for key, row in store.evidence.rows(table):
        there.add(key)
        entry = walked.newest.get((table, key))
        if entry is None:
            yield Finding("inserted", what=table, call_id=str(row.get("call_id") or ""), row=row)
        elif row != entry.row:
            for column in (name for name, was in entry.row.items() if row.get(name) != was):
                told = {"before": entry.row[column], "now": row.get(column), "row": entry.row}
                yield Finding("changed", entry.n, table, entry.call_id, column, **told)
    for (what, key), entry in walked.newest.items():
        if what == table and table not in DERIVED and key not in there:
            yield Finding("removed", n=entry.n, what=table, call_id=entry.call_id, row=entry.row)


def _figures(walked: Walked, store: Store) -> Iterator[Finding]:
    """Results whose row for figures is gone, though no later attempt took its place."""
    for call_id in store.rows.without():
        entry = walked.newest.get(("rows", (call_id, "result")))
        if entry is not None:
            yield Finding("figures_gone", n=entry.n, what="rows", call_id=call_id, row=entry.row)


def _summaries(store: Store) -> Iterator[Finding]:
    """What the list of calls shows must be what the newest sheet says."""
    for call_id, listed, sheet in store.evidence.summaries():
        wanted: dict[str, Any] = {"form": None, "machine_points": None, "open_items": None}
        if sheet is not None:
            try:
                said = json.loads(sheet)
                wanted = {"form": said["form"], **summary_of(said)}
            except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError):
                continue  # the sheet itself was told of
        for column in (name for name, value in wanted.items() if listed[name] != value):
            yield Finding("summary", None, "calls", call_id, column, before=wanted[column], now=listed[column])


def _deleted(store: Store) -> set[tuple[str, str]]:
    """Call and file name of the sound that was deleted by rule."""
    named = ((call_id, detail.get("files")) for call_id, detail in store.evidence.logged("sound_deleted"))
    lists = ((call_id, names) for call_id, names in named if isinstance(names, list))
    return {(call_id, name) for call_id, names in lists for name in names if isinstance(name, str)}


def _file(entry: Any, folder: Path, deleted: set[tuple[str, str]]) -> Finding | str | None:
    path, was = entry.row.get("path"), entry.row.get("sha256")
    told = {"n": entry.n, "what": entry.what, "call_id": entry.call_id, "column": str(path), "before": was}
    try:
        now = sha256(folder / path)
    except FileNotFoundError:
        if (entry.call_id, Path(path).name) in deleted:
            return "deleted"
        return Finding("file_gone", **told)
    except (OSError, TypeError, ValueError) as error:
        return Finding("file_gone", **told, now=str(error))
    return None if now == was else Finding("file_changed", **told, now=now)


def _kept_heads(file: Path) -> tuple[list[Head], list[Finding]]:
    """The heads in the file beside the database, and what is wrong with it."""
    try:
        lines = file.read_text("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return [], [Finding("heads_gone", values={"file": file.name})]
    read = [(number, read_head(line)) for number, line in enumerate(lines, start=1) if line.strip()]
    wrong = [Finding("head_line", values={"file": file.name, "line": number}) for number, one in read if one is None]
    return [one for _, one in read if one is not None], wrong
