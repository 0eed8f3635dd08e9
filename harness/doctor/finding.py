"""What one check found: a state, what was measured, and what to do about it; Chinese first, English beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.errors import DONE, ENVIRONMENT_FAILED, REFUSED
from harness.interval import Interval
from harness.words import label, say

SCHEMA = "thirdring.doctor/1"
OK, WARNING, FAILED, NOT_CHECKED = "ok", "warning", "failed", "not_checked"
SOMETHING_TO_SEE_TO = 1


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured value."""

    name: str
    """The field's word for it."""
    value: float | int | str | bool | None
    """The value; None: not known."""
    unit: str = ""
    """s, B, B/s, ppm, packets, Hz …; empty: a name or a count."""
    latest: float | None = None
    """Where it is an interval: its other end, `value` being the first."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form: an interval has `earliest` and `latest` in the place of `value`."""
        span = {"value": self.value} if self.latest is None else {"earliest": self.value, "latest": self.latest}
        return {"name": self.name, **span, "unit": self.unit}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found."""

    check: str
    """What was looked at: clock, disk, registration …"""
    state: str
    """ok, warning, failed or not_checked."""
    key: str
    """Key of the sentence that says what was measured."""
    do: str = ""
    """Key of the sentence that says what to do; empty: nothing."""
    line: str = ""
    """The line it is about; empty: the machine or the agency."""
    figures: tuple[Figure, ...] = ()
    """What was measured."""
    write: str = ""
    """The line to write into agency.toml, or the command to type; empty: none."""
    values: dict[str, Any] = field(default_factory=dict)
    """What the sentences name."""

    def measured(self, lang: str | None = None) -> str:
        """Say what was measured."""
        return say(self.key, lang, **self.values)

    def to_do(self, lang: str | None = None) -> str:
        """Say what to do; empty when there is nothing to do."""
        return say(self.do, lang, **self.values) if self.do else ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        name = f"doctor.check_{self.check}"
        return {
            "check": self.check,
            "name": {"zh": label(name, "zh"), "en": label(name, "en")},
            "line": self.line or None,
            "state": self.state,
            "measured": {"zh": self.measured("zh"), "en": self.measured("en")},
            "figures": [one.to_dict() for one in self.figures],
            "to_do": {"zh": self.to_do("zh"), "en": self.to_do("en")} if self.do else None,
            "write": self.write or None,
        }


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that was found, in the order in which it was looked at."""

    at: str
    """When, ISO 8601 with its offset."""
    agency: str
    """The agency's folder."""
    findings: tuple[Finding, ...]
    """One a check and line."""
    call_id: str | None = None
    """The call that was placed; None: nothing was dialled."""
    refused: bool = False
    """Whether the number gate said no."""

    @property
    def exit_status(self) -> int:
        """0 all is well, 1 something to see to, 3 the environment failed, 4 the number gate refused the call."""
        states = {one.state for one in self.findings}
        if self.refused:
            return REFUSED
        if FAILED in states:
            return ENVIRONMENT_FAILED
        return SOMETHING_TO_SEE_TO if WARNING in states else DONE

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with its schema."""
        return {
            "schema": SCHEMA,
            "at": self.at,
            "agency": self.agency,
            "call_id": self.call_id,
            "exit_status": self.exit_status,
            "findings": [one.to_dict() for one in self.findings],
        }


def found(
    check: str,
    state: str,
    key: str,
    do: str = "",
    *,
    line: str = "",
    figures: tuple[Figure, ...] = (),
    write: str = "",
    values: dict[str, Any] | None = None,
) -> Finding:
    """Make a finding."""
    told = values or {}
    return Finding(check=check, state=state, key=key, do=do, line=line, figures=figures, write=write, values=told)


def figure(name: str, value: float | int | str | bool | None, unit: str = "") -> Figure:
    """One value; seconds and the like to a tenth of a millisecond."""
    return Figure(name=name, value=round(value, 4) if isinstance(value, float) else value, unit=unit)


def between(name: str, span: Interval, unit: str = "s") -> Figure:
    """An interval, to a tenth of a millisecond."""
    return Figure(name=name, value=round(span.earliest, 4), latest=round(span.latest, 4), unit=unit)
