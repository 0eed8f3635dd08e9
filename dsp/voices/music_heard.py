"""Music that plays on the line, and what passed for a voice until shortly before it: its first notes, most likely."""

from __future__ import annotations

import numpy as np

from dsp.segment import MUSIC, Segment
from dsp.tone_sets import SR
from dsp.voices.silero import CHUNK
from dsp.voices.voice_window import MUSIC_DB, WINDOW, VoiceWindow

_REST = round(1.5 * SR)
_FALL_DB = 25.0
_CLAIM, _WAIT = SR // 2, 2 * SR
"""What passed for a voice until so shortly before music, known within so long, was its first notes."""
_PAUSE = 32
"""Music has rests; a second of quiet ends it."""


class MusicHeard:
    """What plays, what was taken for a voice and may have been its notes, and when it ends."""

    def __init__(self) -> None:
        self._span: tuple[int, int] | None = None
        self._end = -_REST
        self._doubt: Segment | None = None
        self.begin()

    def begin(self) -> None:
        """Nothing is known of what plays now."""
        self._heard = 0
        self.quiet_db = MUSIC_DB
        """Fainter than this it rests."""

    @property
    def plays(self) -> bool:
        """Whether music has begun and not ended."""
        return self._span is not None

    def rests(self, at: int) -> bool:
        """Whether it plays, or did until just before a sample: a rest is not its end."""
        return self._span is not None or at - self._end < _REST

    def until(self, last: int) -> tuple[Segment, ...]:
        """It so far, up to a sample at least."""
        return () if self._span is None else (Segment(MUSIC, self._span[0], max(self._span[1], last)),)

    def goes_on(self, end: int) -> None:
        """It sounded up to a sample, if it plays."""
        if self._span is not None:
            self._span = (self._span[0], end)

    def look(self, at: int, level: float, chunks: VoiceWindow, *, since: int, noise_db: float) -> list[Segment]:
        """Loud for 1.5 s, no voice to the network, and its energy in lines: music. What its chunk at a sample ends."""
        if self._span is not None:
            if level > self.quiet_db:
                self.goes_on(at + CHUNK)
            return self.end() if at - self._span[1] > _PAUSE * CHUNK else []
        self._heard += 1
        if len(chunks.window) == WINDOW and self._heard % 8 == 0 and chunks.is_music():
            return self._begin(at, chunks, chunks.music_start(since=since, noise_db=noise_db))
        return self.end_doubt() if self._doubt is not None and at - self._doubt.end > _WAIT else []

    def _begin(self, at: int, chunks: VoiceWindow, start: int) -> list[Segment]:
        if self._doubt is not None and start - self._doubt.end < _CLAIM:
            start, self._doubt = self._doubt.start, None
        self._span = (start, at + CHUNK)
        self.quiet_db = max(MUSIC_DB, float(np.mean([db for _, _, db in chunks.window])) - _FALL_DB)
        return self.end_doubt()

    def end(self, at: int | None = None) -> list[Segment]:
        """It is over, at a sample at the latest."""
        if self._span is None:
            return []
        start, end = self._span
        self._span, self._end = None, end
        return [Segment(MUSIC, start, min(end, at) if at is not None else end)]

    def take(self, spoken: Segment, *, at: int) -> list[Segment]:
        """What passed for a voice and never was one for certain: notes where music plays; else that is left open."""
        if self.rests(at):
            self._span = (spoken.start if self._span is None else self._span[0], spoken.end)
            return self.end_doubt()
        done = self.end_doubt()
        self._doubt = spoken
        return done

    def end_doubt(self, *, since: int = -1) -> list[Segment]:
        """No music came to claim what passed for a voice until after a sample."""
        if self._doubt is None or self._doubt.end <= since:
            return []
        done, self._doubt = [self._doubt], None
        return done
