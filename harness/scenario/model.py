"""A scenario as it was read: an ordered list of steps, refused as a whole when it asks for something impossible."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from harness.errors import ScenarioError
from harness.scenario.graph import faults
from harness.scenario.steps import (
    EXTENSION,
    OPERATOR,
    USUAL_OPERATOR_KEY,
    AnyStep,
    Bilingual,
    Dial,
    Name,
    Press,
    Step,
    WaitForAnswer,
)
from harness.toml_file import Written

Title = Bilingual


class Scenario(Written):
    """An ordered list of steps; immutable once read."""

    name: Name
    """Named by situation; the same as the file's name without `.toml`."""
    title: Title
    """For people."""
    steps: Annotated[tuple[AnyStep, ...], Field(strict=False, min_length=1)]
    """What is done, in order."""
    _file: Path | None = PrivateAttr(default=None)
    _lines: tuple[int, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for fault in faults(self.steps):
            do = self.steps[fault.number - 1].do
            raise PydanticCustomError(
                fault.key,
                "impossible",
                {"number": fault.number, "do": do, **fault.values},
            )
        return self

    @property
    def file(self) -> Path | None:
        """Where it was read from; none when made in code."""
        return self._file

    @property
    def legs(self) -> tuple[str, ...]:
        """The legs that are waited for, in order."""
        return tuple(dict.fromkeys(step.leg for step in self.steps if isinstance(step, WaitForAnswer)))

    @property
    def dials(self) -> str:
        """Whose number is dialled: `unit` or `switchboard`."""
        return next(step.to for step in self.steps if isinstance(step, Dial))

    def place(self, number: int) -> dict[str, str]:
        """Name a step's place: the file, and its line where that is known."""
        where = self._file.name if self._file else self.name
        if not 0 < number <= len(self._lines):
            return {"zh": where, "en": where}
        line = self._lines[number - 1]
        return {"zh": f"{where}，第 {line} 行", "en": f"{where}, line {line}"}

    def refused(self, key: str, number: int, /, **values: Any) -> ScenarioError:
        """Make the error of a step that cannot be done."""
        return ScenarioError(key, where=self.place(number), number=number, do=self.steps[number - 1].do, **values)

    def with_extension(self, extension: str) -> Scenario:
        """Give the same scenario with the unit's extension in place of `{extension}`."""
        if not any(isinstance(s, Press) and s.digits == EXTENSION for s in self.steps):
            return self
        if not extension:
            raise ScenarioError("scenario.no_extension", where=self.name)
        return self._with(EXTENSION, extension)

    def with_operator(self, key: str = USUAL_OPERATOR_KEY) -> Scenario:
        """Give the same scenario with a site's own key in place of `{operator}`."""
        return self._with(OPERATOR, key)

    def _with(self, blank: str, digits: str) -> Scenario:
        return self.model_copy(update={"steps": tuple(_pressing(step, blank, digits) for step in self.steps)})


def _pressing(step: Step, blank: str, digits: str) -> Step:
    if isinstance(step, Press) and step.digits == blank:
        return step.model_copy(update={"digits": digits})
    return step
