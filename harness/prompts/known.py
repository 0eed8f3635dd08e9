"""Marked prompts found again in a call: the mark's time, or that the prompt was changed; and what follows from it.

Marks are given to ±50 ms (`thirdring bench` and tests/test_dsp_prompt_memory.py measure it); the way from the packet
into the recording is added as for everything heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.prompt_search import search
from dsp.segment import MISSING, Span
from harness.directory import Unit
from harness.ending import LATER, NEVER, Ending
from harness.ending_cause import NOBODY, OURS
from harness.ending_words import Message
from harness.interval import Interval
from harness.measure import Measured
from harness.measured_leg import MeasuredLeg
from harness.prompts.hint import RECORDING, Hint, hint_of
from harness.prompts.kinds import ANSWERING, VACANT, VOID
from harness.prompts.leg_recording import IVR, LegRecording, judged_leg, recordings_on_legs
from harness.prompts.live import PromptFound, prompt_found
from harness.prompts.marks import MENU, OPERATOR, Mark
from harness.softphone.signals import RELEASED
from harness.timeline import Event, Timeline
from harness.words import label, say

HEARD, CHANGED, NOT_HEARD = "heard", "changed", "not_heard"
KEY_EFFECT_S = 1.0
"""A menu stops so soon when a key is pressed into it."""
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
    recorded: tuple[LegRecording, ...] = ()
    """The known recordings that legs were met with."""
    hints: tuple[Hint, ...] = ()
    """What the sound of the others makes probable."""
    legs: tuple[MeasuredLeg, ...] = ()
    """The legs as they stand with all that."""
    unit: Unit | None = None
    """Who was called, to name the row of the directory."""

    def judged(self, measured: Measured) -> Measured:
        """Give the measurement with what the recordings make of its legs."""
        if not self.legs or self.legs == measured.legs:
            return measured
        void = next((leg.outcome for leg in self.legs if leg.recording and leg.outcome == VOID), None)
        return replace(measured, legs=self.legs, outcome=void or self.legs[-1].outcome)

    def to_dict(self) -> dict[str, Any]:
        """JSON form: what is added to a measurement."""
        spans = {"operator_code_s": self.operator_code_s, "operator_code_after_menu_s": self.operator_code_after_menu_s}
        told = {key: None if span is None else span.to_dict() for key, span in spans.items()}
        recordings = [self._recording(one) for one in self.recorded]
        hints = [one.to_dict() for one in self.hints]
        return {"prompts": [one.to_dict() for one in self.marks], **told, "recordings": recordings, "hints": hints}

    def measurement(self, measured: Measured) -> dict[str, Any]:
        """Give the measurement's JSON form with what the marks add to it."""
        data = measured.to_dict() | self.to_dict()
        for one in (one for one in self.recorded if one.nobody or one.by_design):
            for leg in (leg for leg in data["legs"] if leg["leg"] == one.leg):
                leg |= {"provisional": False, "answerer": "recording", "known_prompt": one.name}
        if any(one.nobody for one in self.recorded):
            data["problems"] = [*data["problems"], "ear.recording_answered"]
        if any(one.status == CHANGED for one in self.marks):
            data["problems"] = [*data["problems"], "ear.prompt_changed"]
        return data

    def facts(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Tell the rubric which legs a known recording answered; a menu is meant to be one."""
        answered = {one.leg for one in self.recorded if one.nobody}
        return facts | {"legs": {name: _met(leg) if name in answered else leg for name, leg in facts["legs"].items()}}

    def ended(self, ending: Ending) -> Ending:
        """Give how the call ended, where nobody but a known recording answered; its case is then `recording`."""
        one = next((one for one in self.recorded if one.nobody), None)
        leg = next((leg for leg in self.legs if one and leg.leg == one.leg), None)
        if one is None or leg is None or leg.outcome not in (VOID, self.legs[-1].outcome):
            return ending
        key, values = self._sentence(one)
        void = leg.outcome == VOID
        message = Message(None, round(one.begin_s, 3), "heard", f"prompt {one.name} ({one.kind})")
        return replace(
            ending,
            outcome=leg.outcome,
            whose=OURS if void else NOBODY,
            case="recording",
            sentence={lang: say(key, lang, **values) for lang in ("zh", "en")},
            messages=tuple(sorted((*ending.messages, message), key=lambda said: said.at_s)),
            # A number that is no more is not called again before the directory is mended.
            retry=LATER if void and one.kind != VACANT else NEVER,
            confirmed=void or leg.outcome != "busy",
        )

    def told(self) -> list[str]:
        """Say it for a person, a line a mark, a recording, a hint."""
        return [
            *(_told(one, self) for one in self.marks),
            *(label(key, **values) for key, values in (self._sentence(one) for one in self.recorded)),
            *(
                label(f"recording.{one.why}", leg=_leg_name(one.leg), seconds=f"{one.seconds:.1f}")
                for one in self.hints
            ),
        ]

    def _sentence(self, one: LegRecording) -> tuple[str, dict[str, Any]]:
        key = f"recording.{one.kind}" if one.final or one.by_design else f"recording.{one.kind}_then"
        unit = self.unit
        values = {"unit": "—" if unit is None else unit.name or unit.unit, "row": 0 if unit is None else unit.row}
        return key, values | {"mark": one.name, "leg": _leg_name(one.leg), "at": f"{one.begin_s:.1f}"}

    def _recording(self, one: LegRecording) -> dict[str, Any]:
        key, values = self._sentence(one)
        data = {"leg": one.leg, "name": one.name, "kind": one.kind, "final": one.final}
        times = {"begin_s": round(one.begin_s, 3), "end_s": round(one.end_s, 3)}
        return data | times | {"zh": say(key, "zh", **values), "en": say(key, "en", **values)}


def _hinted(one: Hint) -> str:
    return label(f"recording.{one.why}", leg=_leg_name(one.leg), seconds=f"{one.seconds:.1f}")


def _leg_name(leg: str) -> dict[str, str]:
    return {lang: say(f"leg.{leg}", lang) for lang in ("zh", "en")}


def _met(leg: dict[str, Any]) -> dict[str, Any]:
    """A leg's facts where a recording spoke: what nobody answered is left to a person, with the recording named."""
    if leg["outcome"] not in ("answered", "no_answer"):
        return leg
    kept = {key: leg[key] for key in ("forwarded", "attempts", "ring_onset_s") if key in leg}
    return kept | {"outcome": "answered", "answerer": "recording"}


def hear_prompts(
    timeline: Timeline,
    measured: Measured,
    samples: NDArray[np.int16],
    marks: Sequence[Mark],
    *,
    unit: Unit | None = None,
) -> KnownPrompts:
    """Look for an agency's marks in a call's far side, shape (n,); `unit` is who was called."""
    holes = [(s.start, s.end) for s in timeline.heard.segments if s.sound == MISSING]
    finds = listen_for(marks, samples, rate=timeline.heard.sr, missing=holes)
    # Where closed hours were said, say, nobody can know whether the menu was changed.
    instead = any(one.kind not in ANSWERING and one.mark_s is not None for one in finds)
    found = tuple(
        _look(one, timeline, measured, [f for f in finds if f.name == one.name], instead=instead) for one in marks
    )
    recorded = recordings_on_legs(timeline, measured.legs, [one for one in finds if one.mark_s is not None])
    told = {one.leg for one in recorded}
    heard = [
        hint_of(timeline, leg, samples, first=index == 0)
        for index, leg in enumerate(measured.legs)
        if leg.leg not in told and leg.leg != IVR
    ]
    hints = tuple(one for one in heard if one is not None)
    operator, menu = (_first(found, what) for what in (OPERATOR, MENU))
    answer = next((leg.pick_up_s for leg in measured.legs[:1] if leg.outcome == "answered"), None)
    return KnownPrompts(
        marks=found,
        operator_code_s=None if not operator or not answer else (operator - answer).at_least(0.0),
        operator_code_after_menu_s=None if not operator or not menu else (operator - menu).at_least(0.0),
        recorded=recorded,
        hints=hints,
        legs=_judged(timeline, measured.legs, recorded, hints),
        unit=unit,
    )


def _judged(
    timeline: Timeline, legs: Sequence[MeasuredLeg], recorded: Sequence[LegRecording], hints: Sequence[Hint]
) -> tuple[MeasuredLeg, ...]:
    """The legs with known recordings on them; a voice that is probably one waits for a person's word."""
    known = {one.leg: one for one in recorded}
    probably = {one.leg for one in hints if one.answerer == RECORDING and one.leg != IVR}
    judged = (judged_leg(timeline, leg, known[leg.leg]) if leg.leg in known else leg for leg in legs)
    away = {one.leg for one in hints if one.why == "hint_announced"}
    return tuple(
        replace(leg, provisional=True, forwarded=leg.forwarded or leg.leg in away) if leg.leg in probably else leg
        for leg in judged
    )


def with_prompts(timeline: Timeline, known: KnownPrompts) -> Timeline:
    """Give the timeline with the marks in their places; a changed prompt stands at the start of the call's sound."""
    events = [
        Event(one.at_s.middle if one.at_s else 0.0, "prompt", f"{one.what} {one.status}", detail=_told(one, known))
        for one in known.marks
        if one.status != NOT_HEARD
    ]
    return replace(timeline, events=tuple(sorted((*timeline.events, *events), key=lambda e: (e.at_s, e.source))))


def _look(
    mark: Mark, timeline: Timeline, measured: Measured, finds: Sequence[PromptFound], *, instead: bool
) -> HeardMark:
    told = next((one for one in finds if one.mark_s is not None), None)
    likeness = max((one.likeness for one in finds), default=0.0)
    one = HeardMark(name=mark.name, what=mark.what, kind=mark.kind, status=NOT_HEARD, at_s=None, likeness=likeness)
    if told is None or told.mark_s is None:
        anew = any(not _cut_by_key(timeline, find) for find in finds)
        missed = not instead and _should_have_come(mark, timeline, measured)
        return replace(one, status=CHANGED) if anew or missed else one
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


def _cut_by_key(timeline: Timeline, find: PromptFound) -> bool:
    """Whether a key stopped the prompt where its words were others: what came then was the key's effect."""
    return any(a.do == "pressed" and find.begin_s < a.at_s < find.end_s + KEY_EFFECT_S for a in timeline.record.acts)


def listen_for(
    marks: Sequence[Mark], samples: NDArray[np.int16], *, rate: int, missing: Sequence[tuple[int, int]] = ()
) -> tuple[PromptFound, ...]:
    """Look for marks in a whole recording, shape (n,): the same finds as a `PromptWatch` makes live."""
    found = search([one.prompt for one in marks], samples, sr=rate, missing=missing)
    return tuple(prompt_found(marks[one.prompt], one) for one in found)


def _should_have_come(mark: Mark, timeline: Timeline, measured: Measured) -> bool:
    """Whether the menu was listened to beyond the mark's place. A key pressed early stops a menu; so does a loss."""
    leg = measured.leg(IVR)
    if mark.kind not in ANSWERING or leg is None or leg.outcome != "answered" or leg.voice_onset_s is None:
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


def _told(one: HeardMark, known: KnownPrompts) -> str:
    if one.at_s is None:
        return label(f"ear.prompt_{one.status}", name=one.name)
    after = ""
    if one.what == OPERATOR and known.operator_code_s is not None:
        span = known.operator_code_s
        after = " " + label("ear.prompt_operator", seconds=f"{span.earliest:.2f}–{span.latest:.2f}")
    return label("ear.prompt_heard", name=one.name, at=f"{one.at_s.middle:.2f}") + after
