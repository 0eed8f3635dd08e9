"""What units are called, for pages, sentences and the names of files: their ids are the directory's own business."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from harness.directory import Unit

_NOT_IN_A_FILE = re.compile(r'[\\/:*?"<>|\x00-\x1f]')
LONGEST = 60


def titles_of(units: Iterable[Unit]) -> dict[str, str]:
    """Id → name; two of one name show their ids beside it."""
    named = {one.unit: one.name or one.unit for one in units}
    often = Counter(named.values())
    return {unit: name if often[name] == 1 else f"{name}（{unit}）" for unit, name in named.items()}


def in_file_name(unit: str, units: Sequence[Unit]) -> str:
    """A unit as part of a file's name; one that has left the directory keeps its id."""
    title = titles_of(units).get(unit, unit)
    return _NOT_IN_A_FILE.sub("_", title)[:LONGEST].strip(". ") or unit
