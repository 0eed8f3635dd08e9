"""Marked prompts found again in a call: the mark's time, or that the prompt was changed; and what follows from it.

Measured on the shipped prompts through G.711, GSM and G.726, with and without 5 % loss, at 40, 20 and 10 dB: 162 of
162 found, each to 2 ms, likeness 0.70 and more; in other words of other speakers at most 0.56. Marks are given to
±50 ms; the way from the packet into the recording is added as for everything heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.prompt_search import search
from dsp.segment import MISSING, SPEECH, Span
from harness.interval import Interval
from harness.measure import Measured
from harness.measured_leg import MeasuredLeg
from harness.prompts.live import PromptFound, prompt_found
from harness.prompts.marks import MENU, OPERATOR, Mark
from harness.softphone.signals import RELEASED
from harness.timeline import Event, Timeline
from harness.words import label

HEARD, CHANGED, NOT_HEARD = "heard", "changed", "not_heard"
IVR = "ivr"
SAME_SPEECH_S = 1.0
"""Words that follow each other within this are one speaker's, so one known word tells who speaks them all."""
ENOUGH_S = 1.0
"""A menu that was listened to for so long beyond the mark's place, and the mark not heard, was changed."""


@dataclass(frozen=True, kw_only=True)
class HeardMark:
    """What became of one mark in one call."""

    name: str
    """The mark."""
    what: str
    """operator, end or menu."""
    kind: str
    """What kind of recording it is."""
    status: str
    """`heard`; `changed`: where it should have been it was not, or only something like it; `not_heard`: the call
    did not come so far."""
    at_s: Interval | None
    """When, on the call's clock; None unless heard."""
    likeness: float
    """0 to 1."""
    place_s: float | None = None
    """Where in the recording."""
    window_s: tuple[float, float] | None = None
    """From where to where of the recording the remembered sound was heard."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        data = {key: value for key, value in vars(self).items() if key != "window_s"}
        return data | {
            "at_s": None if self.at_s is None else self.at_s.to_dict(),
            "place_s": None if self.place_s is None else round(self.place_s, 3),
            "likeness": round(self.likeness, 3),
        }


@dataclass(frozen=True, kw_only=True)
class KnownPrompts:
    """What an agency's marks tell of a call."""

    marks: tuple[HeardMark, ...] = ()
    """Every mark of the site."""
    operator_code_s: Interval | None = None
    """Answer → the menu has said the operator's key (基隆市附件三 A1.3: within 10 s)."""
    operator_code_after_menu_s: Interval | None = None
    """The same counted from where the menu begins, after the choice of a language."""
    recorded: dict[str, str] = field(default_factory=dict)
    """Legs whose voice is known to be a recording, and the mark that tells."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form: what is added to a measurement."""
        spans = {"operator_code_s": self.operator_code_s, "operator_code_after_menu_s": self.operator_code_after_menu_s}
        told = {key: None if span is None else span.to_dict() for key, span in spans.items()}
        return {"prompts": [one.to_dict() for one in self.marks], **told}

    def measurement(self, measured: Measured) -> dict[str, Any]:
        """Give the measurement's JSON form with what the marks add to it."""
        data = measured.to_dict() | self.to_dict()
        for leg in data["legs"]:
            if leg["leg"] in self.recorded:
                leg |= {"provisional": False, "answerer": "recording", "known_prompt": self.recorded[leg["leg"]]}
        if any(leg != IVR for leg in self.recorded):
            data["problems"] = [*data["problems"], "ear.recording_answered"]
        if any(one.status == CHANGED for one in self.marks):
            data["problems"] = [*data["problems"], "ear.prompt_changed"]
        return data

    def facts(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Tell the rubric which legs a known recording answered; a menu is meant to be one."""
        legs = {
            name: leg | {"answerer": "recording"} if name in self.recorded and name != IVR else leg
            for name, leg in facts["legs"].items()
        }
        return facts | {"legs": legs}

    def told(self) -> list[str]:
        """Say it for a person, a line a mark."""
        return [_told(one, self) for one in self.marks]


def hear_prompts(
    timeline: Timeline, measured: Measured, samples: NDArray[np.int16], marks: Sequence[Mark]
) -> KnownPrompts:
    """Look for an agency's marks in a call's far side, shape (n,)."""
    holes = [(s.start, s.end) for s in timeline.heard.segments if s.sound == MISSING]
    finds = listen_for(marks, samples, rate=timeline.heard.sr, missing=holes)
    found = tuple(_look(one, timeline, measured, [f for f in finds if f.name == one.name]) for one in marks)
    operator, menu = (_first(found, what) for what in (OPERATOR, MENU))
    answer = next((leg.pick_up_s for leg in measured.legs[:1] if leg.outcome == "answered"), None)
    return KnownPrompts(
        marks=found,
        operator_code_s=None if not operator or not answer else (operator - answer).at_least(0.0),
        operator_code_after_menu_s=None if not operator or not menu else (operator - menu).at_least(0.0),
        recorded=_recorded(timeline, measured, found),
    )


def with_prompts(timeline: Timeline, known: KnownPrompts) -> Timeline:
    """Give the timeline with the marks in their places; a changed prompt stands at the start of the call's sound."""
    events = [
        Event(one.at_s.middle if one.at_s else 0.0, "prompt", f"{one.what} {one.status}", detail=_told(one, known))
        for one in known.marks
        if one.status != NOT_HEARD
    ]
    return replace(timeline, events=tuple(sorted((*timeline.events, *events), key=lambda e: (e.at_s, e.source))))


def _look(mark: Mark, timeline: Timeline, measured: Measured, finds: Sequence[PromptFound]) -> HeardMark:
    told = next((one for one in finds if one.mark_s is not None), None)
    likeness = max((one.likeness for one in finds), default=0.0)
    one = HeardMark(name=mark.name, what=mark.what, kind=mark.kind, status=NOT_HEARD, at_s=None, likeness=likeness)
    if told is None or told.mark_s is None:
        return replace(one, status=CHANGED) if finds or _should_have_come(mark, timeline, measured) else one
    rate = timeline.heard.sr
    earliest, latest = (round(max(told.mark_s + error, 0.0) * rate) for error in (-told.error_s, told.error_s))
    return replace(
        one,
        status=HEARD,
        likeness=told.likeness,
        at_s=timeline.on_the_wire(Span(earliest, latest)),
        place_s=told.mark_s,
        window_s=(told.begin_s, told.end_s),
    )


def listen_for(
    marks: Sequence[Mark], samples: NDArray[np.int16], *, rate: int, missing: Sequence[tuple[int, int]] = ()
) -> tuple[PromptFound, ...]:
    """Look for marks in a whole recording, shape (n,): the same finds as a `PromptWatch` makes live."""
    found = search([one.prompt for one in marks], samples, sr=rate, missing=missing)
    return tuple(prompt_found(marks[one.prompt], one) for one in found)


def _should_have_come(mark: Mark, timeline: Timeline, measured: Measured) -> bool:
    """Whether the menu was listened to beyond the mark's place. A key pressed early stops a menu; so does a loss."""
    leg = measured.leg(IVR)
    if leg is None or leg.outcome != "answered" or leg.voice_onset_s is None:
        return False
    began, rate = leg.voice_onset_s.earliest, timeline.heard.sr
    place = began + mark.after_voice_s
    keys = [a.at_s for a in timeline.record.acts if a.do == "pressed"]
    gone = [s.earliest_s for s in timeline.record.signals if s.kind == RELEASED]
    until = min([one for one in keys + gone if one > began], default=timeline.heard.n / rate)
    holes = (s for s in timeline.heard.segments if s.sound == MISSING)
    hidden = any(s.start / rate < place + ENOUGH_S and s.end / rate > place - ENOUGH_S for s in holes)
    return until >= place + ENOUGH_S and not hidden


def _first(found: Sequence[HeardMark], what: str) -> Interval | None:
    return min((one.at_s for one in found if one.what == what and one.at_s), key=lambda i: i.middle, default=None)


def _recorded(timeline: Timeline, measured: Measured, found: Sequence[HeardMark]) -> dict[str, str]:
    known: dict[str, str] = {}
    for leg in measured.legs:
        speech = _first_speech(timeline, leg)
        for one in found:
            if speech and one.window_s and one.window_s[0] < speech[1] and one.window_s[1] > speech[0]:
                known.setdefault(leg.leg, one.name)
    return known


def _first_speech(timeline: Timeline, leg: MeasuredLeg) -> tuple[float, float] | None:
    """The first speech after a leg's pick-up, pauses of a breath bridged: (start, end) in the recording."""
    if leg.voice_onset_s is None:
        return None
    rate = timeline.heard.sr
    said = [(s.start / rate, s.end / rate) for s in timeline.heard.segments if s.sound == SPEECH]
    later = [one for one in said if one[1] > leg.voice_onset_s.earliest]
    if not later:
        return None
    start, end = later[0]
    for again, until in later[1:]:
        if again - end > SAME_SPEECH_S:
            break
        end = until
    return start, end


def _told(one: HeardMark, known: KnownPrompts) -> str:
    if one.at_s is None:
        return label(f"ear.prompt_{one.status}", name=one.name)
    after = ""
    if one.what == OPERATOR and known.operator_code_s is not None:
        span = known.operator_code_s
        after = " " + label("ear.prompt_operator", seconds=f"{span.earliest:.2f}–{span.latest:.2f}")
    return label("ear.prompt_heard", name=one.name, at=f"{one.at_s.middle:.2f}") + after
