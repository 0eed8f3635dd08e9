"""Segments made by hand, and the legs that the ear makes of them."""

from __future__ import annotations

from dsp_calls import SR

from dsp.answering.legs import Leg, find_legs
from dsp.answering.recording import NOT_AT_HAND, Recording
from dsp.segment import RINGBACK, Segment
from dsp.tone_plan import load_plan


def at(sound: str, start_s: float, end_s: float) -> Segment:
    return Segment(sound, round(start_s * SR), round(end_s * SR))


def ring(start_s: float, end_s: float, *, begins: bool = True, stops: bool = True, told: bool = True) -> Segment:
    return Segment(RINGBACK, round(start_s * SR), round(end_s * SR), begins=begins, stops=stops, told=told)


def legs(
    *segments: Segment, plan: str = "tw", end_s: float = 40, recording: Recording = NOT_AT_HAND
) -> tuple[Leg, ...]:
    return find_legs(segments, sr=SR, plan=load_plan(plan), end=round(end_s * SR), recording=recording)
