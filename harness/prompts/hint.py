"""Person or recording, on first hearing: a hint with its reason, never a verdict and never a point.

A person who picks up says a sentence and waits for ours; a recording talks on, says the same again, beeps, or hangs up
behind its own words. Only a person who listens can say which; until then the leg is provisional."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.prompts.prompt_frames import rows_of
from dsp.prompts.repeats import find_repeats
from dsp.prompts.steady import steady_tones
from dsp.segment import BUSY, CONGESTION, DTMF, MUSIC, RINGBACK, SIT, SPEECH
from harness.measured_leg import MeasuredLeg
from harness.softphone.signals import REQUEST
from harness.timeline import Timeline, answer_of

LONG_S = 9.0
"""No greeting that a form asks for is as long; those heard last 2 to 6 s. Ours."""
PAUSE_S = 1.0
"""Who waits for an answer is silent for longer."""
BREATH_S = 0.6
"""A sentence ends with a pause of this length."""
LEAST_S = 2.5
"""Shorter words tell nothing."""
GONE_S = 3.0
"""A person waits longer for ours before hanging up."""
TONE_S, BEEP_S = 4.0, 1.6
"""So long behind the words a tone is looked for, and no longer one is a beep."""
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


def hint_of(timeline: Timeline, leg: MeasuredLeg, samples: NDArray[np.int16], *, first: bool) -> Hint | None:
    """Give what a leg's first words make probable; None where they tell nothing. `first`: it is the leg dialled."""
    if leg.outcome != "answered":
        return None
    before = _announced_s(timeline, leg) if first else None
    if before is not None:
        return Hint(leg=leg.leg, answerer=RECORDING, why="hint_announced", seconds=before)
    voice = leg.voice_onset_s
    said = [] if voice is None else _stretches(timeline, voice.earliest)
    if not said:
        return None
    why = _recording(timeline, said, samples) or (_rings_behind(timeline, said[0]) if first else None)
    if why:
        return Hint(leg=leg.leg, answerer=RECORDING, why=why[0], seconds=why[1])
    asked = _asked_again_s(timeline, said)
    return None if asked is None else Hint(leg=leg.leg, answerer=PERSON, why="hint_asks_again", seconds=asked)


def _recording(
    timeline: Timeline, said: list[tuple[float, float]], samples: NDArray[np.int16]
) -> tuple[str, float] | None:
    start, end = said[0]
    alone = end <= _ours(timeline, start) + PAUSE_S
    if any(s.sound == SIT and -3.0 < s.start / timeline.heard.sr - start < 0.5 for s in timeline.heard.segments):
        return "hint_tone_before", start
    if end - start >= LEAST_S and _tone_behind(timeline, end, samples):
        return "hint_beep", end - start
    if _says_it_again(timeline, _stretches(timeline, start, BREATH_S), samples):
        return "hint_repeats", end - start
    if end - start >= LONG_S and alone:
        return "hint_long", end - start
    gone = next((s for s in timeline.record.signals if s.kind == REQUEST and s.method == "BYE"), None)
    left = gone is not None and gone.direction == "rx" and 0 <= gone.latest_s - end <= GONE_S
    return ("hint_hung_up", end - start) if left and len(said) == 1 and end - start >= LEAST_S and alone else None


def _rings_behind(timeline: Timeline, words: tuple[float, float]) -> tuple[str, float] | None:
    """Whether another telephone rings behind the first words, where no other was asked for."""
    rate = timeline.heard.sr
    rang = any(s.sound == RINGBACK and s.start / rate > words[0] for s in timeline.heard.segments)
    return ("hint_rings_behind", words[1] - words[0]) if rang and len(timeline.record.legs) == 1 else None


def _ours(timeline: Timeline, since_s: float) -> float:
    """When we said or pressed something, or hung up."""
    acts = [a.at_s for a in timeline.record.acts if a.do in ("said", "pressed", "hang_up") and a.at_s > since_s]
    return min(acts, default=float("inf"))


def _announced_s(timeline: Timeline, leg: MeasuredLeg) -> float | None:
    """How long somebody spoke between the ringing and the 200: whoever answered may be another telephone's."""
    answer, rate = answer_of(timeline.record), timeline.heard.sr
    if answer is None or leg.pick_up_source != "signalled":
        return None
    rang = min((s.start for s in timeline.heard.segments if s.sound == RINGBACK), default=None)
    said = [s for s in timeline.heard.segments if s.sound == SPEECH and s.end / rate < answer.latest_s - 0.1]
    behind = [s.length / rate for s in said if rang is not None and s.start > rang]
    return sum(behind) if sum(behind) >= LEAST_S else None


def _stretches(timeline: Timeline, since_s: float, pause_s: float = PAUSE_S) -> list[tuple[float, float]]:
    """What is said from the first word on, pauses of a breath bridged: (start, end) in the recording."""
    rate = timeline.heard.sr
    said = sorted((s.start / rate, s.end / rate) for s in timeline.heard.segments if s.sound == SPEECH)
    joined: list[tuple[float, float]] = []
    for start, end in said:
        if end < since_s:
            continue
        if joined and start - joined[-1][1] < pause_s:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _tone_behind(timeline: Timeline, end_s: float, samples: NDArray[np.int16]) -> bool:
    """A single tone behind the words, or at their end where the ear took it for one of them."""
    rate = timeline.heard.sr
    other = (s for s in timeline.heard.segments if s.sound in (MUSIC, BUSY, CONGESTION, RINGBACK, DTMF))
    if any(s.start / rate < end_s + TONE_S and s.end / rate > end_s for s in other):
        return False
    part = samples[round(max(end_s - BEEP_S, 0.0) * rate) : round((end_s + TONE_S) * rate)]
    return any(end - start <= BEEP_S * rate for start, end in steady_tones(part, sr=rate))


def _says_it_again(timeline: Timeline, said: list[tuple[float, float]], samples: NDArray[np.int16]) -> bool:
    """Whether the same sound comes twice, to the word."""
    rate = timeline.heard.sr
    cut = [(max(start - 0.3, 0.0), end) for start, end in said[:6] if end - start >= LEAST_S]
    rows = [rows_of(samples[round(start * rate) : round((end + 1.0) * rate)], sr=rate) for start, end in cut]
    return bool(find_repeats(rows, range(len(rows))))


def _asked_again_s(timeline: Timeline, said: list[tuple[float, float]]) -> float | None:
    """After how long without an answer somebody asked again, briefly; None: nobody did."""
    if len(said) < 2:
        return None
    (start, end), (again, until) = said[:2]
    briefly = until - again <= 2.0 and again - end >= PAUSE_S and end - start <= 6.0
    return again - end if briefly and again < _ours(timeline, start) else None
