"""What was heard in a recording, and the JSON of it that other programs read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dsp.answering.legs import Leg
from dsp.segment import Segment, Span
from dsp.tone_plan import TonePlan

SCHEMA = "thirdring.listening/1"


@dataclass(frozen=True, slots=True)
class Listening:
    """What was heard in one recording."""

    segments: tuple[Segment, ...]
    """By start. Silence is not among them."""
    legs: tuple[Leg, ...]
    """In order."""
    sr: int
    """Samples a second."""
    n: int
    """Samples."""
    plan: TonePlan
    """The tones it was heard with."""


def to_dict(listening: Listening, *, file: str) -> dict[str, Any]:
    """The listening as `thirdring.listening/1`; the one place where samples become seconds."""
    sr = listening.sr

    def seconds(samples: int) -> float:
        return round(samples / sr, 3)

    def span(value: Span | None) -> dict[str, float] | None:
        if value is None:
            return None
        return {"earliest": seconds(value.earliest), "latest": seconds(value.latest)}

    def middle(value: Span | None) -> float | None:
        return None if value is None else seconds((value.earliest + value.latest) // 2)

    def segment(s: Segment) -> dict[str, Any]:
        digit = {} if s.digit is None else {"digit": s.digit}
        return {"sound": s.sound, "start_s": seconds(s.start), "end_s": seconds(s.end), **digit}

    def rings(value: Leg) -> dict[str, int | None]:
        if not value.more_rings:
            return {"rings": value.rings}
        return {"rings": None, "rings_at_least": value.rings, "rings_at_most": value.most_rings}

    def leg(value: Leg) -> dict[str, Any]:
        return {
            "ring_onset_s": middle(value.ring_onset),
            **rings(value),
            "outcome": value.outcome,
            "pick_up_s": span(value.pick_up),
            "answer_latency_s": span(value.answer_latency),
            "voice_onset_s": middle(value.voice_onset),
        }

    return {
        "schema": SCHEMA,
        "file": file,
        "duration_s": seconds(listening.n),
        "sample_rate_hz": sr,
        "tone_plan": listening.plan.name,
        "segments": [segment(s) for s in listening.segments],
        "legs": [leg(value) for value in listening.legs],
    }
