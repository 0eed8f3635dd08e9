"""Reading a WAV file while somebody else is still writing it, and mending it when the writer died."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HEADER_BYTES = 44
"""pjmedia writes the canonical RIFF header: samples begin at byte 44, whatever the lengths in it say."""
_NOTHING = np.zeros(0, np.int16)


class GrowingWav:
    """Gives what has been added to a 16-bit mono WAV file since the last look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = HEADER_BYTES

    def more(self) -> NDArray[np.int16]:
        """Give the samples written since the last call: shape (n,), n ≥ 0, whole samples only."""
        try:
            grown = self._path.stat().st_size > self._read + 1
        except FileNotFoundError:
            grown = False
        if not grown:  # most looks: a recorder writes a block four times a second
            return _NOTHING
        with self._path.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        whole = len(data) // 2 * 2
        self._read += whole
        return np.frombuffer(data[:whole], "<i2").astype(np.int16)


def repair_header(path: Path) -> bool:
    """Write the lengths that the file really has into its header; True when they were wrong.

    A writer that was killed leaves zero or stale lengths; its samples are intact.
    """
    size = path.stat().st_size
    if size < HEADER_BYTES:
        return False
    with path.open("r+b") as file:
        header = file.read(HEADER_BYTES)
        wanted = struct.pack("<I", size - 8), struct.pack("<I", size - HEADER_BYTES)
        if (header[4:8], header[40:44]) == wanted:
            return False
        for offset, data in zip((4, 40), wanted, strict=True):
            file.seek(offset)
            file.write(data)
    return True


def write_wav(path: Path, samples: NDArray[np.int16], *, sample_rate_hz: int) -> None:
    """Write 16-bit samples, shape (n,), as a mono WAV file with the canonical 44-byte header."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate_hz)
        file.writeframes(samples.astype("<i2").tobytes())
