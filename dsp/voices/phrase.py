"""What somebody says without a pause, chunk by chunk: how far it has got, and whether it must be listened to."""

from __future__ import annotations

from dataclasses import dataclass

from dsp.segment import SPEECH, Segment
from dsp.voices.voice_window import PAUSE_DB, STANDS_OUT_DB

_STOP_P = 0.35
"""A voice ends when p < 0.35 for 300 ms; measured on telephone speech."""
_STOP_CHUNKS = 10
_SURE_CHUNKS, _SURE_AGAIN = 16, 4
"""After so much speech its loudness alone is watched, while it stands out of the noise,"""
_CHECK_CHUNKS = 94
"""and every 3 s the network is asked again for half a second."""
_CHECK_LENGTH = 16


@dataclass(slots=True)
class Phrase:
    """A voice that has begun and not ended."""

    start: int
    """Its first sample,"""
    last: int
    """and the end of its last chunk."""
    again: bool
    """It follows another within 2 s: it needs less proof."""
    certain: bool = False
    """It is a voice, not a note of music's."""
    spoken: int = 0
    """Chunks since it was found,"""
    quiet: int = 0
    """and of these so many in a row, up to now, without a voice."""
    loud_db: float = -99.0
    """How loud it is."""

    @property
    def segment(self) -> Segment:
        """It so far."""
        return Segment(SPEECH, self.start, self.last)

    def dozes(self, *, noise_db: float) -> bool:
        """In a long speech that stands out of the noise its loudness is enough, but for a check now and then."""
        if not self.certain or self.spoken < (_SURE_AGAIN if self.again else _SURE_CHUNKS):
            return False
        if self.loud_db < noise_db + STANDS_OUT_DB:
            return False
        return self.spoken < _CHECK_CHUNKS or self.spoken % _CHECK_CHUNKS >= _CHECK_LENGTH

    def hear(self, level: float) -> None:
        """The next chunk's loudness, where the network heard it."""
        self.spoken += 1
        self.loud_db = max(self.loud_db - 0.05, level)

    def goes_on(self, end: int, p: float) -> bool:
        """Whether it does, by what the network made of the chunk that ends there."""
        return self._goes_on(end, sounds=p >= _STOP_P)

    def goes_on_unheard(self, end: int, level: float, *, noise_db: float) -> bool:
        """Whether it does, by the loudness of the chunk that ends there."""
        self.spoken += 1
        return self._goes_on(end, sounds=level > noise_db + PAUSE_DB)

    def _goes_on(self, end: int, *, sounds: bool) -> bool:
        if sounds:
            self.last, self.quiet = end, 0
            return True
        self.quiet += 1
        return self.quiet < _STOP_CHUNKS
