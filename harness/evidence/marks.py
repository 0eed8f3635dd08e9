"""The agency's prompt marks against the hashes that were logged when each was made: a mark decides what calls score."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.evidence.finding import Finding
from harness.prompts.marks import PROMPTS, is_mark_name
from harness.recording import sha256
from harness.store import Store


def changed_marks(folder: Path, store: Store) -> Iterator[Finding]:
    """Marks whose file is not the one that was logged last, or is gone; what was made before hashes were logged has
    none to be held against."""
    newest = {
        detail["name"]: detail.get("sha256")
        for _, detail in store.evidence.logged("prompt_marked")
        if isinstance(detail.get("name"), str) and is_mark_name(detail["name"])
    }
    for name, was in sorted(newest.items()):
        file = folder / PROMPTS / f"{name}.json"
        now = sha256(file) if file.is_file() else None
        if was is not None and now != was:
            told = {"name": name, "file": f"{PROMPTS}/{file.name}"}
            yield Finding("mark_gone" if now is None else "mark_changed", before=was, now=now, values=told)
