"""A call as lines of letters, one letter a short stretch of time.

Plain ASCII: block characters are two columns wide on many Chinese terminals.
"""

from __future__ import annotations

import unicodedata

from dsp.listening import Listening
from dsp.segment import (
    BUSY,
    CONGESTION,
    DIAL,
    DTMF,
    MISSING,
    MUSIC,
    RINGBACK,
    SILENCE,
    SIT,
    SPEECH,
    TONE,
    Segment,
    Span,
)
from harness.plot.rings import numbered_rings
from harness.words import label

LETTERS = {
    RINGBACK: "#",
    BUSY: "b",
    CONGESTION: "c",
    SIT: "i",
    DIAL: "d",
    TONE: "t",
    SPEECH: "~",
    MUSIC: "m",
    MISSING: "?",
    SILENCE: ".",
}
_COLUMN_S = (0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_LONGEST_ONE_LINE_S = 0.5
_MOST_LINES = 12
_RANK = (MUSIC, SPEECH, TONE, DIAL, CONGESTION, BUSY, SIT, RINGBACK, MISSING, DTMF)
"""What is drawn later covers what is drawn before: tones outrank voices."""


def bar_lines(heard: Listening, *, columns: int) -> list[str]:
    """Draw a call in lines of at most `columns` letters: seconds, rings, sounds, pick-ups, and the letters' meaning."""
    heads = [label(f"ear.row_{one}") for one in ("seconds", "rings", "sounds", "pick_up")]
    margin = max(_width(one) for one in heads) + 2
    room = max(columns - margin, 20)
    step_s = _step(heard.n / heard.sr, room)
    rows = (_seconds(heard, step_s), _rings(heard, step_s), _sounds(heard, step_s), _pick_ups(heard, step_s))
    lines: list[str] = []
    for first in range(0, max(len(rows[2]), 1), room):
        for head, row in zip(heads, rows, strict=True):
            part = row[first : first + room].rstrip()
            if part or head == heads[2]:
                lines.append(head + " " * (margin - _width(head)) + part)
        lines.append("")
    return [*lines, _legend(heard)]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _step(duration_s: float, room: int) -> float:
    """Seconds a letter: fine enough for a burst where it fits, coarser when a call is long."""
    for step_s in _COLUMN_S:
        lines = -(-duration_s // (step_s * room))
        if lines <= 1 or (step_s >= _LONGEST_ONE_LINE_S and lines <= _MOST_LINES):
            return step_s
    return _COLUMN_S[-1]


def _blank(heard: Listening, step_s: float, fill: str = " ") -> list[str]:
    return [fill] * (int(heard.n / heard.sr / step_s) + 1)


def _put(row: list[str], at: int, text: str) -> None:
    for offset, letter in enumerate(text):
        if 0 <= at + offset < len(row):
            row[at + offset] = letter


def _seconds(heard: Listening, step_s: float) -> str:
    row = _blank(heard, step_s)
    every = next(one for one in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600) if one / step_s >= 8)
    for second in range(0, int(heard.n / heard.sr) + 1, every):
        _put(row, round(second / step_s), f"{second}")
    return "".join(row)


def _rings(heard: Listening, step_s: float) -> str:
    row = _blank(heard, step_s)
    for ring in numbered_rings(heard):
        _put(row, int(ring.start_s / step_s), str(ring.number))
    return "".join(row)


def _sounds(heard: Listening, step_s: float) -> str:
    row = _blank(heard, step_s, LETTERS[SILENCE])
    for sound in _RANK:
        for one in (s for s in heard.segments if s.sound == sound):
            first, last = int(one.start / heard.sr / step_s), int((one.end - 1) / heard.sr / step_s)
            _put(row, first, _letter(one) * (last - first + 1))
    return "".join(row)


def _letter(segment: Segment) -> str:
    return segment.digit if segment.digit else LETTERS.get(segment.sound, "t")


def _pick_ups(heard: Listening, step_s: float) -> str:
    row = _blank(heard, step_s)
    for leg in heard.legs:
        if leg.pick_up is not None:
            _put(row, *_bracket(leg.pick_up, heard.sr, step_s))
    return "".join(row)


def _bracket(span: Span, sr: int, step_s: float) -> tuple[int, str]:
    first, last = int(span.earliest / sr / step_s), int(span.latest / sr / step_s)
    return first, "^" if first == last else "[" + "-" * (last - first - 1) + "]"


def _legend(heard: Listening) -> str:
    there = {s.sound for s in heard.segments} | {SILENCE}
    said = [f"{letter} {label(f'ear.sound_{sound}')}" for sound, letter in LETTERS.items() if sound in there]
    said += [f"0-9 {label('ear.sound_dtmf')}"] if DTMF in there else []
    if any(leg.pick_up is not None for leg in heard.legs):
        said.append(label("ear.legend_pick_up"))
    return "  ".join(said)
