"""What the whole call tells a leg."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dsp.segment import MISSING, Segment, Span
from dsp.tone_plan import Tone, TonePlan


def between(call: Call, sounds: Sequence[str], start: float, end: float) -> list[Segment]:
    return [s for s in call.segments if s.sound in sounds and start <= s.start < end]


Brief = Callable[[int, Segment], int | None]


IsTone = Callable[[Segment, Tone], bool]


GoesOn = Callable[[Segment], bool]


RingsAt = Callable[[int], bool]


End = Callable[[Segment], int]


Level = Callable[[Segment], float]


def nothing_brief(_at: int, legs_before: Segment) -> int | None:
    """Of a call whose samples are not at hand."""
    return None


@dataclass(frozen=True, slots=True)
class Call:
    """What the whole call tells a leg."""

    segments: tuple[Segment, ...]
    """By start."""
    sr: int
    """Samples a second."""
    plan: TonePlan
    """Whose tones."""
    end: int
    """Length of the audio."""
    early_until: int
    """Until this sample nobody had picked up, by signalling."""
    answered_at: int | None
    """The sample of the 200 OK."""
    buffer_s: float = 0.0
    """So much of a burst a jitter buffer may have put in or taken out."""
    lifts: tuple[Span, ...] = ()
    """When the noise stepped as where a handset is lifted."""
    unnamed: tuple[Span, ...] = ()
    """Sounds that nobody could name."""
    like_rings: tuple[Span, ...] = ()
    """Such sounds that may be rings by their pitch."""
    brief: Brief = nothing_brief
    """Where a ring ends that begins at a sample as the burst `before` did, and was cut at once; None: there is none."""
    doubtful: tuple[Segment, ...] = ()
    """What may have been a ring that was cut, or a voice."""
    is_tone: IsTone | None = None
    """Whether a segment is mostly a signal of the exchange; None: the samples are not at hand."""
    rest_end: End | None = None
    """Where a burst's tones are last heard behind packets that were lost; None: the samples are not at hand."""
    sure_end: End | None = None
    """Up to where a burst is surely its tones; None: the samples are not at hand."""
    level_db: Level | None = None
    """How loud a segment is, dBFS; None: the samples are not at hand."""
    hole_start: End | None = None
    """Where a hole begins right behind which a burst does; None: the samples are not at hand."""
    goes_on: GoesOn | None = None
    """Whether the line is heard right behind a burst, so that the packet there arrived; None: the samples are not at
    hand."""
    rings_at: RingsAt | None = None
    """Whether ringback's tones alone sound right behind a sample; None: the samples are not at hand."""
    unheard: tuple[Span, ...] = ()
    """What may have been rings that nobody told."""

    @property
    def knows_losses(self) -> bool:
        """Whether the receiver said which packets never arrived: the others did."""
        return any(s.sound == MISSING for s in self.segments)
