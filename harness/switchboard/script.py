"""The script of an embedded agency, as data: which numbers it has and what each does when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from harness.errors import WrongInput
from harness.model_fault import Words
from harness.toml_file import Written, build, read_toml

Seconds = Annotated[float, Field(ge=0, le=600, strict=False)]
LegName = Literal["ivr", "operator", "unit"]


class Part(Written):
    """A stretch of sound; exactly one of tone, prompt and silence_s says which."""

    tone: Literal["ringback", "busy", "congestion"] | None = None
    """A tone in its national cadence."""
    prompt: str | None = None
    """A prompt by name, or a sound file by path."""
    silence_s: Seconds | None = None
    """Nothing but the line's noise."""
    seconds: Seconds | None = None
    """How long a tone lasts, or where a prompt is cut; tones need it."""
    is_: Literal["voice", "music", "recording"] = Field(default="voice", alias="is")
    """What a prompt is taken for: somebody speaking, music, or an announcement."""
    then_pick_up: bool = False
    """Whether somebody lifts the handset at its end."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [k for k in (self.tone, self.prompt, self.silence_s) if k is not None]
        if len(kinds) != 1 or (self.tone is not None and self.seconds is None):
            raise PydanticCustomError("switchboard.part", "one of tone (with seconds), prompt, silence_s")
        return self


class Ring(Written):
    """Send 180 Ringing, without sound."""

    do: Literal["ring"]
    leg: LegName = "unit"
    """Who rings."""


class Progress(Written):
    """Send 183 Session Progress and open early media."""

    do: Literal["progress"]


class Respond(Written):
    """Send any other provisional response, without sound."""

    do: Literal["respond"]
    status: Annotated[int, Field(ge=101, le=199)]
    """SIP status code: 181 Call Is Being Forwarded, 182 Queued, 199 Early Dialog Terminated …"""


class Answer(Written):
    """Send 200 OK: somebody picks up, or a gateway or menu answers."""

    do: Literal["answer"]
    leg: LegName | None = None
    """Who picked up; none: a gateway, nobody yet."""


class Reject(Written):
    """Send a final failure."""

    do: Literal["reject"]
    status: Annotated[int, Field(ge=300, le=699)]
    """SIP status code."""


class Wait(Written):
    """Let time pass, or until so many seconds after this leg's ring onset."""

    do: Literal["wait"]
    seconds: Seconds | None = None
    """From now."""
    after_onset_s: Seconds | None = None
    """From the last ring onset."""


class Play(Written):
    """Send sound; the script goes on when it has ended, or at once."""

    do: Literal["play"]
    parts: tuple[Part, ...] = Field(strict=False)
    """Stretches laid end to end, exact to the sample."""
    leg: LegName = "unit"
    """Whom its rings and voices belong to."""
    go_on: bool = False
    """Go on with the script while it sounds."""
    noise_dbfs: float | None = None
    """Level of white noise over all of it."""


class Digit(Written):
    """Wait for a digit and go on with the block that it names."""

    do: Literal["digit"]
    timeout_s: Seconds
    """How long to wait."""
    to: dict[str, str]
    """Digit → block; the key `timeout` for none in time, `other` for any other."""


class WaitRelease(Written):
    """Wait until the caller hangs up."""

    do: Literal["wait_release"]
    at_most_s: Seconds = 60.0
    """Then hang up all the same: nothing here rings for ever."""


class HangUp(Written):
    """Hang up from the agency's side."""

    do: Literal["hang_up"]


Step = Ring | Progress | Respond | Answer | Reject | Wait | Play | Digit | WaitRelease | HangUp
Steps = tuple[Annotated[Step, Field(discriminator="do")], ...]


class Extension(Written):
    """One number and its behaviour."""

    number: Annotated[str, Field(pattern=r"^[0-9]{1,15}$")]
    """User part of the SIP URI."""
    site: str
    """The site whose trunk it hangs on."""
    title: str = ""
    """What the behaviour is, for people."""
    steps: Steps = Field(strict=False)
    """What happens on a call, in order."""
    blocks: dict[str, Annotated[Steps, Field(strict=False)]] = Field(default_factory=dict)
    """Further steps by name, reached by digits."""

    @model_validator(mode="after")
    def _blocks_exist(self) -> Self:
        for steps in (self.steps, *self.blocks.values()):
            for step in steps:
                wrong = set(step.to.values()) - set(self.blocks) if isinstance(step, Digit) else set()
                if wrong:
                    raise PydanticCustomError("switchboard.block", "no block", {"names": ", ".join(sorted(wrong))})
        return self


class Site(Written):
    """One trunk: a SIP address on loopback that takes four calls at once."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    """Its name in `extension.site`."""
    port: Annotated[int, Field(ge=0, le=65535)]
    """Port on 127.0.0.1; 0: any free one."""
    transport: Literal["udp", "tcp"] = "udp"
    """Transport of signalling."""
    codecs: tuple[Literal["PCMA/8000", "PCMU/8000", "G722/16000"], ...] = Field(
        default=("PCMA/8000", "PCMU/8000"), strict=False
    )
    """Codecs it accepts, best first."""


class AgencyScript(Written):
    """An embedded agency."""

    title: str
    """What it is, for people."""
    site: tuple[Site, ...] = Field(strict=False, min_length=1)
    """Its trunks."""
    extension: tuple[Extension, ...] = Field(strict=False, min_length=1)
    """Its numbers."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        sites = {s.id for s in self.site}
        stray = sorted({e.site for e in self.extension} - sites)
        keys = [(e.site, e.number) for e in self.extension]
        twice = sorted({n for s, n in keys if keys.count((s, n)) > 1})
        if stray:
            raise PydanticCustomError("switchboard.stray", "unknown site", {"names": ", ".join(stray)})
        if twice:
            raise PydanticCustomError("switchboard.twice", "number twice", {"names": ", ".join(twice)})
        return self


def load_script(path: Path) -> AgencyScript:
    """Read an agency's script; raises WrongInput naming file, place, key and what is allowed."""
    return build(AgencyScript, read_toml(path), file=path.name, fault=WrongInput, place=_place)


def _place(loc: tuple[int | str, ...], data: dict[str, Any]) -> tuple[Words, str]:
    """Name a place in a script: the extension's number, then the keys down to the fault."""
    if len(loc) >= 2 and loc[0] == "extension" and isinstance(loc[1], int):
        number = data["extension"][loc[1]].get("number", "?")
        return {"zh": f"分機 {number}", "en": f"extension {number}"}, ".".join(str(p) for p in loc[2:]) or "extension"
    return {}, ".".join(str(part) for part in loc)
