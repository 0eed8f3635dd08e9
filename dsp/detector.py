"""The ear: samples in, segments out, in blocks of any size.

Segments come in the order in which they become certain: ringback some 0.2 s after a burst's end, busy tones
and speech only when they are over for good. Sort by `start` for a timeline. Silence is not reported: what no
segment covers is silence or noise. Whatever the cut of the audio, the segments are the same, in the same
order: everything is worked out in steps of `STEP` samples at 8 kHz."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dsp.bursts.burst import Burst
from dsp.bursts.frames import STEP_SAMPLES, Candidates, Frames, step_frames
from dsp.bursts.probe import REACHES
from dsp.bursts.tone_tracker import ToneTracker
from dsp.ringing.cadence import Cadence
from dsp.ringing.due import Due
from dsp.segment import MISSING, Segment
from dsp.stream import Stream
from dsp.tone_plan import TonePlan
from dsp.tone_sets import (
    FAX_SETS,
    HOP,
    SR,
    STEP,
    WINDOW,
    dtmf_sets,
    plan_tones,
    tone_sets,
)
from dsp.voices.fallback import WebrtcVoice
from dsp.voices.silero import network
from dsp.voices.voice import VoiceTracker

Array = npt.NDArray[np.float32]
Samples = npt.NDArray[np.int16] | npt.NDArray[np.float32] | npt.NDArray[np.float64]

RATES = (8000, 16000)
"""Rates a detector takes."""
EDGE_ERROR_S = 0.015
"""A burst's edge is within this of the truth. Measured over all plans' bursts in white noise: 95 of 100 within
1.5 ms at 20 dB of signal to noise, 2.5 ms at 10 dB, 7 ms at 0 dB; a lost packet (20 ms) at the edge comes on top,
which the legs allow for."""
VOICE_ERROR_S = 0.060
"""A voice's start is within this of the truth: on truth-set calls the middle error is 1 ms, 95 of 100 are within
65 ms; the others begin with a breath or a consonant that drowns in the noise, and are heard late."""
_STEPS_AHEAD = 8
"""Spectra of so many steps are taken at once where the audio is there."""
_TASTE = round(0.2 * SR)
_NOTE_STEADY, _VOWEL, _STEADY = 0.4, 0.5, 0.7
"""Vowels are less steady than the one, exchanges' tones more than the other, but where packets were lost."""
_TALK = 0.35
"""Of talk in the background, where a burst was due; an exchange's is steadier than 0.5 on any line."""
_PURE = 0.55
_GHOST = round(0.04 * SR)
_NOTE = SR
"""No voice and hardly an instrument holds a note as steadily for a second."""


@lru_cache(maxsize=64)
def _listened_for(plan: TonePlan) -> Candidates:
    return Candidates((*tone_sets(plan_tones(plan)), *FAX_SETS, *(pair for _, pair in dtmf_sets())))


class Detector:
    """One call's ear: `feed` audio (or `fill` what never came), then `flush`."""

    def __init__(self, *, sr: int, plan: TonePlan) -> None:
        """
        Args:
            sr: sample rate, 8000 or 16000.
            plan: the tones to listen for.

        Raises:
            ValueError: another rate.
        """
        if sr not in RATES:
            raise ValueError(f"the ear takes {' or '.join(map(str, RATES))} samples a second, not {sr}")
        self._factor = sr // SR
        self._stream = Stream(sr=sr)
        self._candidates = _listened_for(plan)
        self._tones = ToneTracker(self._candidates.sets, read=self._stream.read)
        self._cadence = Cadence(plan, self._candidates.sets)
        self._voice = VoiceTracker(network() or WebrtcVoice(), read=self._stream.read)
        self._ahead: deque[Frames] = deque()
        self._steps = 0
        self._fed = 0
        self._probed = dict.fromkeys(REACHES, -1)
        self._answer: int | None = None
        self._done: list[Segment] = []

    def feed(self, samples: Samples) -> list[Segment]:
        """Hear the next samples: mono, int16 or floats in [-1, 1], shape (n,). Returns the segments now
        complete."""
        self.append(samples)
        return self.hear()

    def append(self, samples: Samples) -> None:
        """The same in two halves, for who feeds many detectors at once: take the samples, then `hear` them."""
        block = np.asarray(samples)
        scale = np.float32(1 / 32768) if block.dtype == np.int16 else np.float32(1)
        self._append(block.astype(np.float32) * scale)

    def hear(self) -> list[Segment]:
        """Hear what was appended. Returns the segments now complete."""
        self._advance(limit=self._ready)
        return self._hand_out(limit=self._stream.available)

    def fill(self, n: int) -> list[Segment]:
        """The next n samples never arrived: not silence, nothing is known of them."""
        self.append_missing(n)
        return self.hear()

    def append_missing(self, n: int) -> None:
        """The first half of `fill`."""
        if n > 0:
            self._done.append(Segment(MISSING, self._fed // self._factor, (self._fed + n) // self._factor))
            self._append(np.zeros(n, np.float32))

    def answered_at(self, sample: int) -> None:
        """A 200 OK arrived at this sample: the voice is listened for anew from there. Say it before that
        audio."""
        self._answer = sample // self._factor

    def flush(self) -> list[Segment]:
        """The audio has ended: what is open is closed at its end. The detector is then spent."""
        total = -(-self._fed // self._factor)
        steps = -(-total // STEP)
        self._stream.append(np.zeros(((steps + 2) * STEP) * self._factor - self._fed, np.float32))
        self._advance(limit=steps)
        self._name(self._tones.close())
        self._hear(total)
        self._done += self._cadence.close()
        self._done += self._voice.reset(total)
        return self._hand_out(limit=total)

    @property
    def open(self) -> tuple[Segment, ...]:
        """Speech, music, busy and congestion heard so far and not over yet, for who must act at once."""
        return tuple(self._scaled(s) for s in (*self._cadence.open, *self._voice.open))

    @property
    def candidates(self) -> Candidates:
        """What looks for the plan's sets of tones: of one plan's detectors one and the same."""
        return self._candidates

    def next_step(self) -> Array | None:
        """The samples of the next step's frames, (STEP_SAMPLES,); None: they have not come, or are known."""
        if self._ahead or self._steps >= self._ready:
            return None
        first = self._steps * STEP
        return self._stream.read(first, first + STEP_SAMPLES)

    def foresee(self, frames: Frames) -> None:
        """What `candidates` found in them."""
        self._ahead.append(frames)

    def next_chunks(self) -> Array | None:
        """The chunks that the next step will likely have the network hear, (m, CONTEXT + CHUNK)."""
        if not self._ahead:
            return None
        # While a tone may be sounding the voice waits, but for a voice and for music: most of their tones are none.
        waits = self._ahead[0].sounds or self._tones.clear_until < self._steps * STEP
        if waits and not (self._voice.music or self._voice.likely):
            return None
        return self._voice.next_chunks((self._steps + 1) * STEP)

    def foresee_chunks(self, encoded: Array) -> None:
        """The same, encoded, (m, 512)."""
        self._voice.foresee(encoded)

    @property
    def _ready(self) -> int:
        """Steps whose audio has come."""
        return (self._stream.available - WINDOW + HOP) // STEP

    def _append(self, block: Array) -> None:
        self._fed += len(block)
        self._stream.append(block)

    def _advance(self, *, limit: int) -> None:
        while self._steps < limit:
            if not self._ahead:
                self._look_ahead(min(limit - self._steps, _STEPS_AHEAD))
            first = self._steps * STEP
            self._steps += 1
            self._name(self._tones.push(self._ahead.popleft()))
            self._probe()
            self._hear(self._clear_until)
            self._done += self._cadence.tick(first + STEP)
            self._stream.forget(min(self._tones.keep_from, self._voice.keep_from))

    def _look_ahead(self, steps: int) -> None:
        first = self._steps * STEP
        samples = self._stream.read(first, first + (steps - 1) * STEP + STEP_SAMPLES)
        self._ahead.extend(self._candidates.find(step_frames(samples, steps)))

    def _name(self, bursts: list[Burst]) -> None:
        for burst in bursts:
            # What is neither whole nor due may be a vowel or a note: the network hears its start too.
            known = not burst.proven or self._cadence.is_whole(burst) or self._cadence.is_due(burst)
            sure = known or burst.end - burst.start > _NOTE
            self._hear(burst.start if sure else min(burst.start + _TASTE, burst.end))
            music = self._is_among_notes(burst)
            # Where music tells already what it is, nobody need know how steady it is.
            spoken = None if music and not self._cadence.stands_alone(burst) else self._is_voice(burst)
            named = self._cadence.push(burst, spoken=spoken, music=music)
            self._tones.judged(burst, believed=named is not None)
            if named is not None and (sure or self._stands_alone(burst)):
                ended = self._voice.reset(burst.end, since=burst.start)
                self._done += ended if sure else _clipped(ended, burst.start)
            elif named is not None:
                self._done += _clipped(self._voice.skip(burst.end, since=burst.start), burst.start)
            self._done += named or []

    def _is_voice(self, burst: Burst) -> bool | None:
        """Whether a burst is a piece of a voice; None: nobody was speaking, or it is too steady for that."""
        likely = self._voice.likely
        if not burst.proven:
            return None  # whoever looked for a burst where one was due asked first whether somebody spoke
        if not likely and self._stands_out(burst):
            return None
        if not likely and self._cadence.is_due(burst):
            return True if self._tones.steadiness(burst) < _TALK else None
        steady = self._tones.steadiness(burst)
        if steady < (_NOTE_STEADY if self._cadence.is_whole(burst) and not likely else _VOWEL):
            return True
        return False if likely and steady < _STEADY else None

    def _stands_out(self, burst: Burst) -> bool:
        """Whether a burst is a whole one of two tones, out of quiet and into quiet: clipped ones waver as voices do."""
        return burst.begins and burst.stops and burst.told_apart and self._cadence.is_whole(burst)

    def _stands_alone(self, burst: Burst) -> bool:
        """Whether a burst is no note for certain: two tones at once that began out of quiet."""
        return burst.proven and burst.begins and self._tones.lines(burst) > 1 and not self._voice.music

    def _is_among_notes(self, burst: Burst) -> bool:
        """Whether music was playing until just now; two tones as pure and steady as an exchange's are none of it."""
        if not self._voice.music or not burst.proven:
            return False  # what was looked for where a burst was due is judged by that
        if self._tones.lines(burst) > 1 and self._stands_out(burst):
            return False  # clipped ones are less pure and less steady
        return self._tones.lines(burst) < 2 or burst.share < _PURE or self._tones.steadiness(burst) < _PURE

    def _probe(self) -> None:
        """Where a burst was due and nothing was found, look for what a pick-up may have left of it."""
        for reach, probed in self._probed.items():
            for due in self._cadence.due:
                if probed < due.start and due.start + due.slack + reach < self._heard_tones:
                    self._probed[reach] = due.start
                    self._look_at(due, reach)

    def _look_at(self, due: Due, reach: int) -> None:
        self._hear(due.start)
        if not self._voice.likely:
            burst = self._tones.probe(due.start, self._cadence.ring_set, slack=due.slack, reach=reach)
            if burst is not None:
                self._name([burst])

    @property
    def _heard_tones(self) -> int:
        """Up to this sample every tone that can be found without being looked for was found."""
        return min(self._tones.clear_until, self._stream.available)

    @property
    def _clear_until(self) -> int:
        """Up to this sample the voice may be looked for: a burst that is due is looked for first."""
        probed, until = self._probed[REACHES[-1]], self._tones.clear_until
        for due in self._cadence.due:
            if probed < due.start < until:
                until = due.start
        return until

    def _hear(self, until: int) -> None:
        if self._answer is not None and self._answer <= until:
            self._done += self._voice.advance(self._answer, available=self._answer)
            self._done += self._voice.reset(self._answer)
            self._answer = None
        self._done += self._voice.advance(until, available=self._stream.available)

    def _hand_out(self, *, limit: int) -> list[Segment]:
        if not self._done:
            return []
        done = [self._scaled(s) for s in self._done]
        self._done = []
        top = min(limit * self._factor, self._fed)
        # Of what never arrived the end is known before a converter has got there.
        tops = ((s, self._fed if s.sound == MISSING else top) for s in done)
        trimmed = (_within(s, max(s.start, 0), min(s.end, last)) for s, last in tops)
        return [s for s in trimmed if s.end > s.start]

    def _scaled(self, segment: Segment) -> Segment:
        return _within(segment, segment.start * self._factor, segment.end * self._factor)


def _within(segment: Segment, start: int, end: int) -> Segment:
    """It between two samples; nearly always it is there already."""
    return segment if segment.start == start and segment.end == end else replace(segment, start=start, end=end)


def _clipped(heard: list[Segment], start: int) -> list[Segment]:
    """What was heard, up to a tone's start: its first moments were taken for a voice."""
    return [Segment(s.sound, s.start, min(s.end, start)) for s in heard if s.start < start - _GHOST]
