"""Everything that can go wrong and that a person is told of, as one tree; each error knows its exit status.

    ThirdringError
    ├── WrongInput (2)            a file, a number or an option says something that cannot be
    │   ├── AgencyError           agency.toml
    │   ├── DirectoryError        units.csv
    │   ├── ScenarioError         a scenario
    │   ├── FormError             a score sheet's form
    │   ├── FactsError            facts or answers handed to the score
    │   └── NotFound              a call, a scenario or a file that is not there
    ├── EnvironmentFailed (3)     no line, no disk, no database
    │   ├── LedgerError           an attempt cannot be claimed, or was claimed before
    │   ├── StoreError            the database cannot be read or written
    │   ├── LineError             the telephone failed on our side
    │   ├── TesterNotReached      a tester's own telephone was busy, unanswered or refused; nothing was dialled
    │   └── AttemptUnknown        another machine dialled, or may have, and is not heard of: a person decides
    └── Refused (4)               a safety rule says no; nothing was dialled

A call that is busy, unanswered or rejected is a result and never an error.
"""

from __future__ import annotations

from typing import Any, ClassVar

from harness.words import say

DONE = 0
BELOW_STANDARD = 1
WRONG_USAGE = 2
ENVIRONMENT_FAILED = 3
REFUSED = 4


class ThirdringError(Exception):
    """Base of the tree: a key of the catalogue with its values, and problems of the same kind below it."""

    exit_status: ClassVar[int] = ENVIRONMENT_FAILED

    def __init__(self, key: str, /, *, problems: tuple[ThirdringError, ...] = (), **values: Any) -> None:
        super().__init__(key)
        self.key = key
        self.values = values
        self.problems = problems

    def sentence(self, lang: str | None = None) -> str:
        """Say what is wrong, where, and what is allowed; Chinese first."""
        own = [] if self.problems else [say(self.key, lang, **self.values)]
        return "\n".join(own + [problem.sentence(lang) for problem in self.problems])

    def to_dict(self) -> dict[str, object]:
        """JSON form for `--json`."""
        each = self.problems or (self,)
        return {
            "schema": "thirdring.error/1",
            "error": self.key,
            "exit_status": self.exit_status,
            "zh": self.sentence("zh"),
            "en": self.sentence("en"),
            "problems": [one.sentence("zh") for one in each],
            "problems_en": [one.sentence("en") for one in each],
        }

    def __str__(self) -> str:
        return self.sentence()


class WrongInput(ThirdringError):
    """A file, a number or an option says something that cannot be."""

    exit_status = WRONG_USAGE


class AgencyError(WrongInput):
    """agency.toml is wrong."""


class DirectoryError(WrongInput):
    """units.csv is wrong, or a directory that is to take its place."""

    def __init__(self, key: str, /, *, problems: tuple[ThirdringError, ...] = (), **values: Any) -> None:
        super().__init__(key, problems=problems, **{"file": "units.csv", **values})


class ScenarioError(WrongInput):
    """A scenario is wrong or impossible."""


class FormError(WrongInput):
    """The form of a score sheet is wrong, or was changed after its first use."""


class FactsError(WrongInput):
    """The facts or answers handed to the score are wrong."""


class NotFound(WrongInput):
    """A call, a scenario or a file is not there."""


class EnvironmentFailed(ThirdringError):
    """No line, no disk, no database."""

    exit_status = ENVIRONMENT_FAILED


class LedgerError(EnvironmentFailed):
    """An attempt cannot be claimed, or was claimed before."""


class StoreError(EnvironmentFailed):
    """The database cannot be read or written."""


class LineError(EnvironmentFailed):
    """The telephone failed on our side."""


class TesterNotReached(EnvironmentFailed):
    """A tester's own telephone was busy, unanswered, refused or lost before the agency was dialled: nothing was."""

    __test__ = False  # pytest: not a test class


class AttemptUnknown(EnvironmentFailed):
    """Another machine dialled, or may have, and is not heard of: never dialled again by itself, a person decides."""


class Refused(ThirdringError):
    """A safety rule says no; nothing was dialled."""

    exit_status = REFUSED
