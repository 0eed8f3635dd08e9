"""What the whole call tells a leg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsp.answering.recording import NOT_AT_HAND, Recording
from dsp.ringing.exchange import UNKNOWN, Exchange
from dsp.segment import MISSING, Segment, Span
from dsp.tone_plan import TonePlan


def between(call: Call, sounds: Sequence[str], start: float, end: float) -> list[Segment]:
    return [s for s in call.segments if s.sound in sounds and start <= s.start < end]


@dataclass(frozen=True, slots=True)
class Signalling:
    """What the signalling said of a call, in samples of its audio."""

    early_until: int | None = None
    """Until this sample the call was not answered by signalling: speech before it is an announcement, never a pick-up.
    None: until the 200 OK, if there is one."""
    answered_at: int | None = None
    """The sample at which a 200 OK arrived; None: none, or not known."""

    @property
    def nobody_until(self) -> int:
        """Until this sample nobody had picked up; 0: no signalling is known."""
        return self.early_until if self.early_until is not None else self.answered_at or 0


@dataclass(frozen=True, slots=True)
class Clues:
    """What a second look at the samples found that is no segment."""

    lifts: tuple[Span, ...] = ()
    """When the line's noise stepped between a ring and a voice, as where a handset is lifted (`handset`)."""
    unnamed: tuple[Span, ...] = ()
    """Sounds that nobody could name (`unnamed`)."""
    like_rings: tuple[Span, ...] = ()
    """Such sounds that may be rings by their pitch (`unnamed`)."""
    doubtful: tuple[Segment, ...] = ()
    """What may have been a ring that was cut, or a voice (`clipped_rings`)."""
    unheard: tuple[Span, ...] = ()
    """What may have been rings that nobody told (`unheard_rings`)."""
    exchange: Exchange = UNKNOWN
    """Whose the bursts are (`same_exchange`)."""


UNSIGNALLED, NO_CLUES = Signalling(), Clues()


@dataclass(frozen=True, slots=True)
class Call:
    """What the whole call tells a leg."""

    segments: tuple[Segment, ...]
    """By start."""
    sr: int
    """Samples a second, of everything here."""
    plan: TonePlan
    """Whose tones; its cadence makes rings of bursts."""
    end: int
    """Length of the audio."""
    signalling: Signalling = UNSIGNALLED
    """What was said of it beside its sound."""
    buffer_s: float = 0.0
    """So much sound a jitter buffer may have put in or taken out at any place."""
    recording: Recording = NOT_AT_HAND
    """What its samples may be asked."""
    clues: Clues = NO_CLUES
    """What else was found in them."""

    @property
    def knows_losses(self) -> bool:
        """Whether the receiver said which packets never arrived: the others did."""
        return any(s.sound == MISSING for s in self.segments)
