"""Person or recording, on first hearing: a hint with its reason, never a verdict and never a point.

A person who picks up says a sentence and waits for ours; a recording talks on. Heard is only what our own silence
shows: how long the first words run without a pause, and whether a beep or a special information tone stands beside
them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dsp.segment import SIT, SPEECH, TONE
from harness.interval import Interval
from harness.measured_leg import MeasuredLeg
from harness.timeline import Timeline

LONG_S = 9.0
"""No greeting that a form asks for is as long; measured ones are 2 to 6 s. Ours."""
PAUSE_S = 1.0
"""Who waits for an answer is silent for longer."""
BEEP_S = (0.15, 1.5)
"""Length of the tone behind which a voicemail records."""
BEEP_AFTER_S = 2.5
RECORDING, PERSON = "recording", "person"


@dataclass(frozen=True, kw_only=True)
class Hint:
    """What the sound makes probable."""

    leg: str
    """The leg."""
    answerer: str
    """`recording` or `person`."""
    why: str
    """Key of the reason below `recording.` in the catalogue."""
    seconds: float
    """What the reason measures."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"leg": self.leg, "answerer": self.answerer, "why": self.why, "seconds": round(self.seconds, 2)}


def hint_of(timeline: Timeline, leg: MeasuredLeg) -> Hint | None:
    """Give what the first words of a leg make probable; None where they tell nothing."""
    voice = leg.voice_onset_s
    if leg.outcome != "answered" or voice is None:
        return None
    said = _stretches(timeline, voice)
    if not said:
        return None
    (start, end), *later = said
    ours = [a.at_s for a in timeline.record.acts if a.do in ("said", "pressed", "hang_up") and a.at_s > start]
    alone = end <= min(ours, default=float("inf")) + PAUSE_S
    if _tone(timeline, SIT, start - 3.0, start + 0.5):
        return Hint(leg=leg.leg, answerer=RECORDING, why="hint_tone_before", seconds=start)
    if _tone(timeline, TONE, end - 0.2, end + BEEP_AFTER_S):
        return Hint(leg=leg.leg, answerer=RECORDING, why="hint_beep", seconds=end - start)
    if end - start >= LONG_S and alone:
        return Hint(leg=leg.leg, answerer=RECORDING, why="hint_long", seconds=end - start)
    asked_again = later and later[0][0] - end >= PAUSE_S and later[0][1] - later[0][0] <= 2.0
    if end - start <= 6.0 and asked_again and later[0][0] < min(ours, default=float("inf")):
        return Hint(leg=leg.leg, answerer=PERSON, why="hint_asks_again", seconds=later[0][0] - end)
    return None


def _stretches(timeline: Timeline, voice: Interval) -> list[tuple[float, float]]:
    """What is said from the first word on, pauses of a breath bridged: (start, end) in the recording."""
    rate = timeline.heard.sr
    said = sorted((s.start / rate, s.end / rate) for s in timeline.heard.segments if s.sound == SPEECH)
    joined: list[tuple[float, float]] = []
    for start, end in said:
        if end < voice.earliest:
            continue
        if joined and start - joined[-1][1] < PAUSE_S:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _tone(timeline: Timeline, sound: str, after_s: float, before_s: float) -> bool:
    rate = timeline.heard.sr
    tones = (s for s in timeline.heard.segments if s.sound == sound and after_s <= s.start / rate <= before_s)
    return any(sound == SIT or BEEP_S[0] <= s.length / rate <= BEEP_S[1] for s in tones)
