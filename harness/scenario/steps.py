"""The steps of a scenario as data: each says what is done, where it may branch to, and whose rule its limits are."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from harness.toml_file import Written

Leg = Literal["ivr", "operator", "unit"]
Seconds = Annotated[float, Field(gt=0, le=600)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]

EXTENSION = "{extension}"  # in `digits`: stands for the extension of the unit that is called
OPERATOR = "{operator}"  # in `digits`: stands for the operator's key (總機代號) of the site
USUAL_OPERATOR_KEY = "9"
"""The operator's key of a switchboard that nobody described."""


class Bilingual(Written):
    """The same words in both languages."""

    zh: str
    """In Traditional Chinese."""
    en: str
    """In English."""


class Jump(Written):
    """Where the walk goes on when something happened; in a file the label alone will do."""

    to: Name
    """The label of the step."""
    at_most: Annotated[int, Field(ge=1, le=9)] | None = None
    """How often; a jump back needs it, so that every walk ends."""


def _jump(written: Any) -> Any:
    return {"to": written} if isinstance(written, str) else written


To = Annotated[Jump, BeforeValidator(_jump)]


class HeardJump(Jump):
    """Where the walk goes on when a marked prompt is heard."""

    prompt: str
    """Name of the mark, or what is marked (`operator_busy`, say)."""


Heard = Annotated[tuple[HeardJump, ...], Field(strict=False)]


class OnWait(Written):
    """Branches of a wait. Without one the call is ended there."""

    busy: To | None = None
    """The line is engaged."""
    no_answer: To | None = None
    """It rang, and the limit was waited out."""
    fault: To | None = None
    """Congestion, or nothing at all."""
    heard: Heard = ()
    """A marked prompt is heard."""


class OnListen(Written):
    """Branches of a listen. Without one the walk goes on with the next step."""

    timeout: To | None = None
    """It was not heard in time."""
    busy: To | None = None
    """A busy or congestion tone."""
    heard: Heard = ()
    """Another marked prompt is heard."""


class OnPress(Written):
    """Branches of a press. Without one a digit that had no effect makes the attempt void."""

    no_effect: To | None = None
    """The digit changed nothing, or the menu began again."""
    heard: Heard = ()
    """A marked prompt is heard."""


class OnTransfer(Written):
    """Branches of a transfer. Without one the walk goes on with the next step."""

    none: To | None = None
    """Nobody was put through."""
    busy: To | None = None
    """A busy or congestion tone."""
    heard: Heard = ()
    """A marked prompt is heard."""


class OnHandOver(Written):
    """Branches of handing over to a tester."""

    nobody: To
    """No tester came in time: what is said to whoever waits there."""


class _Step(Written):
    """What every step may say beside what it does."""

    label: Name | None = None
    """Its name, for branches."""
    rule: Bilingual | None = None
    """Where its limits come from; none: this program's own, or the scenario's."""


class Dial(_Step):
    """Send the INVITE."""

    do: Literal["dial"] = "dial"
    to: Literal["unit", "switchboard"] = "unit"
    """Whose number: the unit's own, or the switchboard of the unit's site."""


class WaitForAnswer(_Step):
    """Wait until the leg is picked up, signalled or heard, or give it up."""

    do: Literal["wait_for_answer"] = "wait_for_answer"
    leg: Leg = "unit"
    """What rings: the machine's menu, the operator, the unit."""
    give_up_s: Seconds = 27.0
    """Give up so many seconds after the ring onset at the earliest."""
    give_up_rings: Annotated[int, Field(ge=1, le=40)] | None = None
    """And only after so many whole rings; none: the seconds alone decide."""
    on: OnWait = OnWait()
    """Branches."""


class Listen(_Step):
    """Listen to the far end until something is heard."""

    do: Literal["listen"] = "listen"
    until: Literal["voice", "voice_end", "prompt_end", "mark", "silence", "seconds"] = "voice_end"
    """The start of a voice, its first pause, the end of a prompt (a voice, then `quiet_s` of quiet), a remembered
    mark, a second of silence, or just `timeout_s`."""
    prompt: str | None = None
    """With `mark`: its name, or what is marked (`operator`, `end` …)."""
    quiet_s: Seconds = 1.5
    """With `prompt_end`: so much quiet ends a prompt; a menu pauses for breath between its sentences."""
    timeout_s: Seconds = 10.0
    """Go on after so many seconds all the same."""
    on: OnListen = OnListen()
    """Branches."""


class Press(_Step):
    """Send digits inside the call, and see that they had an effect."""

    do: Literal["press"] = "press"
    digits: Annotated[str, Field(pattern=r"^(\{extension\}|\{operator\}|[0-9*#]+)$")]
    """The keys, `{extension}` for the unit's extension, or `{operator}` for the site's operator."""
    method: Literal["rfc4733", "info", "in_band"] = "rfc4733"
    """Telephone events in RTP (RFC 4733), SIP INFO, or tones in the sound."""
    at: Literal["now", "after_prompt", "into_prompt"] = "now"
    """At once, when the prompt has ended, or while it speaks: a menu that obeys then need not be heard out."""
    prompt: str | None = None
    """With `into_prompt`: press once this mark was heard; none: as soon as somebody speaks."""
    after_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    """So much later."""
    effect_within_s: Seconds = 15.0
    """When nothing has changed after so many seconds the digits had no effect."""
    then_leg: Leg | None = None
    """The leg that these digits lead to."""
    on: OnPress = OnPress()
    """Branches."""


class Say(_Step):
    """Say something: the agency's own recording, else a text through a speech synthesiser of this machine."""

    do: Literal["say"] = "say"
    sentence: Name | None = None
    """The agency's own recording of that name in its folder `sounds/`; `courtesy` is also a setting of agency.toml."""
    file: str | None = None
    """A sound file, its path counted from the scenario's."""
    text: str | None = None
    """What is said where there is no recording: `{name}`, `{extension}`, `{agency}`, `{call_back_number}` are filled
    in. A robot's voice sounds like fraud: it is warned of."""


class FollowTransfer(_Step):
    """Wait until the call is put through: ringing, music, or a message of the switchboard's."""

    do: Literal["follow_transfer"] = "follow_transfer"
    timeout_s: Seconds = 30.0
    """Nobody is put through after so many seconds."""
    on: OnTransfer = OnTransfer()
    """Branches."""


class HandOver(_Step):
    """Hold the call for a tester, who takes it over; goes on when the tester is done."""

    do: Literal["tester"] = "tester"
    wait_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    """Wait so long for a tester: somebody is waiting at the other end."""
    at_most_s: Seconds = 240.0
    """A tester has the call for so long."""
    until: Literal["done", "transfer"] = "done"
    """When the scenario goes on: when the tester is done, or also when the call is put through to somebody else."""
    on: OnHandOver
    """Branches: what is done when no tester comes must be said."""


class HoldSilent(_Step):
    """Stay on the line and say nothing, to see who hangs up first."""

    do: Literal["hold_silent"] = "hold_silent"
    seconds: Seconds = 5.0
    """How long; below 5 s the first release is not valid."""


class HangUp(_Step):
    """End the call from our side."""

    do: Literal["hang_up"] = "hang_up"


Step = Dial | WaitForAnswer | Listen | Press | Say | FollowTransfer | HandOver | HoldSilent | HangUp
STEPS = (Dial, WaitForAnswer, Listen, Press, Say, FollowTransfer, HandOver, HoldSilent, HangUp)
AnyStep = Annotated[Step, Field(discriminator="do")]


def jumps(step: Step) -> tuple[tuple[str, Jump], ...]:
    """Every branch of a step: what happened, and where it leads."""
    on = getattr(step, "on", None)
    if on is None:
        return ()
    plain = [(name, getattr(on, name)) for name in type(on).model_fields if name != "heard"]
    heard = [(f"heard:{one.prompt}", one) for one in getattr(on, "heard", ())]
    return (*((name, jump) for name, jump in plain if jump is not None), *heard)


def marks_wanted(step: Step) -> tuple[str, ...]:
    """The marks that a step cannot do without."""
    needed = step.prompt if isinstance(step, Press | Listen) else None
    return () if needed is None else (needed,)
