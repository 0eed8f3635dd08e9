"""What a call in progress sounds like now: the same detector as for replay, fed with the growing recording."""

from __future__ import annotations

from dsp.detector import Detector
from dsp.segment import BUSY, CONGESTION, MUSIC, RINGBACK, SPEECH, Segment
from dsp.tone_plan import TonePlan
from harness.softphone.protocol import Call, Missing

REJECTING = (BUSY, CONGESTION)
NOTE_S = 0.6
"""A note or two of music can pass for half a word: where music begins or seems to end."""
MUSIC_KNOWN_S = 1.5
"""Music is known as such after so long; until then a brief voice may have been its first note."""


class LiveEar:
    """Hears one call while it lasts. Times are seconds of the call's clock."""

    def __init__(self, call: Call, plan: TonePlan) -> None:
        self._call, self._rate = call, call.sample_rate_hz
        self._detector = Detector(sr=call.sample_rate_hz, plan=plan)
        self._heard = 0
        self._holes: list[Missing] = []
        self.segments: list[Segment] = []
        self.period_s = plan.period_s
        self.burst_s = max(on for on, _ in plan.cadence)

    def listen(self) -> None:
        """Take what was recorded since the last time."""
        samples, missing = self._call.hear()
        self._holes.extend(missing)
        if len(samples):
            self._heard += len(samples)
            self.segments += self._detector.feed(samples)

    def answered_at(self, at_s: float) -> None:
        """Tell the ear when a 200 OK came: what was playing before says nothing of the voice behind it."""
        self._detector.answered_at(max(round(at_s * self._rate), 0))

    @property
    def heard_s(self) -> float:
        """How far the ear has got."""
        return self._heard / self._rate

    def bursts(self, since_s: float) -> list[float]:
        """Starts of the ringback bursts that began at or after an instant."""
        return [s.start / self._rate for s in self.segments if s.sound == RINGBACK and s.start >= since_s * self._rate]

    def voices(self, since_s: float) -> list[tuple[float, float]]:
        """Start and end of each stretch of speech that ended after an instant; a note of hold music is none."""
        return [voice for voice in self._stretches((SPEECH,), since_s) if not self._is_note(*voice)]

    def music(self, since_s: float) -> list[tuple[float, float]]:
        """Start and end of each stretch of music that ended after an instant."""
        return self._stretches((MUSIC,), since_s)

    def _is_note(self, start_s: float, end_s: float) -> bool:
        if end_s - start_s >= NOTE_S:
            return False
        music = [(s.start / self._rate, s.end / self._rate) for s in self._all() if s.sound == MUSIC]
        return any(abs(start_s - end) < 0.05 or 0 <= start - end_s < MUSIC_KNOWN_S for start, end in music)

    def _all(self) -> tuple[Segment, ...]:
        return (*self.segments, *self._detector.open)

    def refused(self, since_s: float) -> str | None:
        """The busy or congestion tone heard since an instant; None without one."""
        found = [s.sound for s in self.segments if s.sound in REJECTING and s.end >= since_s * self._rate]
        return found[0] if found else self._rejecting_now()

    def _rejecting_now(self) -> str | None:
        return self.now if self.now in REJECTING else None

    @property
    def now(self) -> str | None:
        """What is sounding and not over yet, as far as the ear is sure; None: nothing, or not sure."""
        return next((s.sound for s in self._detector.open), None)

    def _stretches(self, sounds: tuple[str, ...], since_s: float) -> list[tuple[float, float]]:
        since = since_s * self._rate
        return [
            (s.start / self._rate, s.end / self._rate) for s in self.segments if s.sound in sounds and s.end >= since
        ]
