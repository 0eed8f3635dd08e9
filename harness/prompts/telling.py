"""What a clerk is told of marks, recordings and hints, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.directory import Unit
from harness.interval import Interval
from harness.measured_leg import MeasuredLeg
from harness.prompts.heard_mark import HeardMark
from harness.prompts.hint import Hint
from harness.prompts.leg_recording import LegRecording
from harness.prompts.marks import OPERATOR
from harness.words import LANGUAGES, label, say

Saying = tuple[str, dict[str, Any]]
"""A key of the catalogue and its values."""


def mark_line(one: HeardMark, operator_code_s: Interval | None) -> str:
    """Give the line of a mark; behind the operator's, how long after the answer it was said."""
    if one.at_s is None:
        return label(f"ear.prompt_{one.status}", name=one.name)
    after = ""
    if one.what == OPERATOR and operator_code_s is not None:
        seconds = f"{operator_code_s.earliest:.2f}–{operator_code_s.latest:.2f}"
        after = " " + label("ear.prompt_operator", seconds=seconds)
    return label("ear.prompt_heard", name=one.name, at=f"{one.at_s.middle:.2f}") + after


def recording_saying(one: LegRecording, unit: Unit | None) -> Saying:
    """Give the sentence of a recording; one about the directory names the unit's row."""
    key = f"recording.{one.kind}" if one.final or one.by_design else f"recording.{one.kind}_then"
    values = {"unit": "—" if unit is None else unit.name or unit.unit, "row": 0 if unit is None else unit.row}
    return key, values | {"mark": one.name, "leg": leg_name(one.leg), "at": f"{one.begin_s:.1f}"}


def hint_saying(one: Hint) -> Saying:
    """Give the sentence of a hint."""
    return f"recording.{one.why}", {"leg": leg_name(one.leg), "seconds": f"{one.seconds:.1f}"}


def unknown_saying(leg: MeasuredLeg) -> Saying:
    """Give the sentence of a voice of which nothing is known."""
    return "recording.unknown", {"leg": leg_name(leg.leg)}


def leg_name(leg: str) -> dict[str, str]:
    """Give what a leg is called."""
    return {lang: say(f"leg.{leg}", lang) for lang in LANGUAGES}


def in_languages(saying: Saying) -> dict[str, str]:
    """Say it in each language."""
    return {lang: say(saying[0], lang, **saying[1]) for lang in LANGUAGES}


def lines(sayings: Iterator[Saying]) -> list[str]:
    """Say them a line each, in the languages of the context."""
    return [label(key, **values) for key, values in sayings]
