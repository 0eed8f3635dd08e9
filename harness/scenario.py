"""Who is called and what is done, as data: a scenario is a few steps that one can read aloud.

A scenario is a TOML file named by its situation. It is read, checked as a whole and refused before anything
is dialled when it asks for something impossible. All limits are data; scenarios/README.md names the rule
that each comes from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from harness.errors import NotFound, ScenarioError
from harness.model_fault import Words
from harness.toml_file import Written, build, read_toml

Leg = Literal["ivr", "operator", "unit"]
Seconds = Annotated[float, Field(gt=0, le=600)]

EXTENSION = "{extension}"  # in `digits`: stands for the extension of the unit that is called


class Dial(Written):
    """Send the INVITE."""

    do: Literal["dial"] = "dial"
    to: Literal["unit", "switchboard"] = "unit"
    """Whose number: the unit's own, or the switchboard of the unit's site."""


class WaitForAnswer(Written):
    """Wait until the leg is picked up, signalled or heard, or give it up."""

    do: Literal["wait_for_answer"] = "wait_for_answer"
    leg: Leg = "unit"
    """What rings: the machine's menu, the operator, the unit."""
    give_up_s: Seconds = 27.0
    """Give up so many seconds after the ring onset."""
    give_up_rings: Annotated[int, Field(ge=1, le=40)] | None = None
    """Give up only when so many rings were heard too; none: the seconds alone decide."""


class Listen(Written):
    """Listen to the far end until something is heard."""

    do: Literal["listen"] = "listen"
    until: Literal["voice", "voice_end", "silence"] = "voice_end"
    """The start of a voice, its end, or a second of silence."""
    timeout_s: Seconds = 10.0
    """Go on after so many seconds all the same."""
    say: str | None = None
    """Sound file played to the far end first, relative to the scenario; none: nothing is said."""


class Press(Written):
    """Send digits inside the call."""

    do: Literal["press"] = "press"
    digits: Annotated[str, Field(pattern=r"^(\{extension\}|[0-9*#]+)$")]
    """The keys, or `{extension}` for the unit's extension."""
    method: Literal["rfc4733", "info"] = "rfc4733"
    """Telephone events in RTP (RFC 4733), or SIP INFO."""
    then_leg: Leg | None = None
    """The leg that these digits lead to."""


class HoldSilent(Written):
    """Stay on the line and say nothing, to see who hangs up first."""

    do: Literal["hold_silent"] = "hold_silent"
    seconds: Seconds = 5.0
    """How long; below 5 s the first release is not valid."""


class HangUp(Written):
    """End the call from our side."""

    do: Literal["hang_up"] = "hang_up"


Step = Dial | WaitForAnswer | Listen | Press | HoldSilent | HangUp
AnyStep = Annotated[Step, Field(discriminator="do")]


class Title(Written):
    """What the scenario is called on screens and papers."""

    zh: str
    """In Traditional Chinese."""
    en: str
    """In English."""


class Scenario(Written):
    """An ordered list of steps; immutable once read."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    """Named by situation; the same as the file's name without `.toml`."""
    title: Title
    """For people."""
    steps: Annotated[tuple[AnyStep, ...], Field(strict=False, min_length=1)]
    """What is done, in order."""
    _file: Path | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        _check_order(self.steps)
        return self

    @property
    def file(self) -> Path | None:
        """Where it was read from; none when made in code."""
        return self._file

    @property
    def legs(self) -> tuple[str, ...]:
        """The legs that are waited for, in order."""
        return tuple(step.leg for step in self.steps if isinstance(step, WaitForAnswer))

    @property
    def dials(self) -> str:
        """Whose number is dialled: `unit` or `switchboard`."""
        return next(step.to for step in self.steps if isinstance(step, Dial))

    def with_extension(self, extension: str) -> Scenario:
        """Give the same scenario with the unit's extension in place of `{extension}`."""
        if not any(isinstance(s, Press) and s.digits == EXTENSION for s in self.steps):
            return self
        if not extension:
            raise ScenarioError("scenario.no_extension", where=self.name)
        steps = tuple(
            s.model_copy(update={"digits": extension}) if isinstance(s, Press) and s.digits == EXTENSION else s
            for s in self.steps
        )
        return self.model_copy(update={"steps": steps})


def load_scenario(name_or_path: str | Path, *, agency_folder: Path | None = None) -> Scenario:
    """Read a scenario by path, or by name: the agency's own first, then the shipped ones.

    Raises NotFound when there is none, ScenarioError when it is wrong; both before anything is dialled.
    """
    path = _find(str(name_or_path), agency_folder)
    data = read_toml(path, fault=ScenarioError)
    scenario = build(Scenario, data, file=path.name, fault=ScenarioError, place=_place)
    scenario._file = path
    return scenario


def scenario_names(agency_folder: Path | None = None) -> tuple[str, ...]:
    """Give the names that `load_scenario` knows."""
    folders = [shipped_folder(), *([agency_folder / "scenarios"] if agency_folder else [])]
    return tuple(sorted({f.stem for folder in folders for f in folder.glob("*.toml")}))


def shipped_folder() -> Path:
    """Give the folder of the scenarios that come with Thirdring."""
    return Path(__file__).parent.parent / "scenarios"


def _pressing(step: Step, extension: str) -> Step:
    if isinstance(step, Press) and step.digits == EXTENSION:
        return step.model_copy(update={"digits": extension})
    return step


def _find(name: str, agency_folder: Path | None) -> Path:
    if name.endswith(".toml") or "/" in name:
        candidates = [Path(name)]
    else:
        own = [agency_folder / "scenarios" / f"{name}.toml"] if agency_folder else []
        candidates = [*own, shipped_folder() / f"{name}.toml"]
    for path in candidates:
        if path.is_file():
            return path
    raise NotFound("scenario.not_found", name=name, known=", ".join(scenario_names(agency_folder)))


def _place(loc: tuple[int | str, ...], data: dict[str, Any]) -> tuple[Words, str]:
    """Name a place in a scenario: `step 3 (press)` and the key in it."""
    if len(loc) >= 2 and loc[0] == "steps" and isinstance(loc[1], int):
        kind = data["steps"][loc[1]].get("do", "?") if isinstance(data["steps"][loc[1]], dict) else "?"
        rest = [str(part) for part in loc[2:] if part != kind]
        where = {"zh": f"第 {loc[1] + 1} 步（{kind}）", "en": f"step {loc[1] + 1} ({kind})"}
        return where, ".".join(rest) or "do"
    return {}, ".".join(str(part) for part in loc)


def _check_order(steps: tuple[Step, ...]) -> None:
    """Refuse what cannot be done: each rule names the step that breaks it."""
    answered, dialled, waited = False, False, set[str]()
    for number, step in enumerate(steps, start=1):
        if isinstance(step, Dial) == dialled:
            raise _impossible("scenario.dial_once", number, step)
        dialled = True
        if isinstance(step, Listen | Press | HoldSilent) and not answered:
            raise _impossible("scenario.before_answer", number, step)
        if isinstance(step, WaitForAnswer):
            if step.leg in waited:
                raise _impossible("scenario.leg_twice", number, step, leg=step.leg)
            waited.add(step.leg)
            answered = True
        if isinstance(step, HangUp) != (number == len(steps)):
            raise _impossible("scenario.hang_up_last", number, step)
        if isinstance(step, Press) and step.then_leg and _next_leg(steps[number:]) != step.then_leg:
            raise _impossible("scenario.then_leg", number, step, leg=step.then_leg)


def _next_leg(steps: tuple[Step, ...]) -> str | None:
    return next((step.leg for step in steps if isinstance(step, WaitForAnswer)), None)


def _impossible(key: str, number: int, step: Step, **values: object) -> PydanticCustomError:
    return PydanticCustomError(key, "impossible", {"number": number, "do": step.do, **values})
