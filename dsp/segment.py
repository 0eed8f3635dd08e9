"""What the ear hands out: a stretch of one sound, in samples from the start of the audio."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

RINGBACK = "ringback"
BUSY = "busy"
CONGESTION = "congestion"
SIT = "sit"
DIAL = "dial"
DTMF = "dtmf"
TONE = "tone"
SPEECH = "speech"
MUSIC = "music"
SILENCE = "silence"
MISSING = "missing"

SOUNDS = (RINGBACK, BUSY, CONGESTION, SIT, DIAL, DTMF, TONE, SPEECH, MUSIC, SILENCE, MISSING)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one sound."""

    sound: str
    """One of the names above."""
    start: int
    """First sample, counted at the rate the detector was given."""
    end: int
    """One past the last sample."""
    digit: str | None = None
    """The key of a DTMF tone (0-9, A-D, *, #); None for every other sound."""
    stops: bool = False
    """A tone that surely ended where it ends: the line's own noise goes on behind it, so that no packet was lost."""

    begins: bool = True
    """False: a tone that did not begin out of the line's quiet, but among other sounds, as notes do."""
    told: bool = False
    """Two tones at once, told apart, out of quiet and with nothing beside them: an exchange's, no instrument's."""

    uneven: bool = False
    """A refusal whose first burst is not as its others are: it may hold a ring that was cut."""

    @property
    def length(self) -> int:
        """Samples."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Span:
    """An instant known only to lie between two samples, both included."""

    earliest: int
    """The instant cannot be before this sample."""
    latest: int
    """The instant cannot be after this sample."""

    def __post_init__(self) -> None:
        if self.latest < self.earliest:
            raise ValueError(f"a span cannot end before it begins: {self.earliest} > {self.latest}")

    def __contains__(self, sample: object) -> bool:
        return isinstance(sample, int | float) and self.earliest <= sample <= self.latest


def overlaps(one: Segment | Span, others: Iterable[Segment | Span]) -> bool:
    """Whether a stretch shares more than an edge with any of some others."""
    start, end = _ends(one)
    return any(begun < end and over > start for begun, over in map(_ends, others))


def _ends(one: Segment | Span) -> tuple[int, int]:
    return (one.start, one.end) if isinstance(one, Segment) else (one.earliest, one.latest)
