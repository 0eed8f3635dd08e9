"""The special information tone: three tones that rise, each right behind the other (ITU-T E.180 §7)."""

from __future__ import annotations

from itertools import pairwise

from dsp.bursts.burst import Burst
from dsp.segment import SIT, TONE, Segment
from dsp.tone_plan import Tone
from dsp.tone_sets import SR, ToneSet, same_set

_LONGEST = round(0.6 * SR)
_SOON = round(0.1 * SR)
"""Behind where a tone is over, or would be if it were whole, the next begins so soon."""
_AT_ONCE, _EXACT = round(0.04 * SR), round(0.03 * SR)
"""Two of the three tell it where they come so soon, and last as long as the plan has them to this; notes hardly do."""
_AS_LOUD = 1.26
"""2 dB."""
_WAIT = round(0.9 * SR)
"""A tone is known only when it is over."""


class SpecialTone:
    """Segments out of its tones, in order of their end."""

    def __init__(self, tone: Tone, sets: tuple[ToneSet, ...]) -> None:
        steps = [step for step in tone.steps if step.frequencies_hz]
        wanted = [ToneSet(step.frequencies_hz, step.modulation_hz) for step in steps]
        self.sets = tuple(next(i for i, s in enumerate(sets) if same_set(w, s)) for w in wanted)
        """Which of the sets, in its order."""
        self._lengths = [round((step.duration_s or 0) * SR) for step in steps]
        self._heard: list[Burst] = []

    def push(self, burst: Burst) -> list[Segment]:
        """The next burst of one of its tones; what can be named now."""
        if burst.end - burst.start > _LONGEST:
            return [*self.close(), _segment(TONE, burst, burst)]
        done = [] if self._goes_on(burst) else self.close()
        self._heard.append(burst)
        return done + (self.close() if burst.tone_set == self.sets[-1] else [])

    def tick(self, now: int) -> list[Segment]:
        """Name what has waited so long, by sample `now`, that no other tone can join it."""
        return self.close() if self._heard and now - self._heard[-1].end > _WAIT else []

    def close(self) -> list[Segment]:
        """Name what was heard."""
        heard, self._heard = self._heard, []
        if len(heard) == len(self.sets) or (len(heard) == len(self.sets) - 1 and self._are_exact(heard)):
            return [_segment(SIT, heard[0], heard[-1])]
        return [_segment(TONE, burst, burst) for burst in heard]

    def _goes_on(self, burst: Burst) -> bool:
        if not self._heard:
            return False
        last = self._heard[-1]
        step = self.sets.index(last.tone_set)
        over = max(last.end, last.start + self._lengths[step])  # packets lost of it leave a hole
        return burst.tone_set == self.sets[(step + 1) % len(self.sets)] and burst.start - over <= _SOON

    def _are_exact(self, heard: list[Burst]) -> bool:
        """Whether some tones are whole, as loud as one another, and no pause parts them."""
        lengths = (self._lengths[self.sets.index(burst.tone_set)] for burst in heard)
        whole = all(abs(b.end - b.start - n) <= _EXACT for b, n in zip(heard, lengths, strict=True))
        levels = [burst.level for burst in heard]
        joined = all(b.start - a.end <= _AT_ONCE for a, b in pairwise(heard))
        return whole and joined and max(levels) <= _AS_LOUD * min(levels)


def _segment(sound: str, first: Burst, last: Burst) -> Segment:
    return Segment(sound, first.start, last.end, stops=last.stops, begins=first.begins)
