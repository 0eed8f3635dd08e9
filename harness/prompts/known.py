"""What an agency's marks tell of a call: its menu's times, the recordings on its legs, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.segment import MISSING
from harness.directory import Unit
from harness.ending import LATER, NEVER, Ending
from harness.ending_cause import NOBODY, OURS
from harness.ending_words import Message
from harness.interval import Interval
from harness.measure import Measured
from harness.measured_leg import MeasuredLeg
from harness.prompts.heard_mark import CHANGED, NOT_HEARD, HeardMark, listen_for, look_for
from harness.prompts.hint import RECORDING, Hint, hint_of
from harness.prompts.kinds import ANSWERING, LANGUAGE_MENU, VACANT, VOID
from harness.prompts.leg_recording import IVR, LegRecording, judged_leg, recordings_on_legs
from harness.prompts.marks import END, MENU, OPERATOR, Mark
from harness.prompts.telling import (
    Saying,
    hint_saying,
    in_languages,
    lines,
    mark_line,
    recording_saying,
    unknown_saying,
)
from harness.timeline import Event, Timeline


@dataclass(frozen=True, kw_only=True)
class KnownPrompts:
    """What an agency's marks tell of a call."""

    marks: tuple[HeardMark, ...] = ()
    """Every mark of the site."""
    operator_code_s: Interval | None = None
    """Answer → the menu has said the operator's key (基隆市附件三 A1.3: within 10 s)."""
    operator_code_after_menu_s: Interval | None = None
    """The same counted from where the menu begins, after the choice of a language: from the mark `menu`, or from the
    end of a language menu."""
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
        recordings = [_recording(one, self.unit) for one in self.recorded]
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
        """Give how the call ended, with the recordings in it; where nobody else answered its case is `recording`."""
        one = next((one for one in self.recorded if one.nobody), None)
        leg = next((leg for leg in self.legs if one and leg.leg == one.leg), None)
        if one is not None and leg is not None and leg.outcome in (VOID, self.legs[-1].outcome):
            return _ended_by(ending, one, leg, self.unit)
        beside = [in_languages(saying) for saying in self._beside()]
        sentence = {lang: " ".join([text, *(one[lang] for one in beside)]) for lang, text in ending.sentence.items()}
        return replace(ending, sentence=sentence)

    def told(self) -> list[str]:
        """Say it for a person, a line a mark, a recording, a hint, a voice that nobody knows."""
        marks = [mark_line(one, self.operator_code_s) for one in self.marks]
        return [*marks, *lines(self._sayings())]

    def _sayings(self) -> Iterator[Saying]:
        yield from (recording_saying(one, self.unit) for one in self.recorded)
        yield from (hint_saying(one) for one in self.hints)
        told = {IVR, *(one.leg for one in self.recorded), *(one.leg for one in self.hints)}
        voices = (leg for leg in self.legs if leg.provisional and leg.outcome == "answered")
        yield from (unknown_saying(leg) for leg in voices if leg.leg not in told)

    def _beside(self) -> Iterator[Saying]:
        """What must be read beside how the call ended."""
        yield from (recording_saying(one, self.unit) for one in self.recorded if not one.by_design)
        yield from (hint_saying(one) for one in self.hints if one.answerer == RECORDING)


def _ended_by(ending: Ending, one: LegRecording, leg: MeasuredLeg, unit: Unit | None) -> Ending:
    void = leg.outcome == VOID
    message = Message(None, round(one.begin_s, 3), "heard", f"prompt {one.name} ({one.kind})")
    return replace(
        ending,
        outcome=leg.outcome,
        whose=OURS if void else NOBODY,
        case="recording",
        sentence=in_languages(recording_saying(one, unit)),
        messages=tuple(sorted((*ending.messages, message), key=lambda said: said.at_s)),
        # A number that is no more is not called again before the directory is mended.
        retry=LATER if void and one.kind != VACANT else NEVER,
        confirmed=void or leg.outcome != "busy",
    )


def _recording(one: LegRecording, unit: Unit | None) -> dict[str, Any]:
    data = {"leg": one.leg, "name": one.name, "kind": one.kind, "final": one.final}
    times = {"begin_s": round(one.begin_s, 3), "end_s": round(one.end_s, 3)}
    return data | times | in_languages(recording_saying(one, unit))


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
        look_for(one, timeline, measured, [f for f in finds if f.name == one.name], instead=instead) for one in marks
    )
    recorded = recordings_on_legs(timeline, measured.legs, [one for one in finds if one.mark_s is not None])
    told = {one.leg for one in recorded}
    heard = [
        hint_of(timeline, leg, samples, first=index == 0)
        for index, leg in enumerate(measured.legs)
        if leg.leg not in told and leg.leg != IVR
    ]
    hints = tuple(one for one in heard if one is not None)
    operator, menu = _first(found, OPERATOR), _first(found, MENU) or _language_chosen(found)
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


def _language_chosen(found: Sequence[HeardMark]) -> Interval | None:
    """Where the choice of a language ends, the menu begins."""
    return _first([one for one in found if one.kind == LANGUAGE_MENU], END)


def with_prompts(timeline: Timeline, known: KnownPrompts) -> Timeline:
    """Give the timeline with the marks in their places; a changed prompt stands at the start of the call's sound."""
    events = [
        Event(
            one.at_s.middle if one.at_s else 0.0,
            "prompt",
            f"{one.what} {one.status}",
            detail=mark_line(one, known.operator_code_s),
        )
        for one in known.marks
        if one.status != NOT_HEARD
    ]
    return replace(timeline, events=tuple(sorted((*timeline.events, *events), key=lambda e: (e.at_s, e.source))))


def _first(found: Sequence[HeardMark], what: str) -> Interval | None:
    return min((one.at_s for one in found if one.what == what and one.at_s), key=lambda i: i.middle, default=None)
