"""What a page shows of a call in progress: one whole picture at a time, each with the next serial."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

SCHEMA = "thirdring.live/1"

Phase = Literal["waits", "rings_tester", "dials", "walks", "talks", "holds", "courtesy", "redial", "over"]
"""`waits` begun and nothing rung yet; `rings_tester`; `dials` the agency; `walks` the scenario (waits, menu,
transfer); `talks` the tester has the conversation; `holds` nobody speaks, to see who hangs up first; `courtesy` the
sentence for whoever waits and nobody came; `redial` waits to dial again; `over`."""

TesterIs = Literal["none", "ringing", "here", "muted", "away", "gone"]
"""`none` an automated call; `ringing`; `here` speaks to the agency; `muted` hears it only; `away` lost, and rung again;
`gone` did not come back, or the call is over."""

CountedDown = Literal["tester_answers", "gives_up", "tester_back", "stay_silent", "longest_call", "redial"]

MARKS = ("operator_speaks", "transfer", "unit_speaks", "hold", "back", "ending")
"""What one key marks while the call lasts."""
REMARKS = ("abandoned", "wrong_unit", "refused", "number_left", "called_back")
"""What is said of a call as a whole, while it lasts or later: the tester gave it up, it was put through to another
unit, who answered refused to help, a number was left to be called back at, and the unit did call back."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question to ask."""

    question: str
    """What is asked."""
    answer: str
    """What a right answer says."""
    source: str = ""
    """Where that stands."""


@dataclass(frozen=True, kw_only=True)
class Marked:
    """What somebody marked in the call."""

    at_s: float
    """When, on the call's clock."""
    what: str
    """One of MARKS or REMARKS."""
    who: str
    """Who."""


@dataclass(frozen=True, kw_only=True)
class Countdown:
    """Something that happens by itself when a time has passed."""

    what: CountedDown
    """What: the tester's telephone is given up; the agency's is; the tester has to be back; who hangs up first is
    known; the call is ended; the test is dialled again."""
    left_s: float
    """Seconds from this state on."""
    of_s: float
    """How many there were."""


@dataclass(frozen=True, kw_only=True)
class LiveState:
    """One call, as it is now."""

    serial: int
    """Counts the states; a page that has this one wants a higher."""
    call_id: str
    """Its id; the sheet's page when it is over."""
    attempt: int
    """Which attempt of its test."""
    tester: str
    """Who tests; empty: nobody, an automated call."""
    unit: str
    """Id of the unit."""
    name: str
    """What the unit is called."""
    number: str
    """Number that is dialled."""
    scenario: str
    """Name of the scenario."""
    steps: tuple[str, ...]
    """What it does, step by step: `do` of each, with its leg."""
    step: int | None = None
    """Which of them it is at, from 0; None before and after."""
    questions: tuple[Asked, ...]
    """The two to ask, with their model answers."""
    phase: Phase
    """How far it is."""
    tester_is: TesterIs
    """How the tester's leg is."""
    now_s: float | None = None
    """The call's clock at this state."""
    ring_onset_s: float | None = None
    """When it began to ring, on the leg that is waited for or was last: heard, else the first 18x."""
    rings: int | None = None
    """The ring that it is at, or was picked up in, as the ear counts them live; the sheet's number may differ."""
    answered_s: float | None = None
    """When that leg was picked up, as far as it is known live."""
    leg: str = ""
    """The leg that is waited for, or was last: ivr, operator, unit."""
    hears: str = ""
    """What the ear hears now: ringback, busy, speech, music … ; empty: nothing, or not sure."""
    hears_since_s: float | None = None
    """Since when."""
    signalling: str = ""
    """The last that was signalled: `180 Ringing`, `200 OK`, `BYE` …"""
    far_dbfs: float | None = None
    """Level of the far end over the last quarter second; None: no sound yet, or none at all."""
    tester_dbfs: float | None = None
    """Level of the tester's own voice, muted or not."""
    countdowns: tuple[Countdown, ...] = ()
    """What is counted down."""
    marks: tuple[Marked, ...] = ()
    """What was marked, in order."""
    pressed: tuple[str, ...] = ()
    """Digits that were pressed, in order."""
    refused: str = ""
    """Why the last command was not done: a sentence, Chinese first; empty."""
    listeners: tuple[str, ...] = ()
    """Who listens in, or has taken it over."""
    taken_by: str = ""
    """Who has taken an automated call over; empty."""
    outcome: str = ""
    """What came of it, when it is over: `answered`, `busy` …, `tester_not_reached`, `tester_lost`, `refused` (by the
    gate), `failed`."""
    sentence: str = ""
    """The same in words, Chinese first; empty while it lasts."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with its schema; levels and times rounded."""
        return {"schema": SCHEMA, **_rounded(asdict(self))}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value
