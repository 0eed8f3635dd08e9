"""What a call in progress sounds like now: the same detector as for replay, fed with the growing recording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dsp.detector import Detector
from dsp.second_look.notes import without_notes
from dsp.segment import BUSY, CONGESTION, MUSIC, RINGBACK, SPEECH, Segment
from dsp.tone_plan import TonePlan
from harness.heard_live import HeardLive
from harness.hearing_together import TOGETHER
from harness.softphone.protocol import Call
from harness.unheard import joined, unheard

if TYPE_CHECKING:
    from harness.prompts.live import PromptFound, PromptWatch
    from harness.prompts.marks import Mark

REJECTING = (BUSY, CONGESTION)
NOTE_S = 0.6
"""A note or two of music can pass for half a word: where music begins or seems to end."""
MUSIC_KNOWN_S = 1.5
"""Music is known as such after so long; until then a brief voice may have been its first note."""

MUSIC_NAMED_S = 3.5
"""A queue's music may begin so long after its first note, `MUSIC_KNOWN_S`, and takes two seconds to be told."""
TORN_S = 0.15
"""A hole of so many packets at once: our machine stood still, or the network did."""
ECHO_S = 0.1
"""What dies away behind a sound."""


def watch_for(marks: Sequence[Mark], rate: int) -> PromptWatch | None:
    """Give a watch for an agency's marked prompts; None where nothing was marked."""
    if not marks:
        return None
    from harness.prompts.live import PromptWatch

    return PromptWatch(marks, sample_rate_hz=rate)


class LiveEar:
    """Hears one call while it lasts. Times are seconds of the call's clock."""

    def __init__(self, call: Call, plan: TonePlan, marks: Sequence[Mark] = ()) -> None:
        self._call, self._rate = call, call.sample_rate_hz
        self.marks = tuple(marks)
        self._watch = watch_for(self.marks, call.sample_rate_hz)
        self._blocks: list[NDArray[np.int16]] = []
        self._detector = Detector(sr=call.sample_rate_hz, plan=plan)
        self._heard = 0
        self._plan, self._told_late = plan, False
        self._answered_at: int | None = None
        self._missing: list[tuple[int, int]] = []
        self._unheard: list[tuple[int, int]] = []
        self.segments: list[Segment] = []
        """What is over, music in one piece; the music that plays now is among them, as far as it was heard."""
        self._over: list[Segment] = []
        self.period_s = plan.period_s
        self.burst_s = max(on for on, _ in plan.cadence)

    def listen(self, *, at_once: bool = False) -> None:
        """Take what was recorded since the last time; `at_once`: without waiting for other calls' sound."""
        samples, missing = self._call.hear()
        self._missing += [(round(m.start_s * self._rate), round(m.end_s * self._rate)) for m in missing]
        if len(samples):
            self._blocks.append(samples)
            if self._watch is not None:
                self._watch.feed(samples)
            self._over += self._hear(samples, at_once)
            self._heard += len(samples)
            playing = [s for s in self._detector.open if s.sound == MUSIC]
            self.segments = list(without_notes([*self._over, *playing], sr=self._rate))

    def _hear(self, samples: NDArray[np.int16], at_once: bool) -> list[Segment]:
        """Feed the detector, and tell it of what never arrived as replay does."""
        here = [(start - self._heard, end - self._heard) for start, end in self._missing]
        over, at = list[Segment](), 0
        for start, end in unheard(samples, here, rate=self._rate):
            over += TOGETHER.feed(self._detector, samples[at:start], at_once=at_once)
            over += self._detector.fill(end - start)
            self._unheard.append((self._heard + start, self._heard + end))
            at = end
        return over + TOGETHER.feed(self._detector, samples[at:], at_once=at_once)

    def answered_at(self, at_s: float) -> None:
        """Tell the ear when a 200 OK came: what was playing before says nothing of the voice behind it."""
        sample = max(round(at_s * self._rate), 0)
        self._told_late |= self._answered_at is not None or sample < self._heard
        self._answered_at = sample
        self._detector.answered_at(sample)

    def hand_over(self) -> HeardLive:
        """Give what was heard so far to whoever judges the call; nothing more is heard here."""
        return HeardLive(
            detector=None if self._told_late else self._detector,
            segments=tuple(self._over),
            samples=self.samples(0.0),
            plan=self._plan,
            answered_at=self._answered_at,
            missing=tuple(self._unheard),
        )

    @property
    def heard_s(self) -> float:
        """How far the ear has got."""
        return self._heard / self._rate

    @property
    def sample_rate_hz(self) -> int:
        """Rate of what is heard."""
        return self._rate

    def samples(self, since_s: float, until_s: float | None = None) -> NDArray[np.int16]:
        """Give what was heard between two instants, shape (n,)."""
        if len(self._blocks) != 1:
            self._blocks = [np.concatenate([np.zeros(0, np.int16), *self._blocks])]
        (whole,) = self._blocks
        end = len(whole) if until_s is None else round(until_s * self._rate)
        return whole[max(round(since_s * self._rate), 0) : end]

    def marks_since(self, since_s: float) -> tuple[tuple[float, PromptFound], ...]:
        """Marked prompts heard from an instant on, in order: when the mark came, and which it is.

        Where the words around a mark were changed, when the prompt began.
        """
        found = () if self._watch is None else self._watch.found
        timed = [(one.begin_s if one.mark_s is None else one.mark_s, one) for one in found]
        return tuple(sorted((one for one in timed if one[0] >= since_s), key=lambda one: one[0]))

    def heard_mark(self, word: str, since_s: float) -> PromptFound | None:
        """Give the first marked prompt that a word means, by its name, its kind or what is marked in it."""
        return next((one for _, one in self.marks_since(since_s) if word in (one.name, one.kind, one.what)), None)

    def bursts(self, since_s: float) -> list[float]:
        """Starts of the ringback bursts that began at or after an instant."""
        return [s.start / self._rate for s in self.segments if s.sound == RINGBACK and s.start >= since_s * self._rate]

    def voices(self, since_s: float) -> list[tuple[float, float]]:
        """Start and end of each stretch of speech that ended after an instant; a note of hold music is none."""
        return [voice for voice in self._stretches((SPEECH,), since_s) if not self._is_note(*voice)]

    def spoken(self, since_s: float) -> list[tuple[float, float]]:
        """The voices that ended after an instant, and the one that speaks now as far as it was heard."""
        sound, began = self.sounding
        return [*self.voices(since_s), *([(began, self.heard_s)] if sound == SPEECH else [])]

    def hushed(self, start_s: float, end_s: float) -> bool:
        """Whether it is 30 dB quieter behind a sound than in it; nothing is, before something was heard behind it."""
        inside, behind = self.samples(start_s, end_s), self.samples(end_s + ECHO_S)
        if not len(inside) or not len(behind):
            return False
        return float(np.mean(np.square(behind, dtype=float))) < 0.001 * float(np.mean(np.square(inside, dtype=float)))

    def torn(self, since_s: float) -> bool:
        """Whether so much was lost in one piece since an instant that a sound can no more be known again by it."""
        windows = joined([w for w in self._missing if w[1] > since_s * self._rate])
        return any(end - start >= TORN_S * self._rate for start, end in windows)

    def music(self, since_s: float) -> list[tuple[float, float]]:
        """Start and end of each stretch of music that ended after an instant, or plays on."""
        return self._stretches((MUSIC,), since_s)

    def _is_note(self, start_s: float, end_s: float) -> bool:
        if end_s - start_s >= NOTE_S:
            return False
        music = [(s.start / self._rate, s.end / self._rate) for s in self.segments if s.sound == MUSIC]
        return any(abs(start_s - end) < 0.05 or 0 <= start - end_s < MUSIC_KNOWN_S for start, end in music)

    def refused(self, since_s: float) -> str | None:
        """The busy or congestion tone heard since an instant; None without one."""
        found = [s.sound for s in self.segments if s.sound in REJECTING and s.end >= since_s * self._rate]
        return found[0] if found else self._rejecting_now()

    def _rejecting_now(self) -> str | None:
        return self.now if self.now in REJECTING else None

    @property
    def now(self) -> str | None:
        """What is sounding and not over yet, as far as the ear is sure; None: nothing, or not sure."""
        return self.sounding[0]

    @property
    def sounding(self) -> tuple[str | None, float]:
        """What is sounding, as `now` tells, and since when."""
        return next(((s.sound, s.start / self._rate) for s in self._detector.open), (None, 0.0))

    def _stretches(self, sounds: tuple[str, ...], since_s: float) -> list[tuple[float, float]]:
        since = since_s * self._rate
        return [
            (s.start / self._rate, s.end / self._rate) for s in self.segments if s.sound in sounds and s.end >= since
        ]
