"""An agency's folder as the programme goes by it: as it last was right and whole, however it is being edited.

What somebody saves counts at the next look but one. A file that is being written may read as a shorter one that
is right, a directory that lacks its last units say: so a change counts only when it has stood still from one look
to the next. What is wrong is told, and nothing of it is gone by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.agency import Agency, load_agency
from harness.errors import Refused, WrongInput
from harness.planned_call import Plan
from harness.programme.settings import ProgrammeSettings, read_programme
from harness.programme.workdays import read_official
from harness.redial import Rules, rules_of
from harness.scoring import usable_form
from harness.test_call import plan_call

FILES = ("*.toml", "*.csv", "forms/*", "scenarios/*", "prompts/*", "sounds/*", "tones/*")
"""Everything that people write and a call goes by."""
Stand = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a folder says."""

    agency: Agency
    """agency.toml and units.csv."""
    settings: ProgrammeSettings
    """programme.toml."""
    rules: Rules
    """When a test is dialled again, by the agency's form."""
    plans: Mapping[str, Plan | Refused]
    """Unit → its call, with scenario, form, tones and sounds as they were read; or why it may not be called."""

    def plan(self, unit: str) -> Plan:
        """The call of a unit. Raises Refused when it may not be called, or has left the directory."""
        found = self.plans.get(unit, Refused("refused.not_in_directory", text=unit))
        if isinstance(found, Refused):
            raise found
        return found


class WatchedFolder:
    """Reads an agency's folder when it has changed."""

    def __init__(self, folder: Path) -> None:
        """Read it for the first time. Raises WrongInput where something in it is wrong."""
        self._folder = folder
        self._read = self._seen = _stand(folder)
        self.known = read(folder)
        """What counts."""
        self.wrong: WrongInput | None = None
        """What is wrong in the folder as it stands now; what it said before that goes on counting."""

    @property
    def still(self) -> bool:
        """Whether everything that stands there has been read."""
        return self._seen == self._read

    def look(self) -> Known:
        """Take over what has changed and stood still since the last look; give what counts."""
        before, self._seen = self._seen, _stand(self._folder)
        if not self.still and self._seen == before:
            self._take_over()
        return self.known

    def _take_over(self) -> None:
        stand = self._seen
        try:
            known = read(self._folder)
        except WrongInput as error:
            self._read, self.wrong = stand, error
            return
        self._seen = _stand(self._folder)
        if self._seen == stand:  # else somebody wrote to it while it was read
            self.known, self._read, self.wrong = known, stand, None


def read(folder: Path) -> Known:
    """Read everything that the programme goes by; WrongInput names file, place and what is allowed."""
    agency = load_agency(folder)
    read_official(folder)
    return Known(
        agency=agency,
        settings=read_programme(folder),
        rules=rules_of(usable_form(agency.settings.form, folder)),
        plans={unit.unit: _plan(unit.unit, agency) for unit in agency.units},
    )


def _plan(unit: str, agency: Agency) -> Plan | Refused:
    try:
        return plan_call(unit, agency)
    except Refused as refusal:
        return refusal


def _stand(folder: Path) -> Stand:
    """The folder's files with size, time and inode: an editor that saves in another's place changes the last."""
    found = sorted(path for pattern in FILES for path in folder.glob(pattern))
    return tuple(_file(path) for path in found)


def _file(path: Path) -> tuple[str, int, int, int]:
    try:
        stat = path.stat()
        return path.name, stat.st_size, stat.st_mtime_ns, stat.st_ino
    except OSError:
        return path.name, -1, -1, -1
