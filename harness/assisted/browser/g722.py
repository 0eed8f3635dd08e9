"""G.722 by its library: 50 to 7,000 Hz in 64 kbit/s (ITU-T G.722), adaptive, so that a call has a coder of its own."""

from __future__ import annotations

import numpy as np
from aiortp.codecs.base import Codec
from G722 import G722 as Engine

G722 = 9
"""Payload type (RFC 3551 §6)."""
RATE_HZ, BIT_RATE = 16000, 64000
CLOCK_FRAME = 160
"""What 20 ms add to an RTP timestamp: its clock stays at 8 kHz, by an old error that everybody keeps (RFC 3551
§4.5.2)."""


class Wide(Codec):
    """Both directions of one call."""

    def __init__(self) -> None:
        self._says, self._hears = Engine(RATE_HZ, BIT_RATE), Engine(RATE_HZ, BIT_RATE)

    @property
    def name(self) -> str:
        """As aiortp wants it."""
        return "G722"

    @property
    def sample_rate(self) -> int:
        """Of the sound, in Hz."""
        return RATE_HZ

    @property
    def samples_per_frame(self) -> int:
        """What aiortp's timestamps go up by: the clock's ticks, not the samples, which are twice as many."""
        return CLOCK_FRAME

    def encode(self, pcm: bytes) -> bytes:
        """16-bit samples, little-endian, to codes, one for two samples."""
        return bytes(self._says.encode(np.frombuffer(pcm, "<i2").astype(np.int16)))

    def decode(self, payload: bytes) -> bytes:
        """Codes to 16-bit samples, little-endian."""
        return np.asarray(self._hears.decode(payload), np.int16).astype("<i2").tobytes()
