"""A call recorder's folder, file by file: what is right is kept, what is wrong is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from harness.agency import Agency
from harness.errors import EnvironmentFailed, ThirdringError, WrongInput
from harness.imported.keep import import_files
from harness.imported.names import compiled
from harness.imported.read import Given, Told
from harness.store import Store


@dataclass(frozen=True, kw_only=True)
class Each:
    """What became of some files."""

    kept: tuple[str, ...]
    """The calls that they are now, by their ids."""
    known: int
    """How many were imported before, and were left out."""
    wrong: tuple[ThirdringError, ...]
    """What is wrong with the others; each names its file."""


def import_each(files: Sequence[Given], told: Told, agency: Agency, store: Store, *, who: str, now: datetime) -> Each:
    """Keep each file that can be kept; the same files sent once more change nothing.

    Raises:
        WrongInput: what was said of all of them is wrong; nothing is kept.
        EnvironmentFailed: the disk failed; what came before it is kept.
    """
    if told.started:
        raise WrongInput("imported.one_start")
    if told.pattern:
        compiled(told.pattern)
    kept, known, wrong = list[str](), 0, list[ThirdringError]()
    for one in files:
        try:
            tests = import_files((one,), told, agency, store, who=who, now=now, skip_known=True)
        except ThirdringError as error:
            if isinstance(error, EnvironmentFailed) and error.values.get("file") != one.name:
                raise  # not of this file alone: the next one would meet it too
            wrong.append(error)
            continue
        kept += [test.record.call_id for test in tests]
        known += not tests
    return Each(kept=tuple(kept), known=known, wrong=tuple(wrong))
