"""One folder is one agency: agency.toml, units.csv, scenarios, forms, recordings, ledger, database.

Copying the folder is the backup.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from harness.directory import Unit, read_units, together
from harness.errors import AgencyError, DirectoryError, NotFound, ThirdringError
from harness.hours import Hours, read_hours
from harness.lines import MOST_AT_ONCE, LineSettings, Name
from harness.model_fault import Loc, Words
from harness.number_gate.forbidden_numbers import forbidden
from harness.number_text import digits_of
from harness.scenario.steps import USUAL_OPERATOR_KEY
from harness.tester_telephones import DeskTelephone
from harness.toml_file import Written, build, read_toml
from harness.virus_scan import LOCAL

AGENCY_FILE = "agency.toml"
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class HoursSettings(Written):
    """When telephones may be rung, for units whose row in units.csv says nothing else."""

    default: str = "09:00-11:30 13:30-16:30"
    """Spans of the day, local time."""
    days: Annotated[tuple[Day, ...], Field(strict=False, min_length=1)] = ("mon", "tue", "wed", "thu", "fri")
    """Days of the week."""
    holidays: bool = False
    """Whether telephones are tested on public holidays too, where an agency answers them every day."""

    @field_validator("default")
    @classmethod
    def _readable(cls, value: str) -> str:
        try:
            read_hours(value)
        except ValueError:
            raise PydanticCustomError("agency.hours", "hours", {"value": value}) from None
        return value


class Caps(Written):
    """How much may be called; only ever as little as this."""

    calls_at_once: Annotated[int, Field(ge=1, le=MOST_AT_ONCE)] = 2
    """Calls that may be up at the same time."""
    calls_per_hour: Annotated[int, Field(ge=1, le=1000)] = 30
    """Calls in any 60 minutes."""
    calls_per_day: Annotated[int, Field(ge=1, le=5000)] = 100
    """Calls in any 24 hours."""
    calls_per_number_per_day: Annotated[int, Field(ge=1, le=100)] = 4
    """Calls to one number in any 24 hours."""
    longest_call_s: Annotated[float, Field(gt=0, le=1800)] = 300.0
    """A call is ended after so many seconds."""


class Site(Written):
    """A building with its own switchboard."""

    id: Name
    """Name of the site; units.csv refers to it."""
    name: str
    """What people call it."""
    switchboard: str = ""
    """Its number (總機); empty: none."""
    has_ivr: bool = False
    """Whether a menu answers before the operator."""
    operator_key: Annotated[str, Field(pattern=r"^[0-9]{1,2}$")] = USUAL_OPERATOR_KEY
    """What is pressed in the menu for the operator (總機代號)."""
    line: Name | None = None
    """Line on which the switchboard is called; none: the first."""


class Settings(Written):
    """What agency.toml says."""

    name: str = Field(min_length=1)
    """Name of the agency."""
    language: Literal["zh-TW", "en"] = "zh-TW"
    """Language of its papers."""
    years: Literal["roc", "western"] = "roc"
    """Years on the pages of those who chose none themselves: 民國, or western."""
    timezone: str = "Asia/Taipei"
    """Time zone of its hours."""
    tone_plan: str = "tw"
    """Tones of its telephones: a zone name such as tw, us, uk."""
    form: str = "keelung-102"
    """Score sheet."""
    second_factor: Literal["required", "offered"] | None = None
    """Whether who may hear recordings needs a second factor on the pages; none: where other machines reach them."""
    clamd: Annotated[str, Field(pattern=LOCAL)] = ""
    """Where ClamAV's daemon listens, a socket's path or a port of this machine: what people bring is scanned; none:
    it is not."""
    recording_notice_date: date | None = None
    """Day on which the staff were told of test calls and of recording; without it nothing is recorded."""
    courtesy: str = ""
    """The staff's own recording that says who called (a file in this folder), for calls that say it."""
    call_back_number: str = ""
    """Where whoever was called can call back; read out, never dialled."""
    max_calls_at_once: Annotated[int, Field(ge=1, le=MOST_AT_ONCE)] | None = None
    """Short for `calls_at_once` of [caps]."""
    hours: HoursSettings = HoursSettings()
    """Office hours."""
    caps: Caps = Caps()
    """Limits."""
    recordings_only: bool = False
    """There is no line: recordings made elsewhere are brought, and the number gate lets nothing be dialled."""
    sites: Annotated[tuple[Site, ...], Field(strict=False)] = ()
    """Buildings and their switchboards."""
    lines: Annotated[tuple[LineSettings, ...], Field(strict=False, min_length=1)]
    """Lines, the first is the usual one."""
    telephones: Annotated[tuple[DeskTelephone, ...], Field(strict=False)] = ()
    """The testers' own telephones, for calls in which a tester speaks."""

    @field_validator("sites")
    @classmethod
    def _switchboards(cls, value: tuple[Site, ...]) -> tuple[Site, ...]:
        for site in value:
            digits = digits_of(site.switchboard)
            if site.switchboard and (not digits or forbidden(digits)):
                values = {"site": site.id, "number": site.switchboard}
                raise PydanticCustomError("agency.switchboard", "number", values)
        return value

    @field_validator("telephones")
    @classmethod
    def _telephones(cls, value: tuple[DeskTelephone, ...]) -> tuple[DeskTelephone, ...]:
        testers = [one.tester for one in value]
        for one in value:
            if one.digits and forbidden(one.digits):
                raise PydanticCustomError("telephone.forbidden", "number", {"tester": one.tester, "number": one.digits})
            if testers.count(one.tester) > 1:
                raise PydanticCustomError("telephone.twice", "twice", {"tester": one.tester})
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise PydanticCustomError("agency.timezone", "zone", {"value": value}) from None
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        lines = [line.id for line in self.lines]
        for kind, ids in (("lines", lines), ("sites", [site.id for site in self.sites])):
            for one in sorted({one for one in ids if ids.count(one) > 1}):
                raise PydanticCustomError("agency.id_twice", "twice", {"kind": kind, "id": one})
        for telephone in self.telephones:
            if telephone.line and telephone.line not in lines:
                values = {"tester": telephone.tester, "line": telephone.line, "known": ", ".join(lines)}
                raise PydanticCustomError("telephone.line", "line", values)
        for site in self.sites:
            if site.line and site.line not in lines:
                values = {"site": site.id, "line": site.line, "known": ", ".join(lines)}
                raise PydanticCustomError("agency.site_line", "line", values)
        return self

    @property
    def at_once(self) -> int:
        """Calls that may be up at the same time."""
        return self.max_calls_at_once or self.caps.calls_at_once


@dataclass(frozen=True)
class Agency:
    """An agency folder as it was read: what it says, its units, and where its things lie."""

    folder: Path
    """The folder."""
    settings: Settings
    """agency.toml."""
    units: tuple[Unit, ...]
    """units.csv, in its own order."""

    @property
    def recordings(self) -> Path:
        """Folder of the recordings, by day."""
        return self.folder / "recordings"

    @property
    def scenarios(self) -> Path:
        """Folder of the agency's own scenarios."""
        return self.folder / "scenarios"

    @property
    def forms(self) -> Path:
        """Folder of the agency's own score sheets."""
        return self.folder / "forms"

    @property
    def sheets(self) -> Path:
        """Folder of the printable pages, one a call."""
        return self.folder / "sheets"

    @property
    def ledger(self) -> Path:
        """Folder of the claims, one a dialled attempt."""
        return self.folder / "ledger"

    @property
    def database(self) -> Path:
        """The database."""
        return self.folder / "thirdring.db"

    @property
    def zone(self) -> ZoneInfo:
        """Time zone of its hours."""
        return ZoneInfo(self.settings.timezone)

    def day_of(self, started_at: str) -> date:
        """The day, where the agency is, of a moment in ISO 8601 with its offset."""
        return datetime.fromisoformat(started_at).astimezone(self.zone).date()

    def line(self, line_id: str = "") -> LineSettings:
        """Give a line by its id; the first when none is named."""
        return next((line for line in self.settings.lines if line.id == line_id), self.settings.lines[0])

    def site(self, site_id: str) -> Site | None:
        """Give a site by its id; the first when none is named."""
        named = [site for site in self.settings.sites if site.id == site_id or not site_id]
        return named[0] if named else None

    def hours_of(self, unit: Unit) -> Hours:
        """Give the hours in which a unit may be rung."""
        return read_hours(unit.hours or self.settings.hours.default)


def load_agency(folder: Path) -> Agency:
    """Read an agency folder; AgencyError and DirectoryError name file, place and what is allowed."""
    settings = read_settings(folder)
    return Agency(folder, settings, fitting(read_units(folder), settings))


def read_settings(folder: Path) -> Settings:
    """Read agency.toml alone: the directory may be what is being mended."""
    path = folder / AGENCY_FILE
    if not path.is_file():
        raise NotFound("agency.not_found", folder=folder)
    return settings_of(read_toml(path, fault=AgencyError))


def settings_of(data: dict[str, Any]) -> Settings:
    """Make the settings of what agency.toml says."""
    return build(Settings, data, file=AGENCY_FILE, fault=AgencyError, place=_place)


def fitting(units: tuple[Unit, ...], settings: Settings) -> tuple[Unit, ...]:
    """Refuse units that name a line or a site which agency.toml does not have."""
    known = {"line": [one.id for one in settings.lines], "site": [one.id for one in settings.sites]}
    wrong = list[ThirdringError]()
    for unit in units:
        for column, named in (("line", unit.line), ("site", unit.site)):
            if named and named not in known[column]:
                allowed = ", ".join(known[column]) or "—"
                told: dict[str, Any] = {"row": unit.row, "column": column, "value": named, "known": allowed}
                wrong.append(DirectoryError("directory.not_in_agency", **told))
    if wrong:
        raise together(wrong)
    return units


def _place(loc: Loc, data: dict[str, Any]) -> tuple[Words, str]:
    """Name a place in agency.toml: `[[lines]] 2` and the key in it."""
    if len(loc) >= 2 and isinstance(loc[1], int):
        where = {"zh": f"第 {loc[1] + 1} 個 [[{loc[0]}]]", "en": f"[[{loc[0]}]] number {loc[1] + 1}"}
        return where, ".".join(str(part) for part in loc[2:])
    if len(loc) >= 2:
        return {"zh": f"[{loc[0]}]", "en": f"[{loc[0]}]"}, ".".join(str(part) for part in loc[1:])
    return {}, ".".join(str(part) for part in loc)
