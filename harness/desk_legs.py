"""Telephones of testers that we have rung or that are up: who is on one is engaged by us, and a channel of its line is
taken. Noted beside the ledger for every process of the agency; no test of anybody, so it counts in no other cap.

A note goes when its leg ends; that of a process that is gone is worth nothing, and taken away by whoever finds it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import LedgerError
from harness.ledger import runs_still, this_process

if TYPE_CHECKING:
    from harness.agency import Agency

LEGS = "legs"


@dataclass(frozen=True)
class DeskLeg:
    """A tester's telephone that is rung, or up."""

    line: str
    """The line of agency.toml that it is on; empty: its own address was invited, no line of ours."""
    numbers: frozenset[str]
    """Its number, digits only, in every way that it can be read."""


def note_leg(agency: Agency, name: str, *, line: str, numbers: Iterable[str]) -> None:
    """Note a telephone before it is rung; under `harness.ledger.one_at_a_time`, as the gate's look before it."""
    folder = _folder(agency)
    data = {"line": line, "numbers": sorted(numbers), "process": this_process()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = folder / f"{name}.new"
        made.write_text(json.dumps(data), encoding="utf-8")
        os.replace(made, folder / f"{name}.leg")  # who looks meanwhile sees all of it or nothing
    except OSError as error:
        raise LedgerError("ledger.disk", reason=error.strerror or type(error).__name__) from None


def forget_leg(agency: Agency, name: str) -> None:
    """The telephone is free again."""
    with suppress(OSError):
        (_folder(agency) / f"{name}.leg").unlink()


def legs_up(agency: Agency) -> tuple[DeskLeg, ...]:
    """Every tester's telephone that a process of the agency is on now."""
    found = (_read(path) for path in sorted(_folder(agency).glob("*.leg")))
    return tuple(one for one in found if one is not None)


def _read(path: Path) -> DeskLeg | None:
    try:
        told = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None  # it ended meanwhile
    except OSError as error:  # a telephone that cannot be looked at may be up: nothing is dialled on a guess
        raise LedgerError("ledger.disk", reason=error.strerror or type(error).__name__) from None
    try:
        data = json.loads(told)
        if runs_still(data["process"]):
            return DeskLeg(str(data["line"]), frozenset(map(str, data["numbers"])))
    except (ValueError, KeyError, TypeError):
        pass
    with suppress(OSError):
        path.unlink()
    return None


def _folder(agency: Agency) -> Path:
    return agency.ledger / LEGS
