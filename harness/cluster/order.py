"""What the head asks of a probe: one attempt, in plain data, and nothing that a line keeps secret."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from harness.again import unit_of
from harness.agency import Agency
from harness.hearing import find_plan
from harness.number_gate.called_number import To
from harness.planned_call import Plan
from harness.prompts.marks import marks_for
from harness.record import CallRecord

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Order:
    """One attempt that a probe is to make, at most once."""

    attempt: str
    """The attempt, as the head's ledger has it."""
    token: str
    """What takes its offer at the head, once."""
    ask: str
    """Name of the queue on which the head is asked."""
    call_id: str
    """What the call is to be called."""
    unit: str
    """The unit, by its id; the probe looks it up in its own directory."""
    number: str
    """What the head's gate permits, digits only; the probe's own gate must come to the same."""
    line: str
    """The line, by its id."""
    to: To
    """Whose number it is."""
    scenario: str
    """The scenario, by its name."""
    series: str
    """Who tests, internal or external."""
    plan: str
    """Fingerprint of everything that a call goes by: scenario, tones, sounds, marks."""
    longest_s: float
    """The call is ended after so many seconds, or earlier where the probe's own agency.toml says so."""

    def to_dict(self) -> Row:
        """As it travels."""
        return asdict(self)


def fingerprint(plan: Plan) -> str:
    """SHA-256 of everything that a call goes by on the machine that places it; answers and form stay with the head.

    Two machines whose folders say the same have the same, whatever their files are called.
    """
    digest = hashlib.sha256()
    for part in (plan.scenario, plan.tones, plan.sounds, plan.marks):
        digest.update(_told(part).encode())
    return digest.hexdigest()


def fingerprint_of_ear(record: CallRecord, agency: Agency) -> str:
    """SHA-256 of what a kept call is heard by beside the ear itself: tones, marks, and what its unit's line tells."""
    unit = unit_of(record, agency)
    tones = find_plan(record.tone_plan, agency_folder=agency.folder)
    tells = agency.line(unit.line).signals_release if unit else None
    parts = (tones, marks_for(unit, agency), replace(unit, row=0) if unit else None, tells)
    return hashlib.sha256(_told(parts).encode()).hexdigest()


def _told(value: object) -> str:
    """One text for one value."""
    if isinstance(value, BaseModel):
        return value.model_dump_json()
    if is_dataclass(value) and not isinstance(value, type):
        return f"({', '.join(_told(getattr(value, one.name)) for one in fields(value))})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_told(key)}: {_told(value[key])}' for key in sorted(value, key=repr))}}}"
    if isinstance(value, (tuple, list)):
        return f"({', '.join(map(_told, value))})"
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}{hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()}"
    if isinstance(value, Path):
        return hashlib.sha256(value.read_bytes()).hexdigest() if value.is_file() else value.name
    return repr(value)
