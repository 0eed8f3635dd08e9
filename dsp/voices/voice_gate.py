"""How loud each chunk is, and whether it stands out of the line's noise: the network hears no others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsp.stream import Reader
from dsp.voices.ahead import Ahead
from dsp.voices.loudness import Floor, levels_db

Levels = npt.NDArray[np.float64]

_GATE_DB = 3.0
"""A chunk this much above the line's noise may hold a voice: steady noise varies by 0.4 dB from chunk to
chunk."""
_HOLD_CHUNKS = 12
"""So many more are heard behind one that stands out."""
_LEVELS_AHEAD = 80
"""Chunks whose loudness is worked out at once, where there is audio."""


class VoiceGate:
    """Opens where something stands out of the noise, and shuts some chunks behind it."""

    def __init__(self, *, read: Reader) -> None:
        self._read = read
        self._levels = Ahead(levels_db, read=read)
        self._floor = Floor()
        self._hold = _HOLD_CHUNKS
        self.noise_db = 0.0
        """The line's noise."""

    @property
    def is_shut(self) -> bool:
        """Whether nothing has stood out for a while."""
        return self._hold < 0

    def levels(self, at: int, count: int, *, available: int) -> Levels:
        """dBFS of chunks from a sample on, (count,), which the noise is known by from then on."""
        levels = self._levels.of(at, count, most=_LEVELS_AHEAD, available=available)
        self.noise_db = self._floor.update(levels)
        return levels

    def limit_db(self, music_db: float | None) -> float:
        """What is louder stands out: of music, too, what is louder than its rests, for held notes are no noise."""
        limit = -np.inf if self._floor.is_new else self.noise_db + _GATE_DB
        return limit if music_db is None else min(limit, music_db)

    def chunk(self, *, stands_out: bool) -> bool:
        """The next chunk: whether the gate is shut for it."""
        self._hold = _HOLD_CHUNKS if stands_out else self._hold - 1
        return self._hold < 0

    def pass_by(self, count: int) -> None:
        """The next chunks, none of which stands out."""
        self._hold -= count

    def is_quiet(self, start: int, end: int) -> bool:
        """Whether no sample of [start, end) is as loud as a chunk would have to be."""
        audio = self._read(start, end)
        return bool(np.max(np.abs(audio)) < 10 ** ((self.noise_db + _GATE_DB) / 20))
