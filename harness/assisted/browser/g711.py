"""G.711 by tables: aiortp's own A-law has the sign upside down (0xD5 is +8 in ITU-T G.711, there it is -8)."""

from __future__ import annotations

from functools import cache

import numpy as np
from aiortp.codecs.base import Codec
from numpy.typing import NDArray

PCMU, PCMA = 0, 8
"""Payload types (RFC 3551 §6)."""
RATE_HZ, FRAME = 8000, 160


class G711(Codec):
    """One of the two laws; any sample becomes the code whose value is nearest."""

    def __init__(self, payload: int) -> None:
        self._values = _values(payload)
        self._codes = _codes(payload)

    @property
    def name(self) -> str:
        """As aiortp wants it."""
        return "G711"

    @property
    def sample_rate(self) -> int:
        """In Hz."""
        return RATE_HZ

    @property
    def samples_per_frame(self) -> int:
        """20 ms."""
        return FRAME

    def encode(self, pcm: bytes) -> bytes:
        """16-bit samples, little-endian, to codes."""
        return bytes(self._codes[np.frombuffer(pcm, "<u2")])

    def decode(self, payload: bytes) -> bytes:
        """Codes to 16-bit samples, little-endian."""
        return bytes(self._values[np.frombuffer(payload, np.uint8)])


@cache
def _values(payload: int) -> NDArray[np.int16]:
    """The 256 values (ITU-T G.711 tables 1 and 2), shape (256,)."""
    code = np.arange(256)
    code = code ^ 0x55 if payload == PCMA else ~code & 0xFF
    segment, step = code >> 4 & 7, code & 15
    if payload == PCMA:
        value = np.where(segment == 0, step * 16 + 8, (step * 16 + 264) << np.maximum(segment - 1, 0))
        sign = np.where(code & 0x80, 1, -1)
    else:
        value = ((step * 8 + 132) << segment) - 132
        sign = np.where(code & 0x80, -1, 1)
    return (sign * value).astype("<i2")


@cache
def _codes(payload: int) -> NDArray[np.uint8]:
    """The code of each sample, by the sample's 16 bits, shape (65536,)."""
    values = _values(payload).astype(int)
    order = np.argsort(values, kind="stable")
    edges = (values[order][1:] + values[order][:-1]) / 2
    samples = np.arange(65536).astype("<u2").view("<i2").astype(int)
    return order[np.searchsorted(edges, samples)].astype(np.uint8)
