"""Reading a WAV file while somebody else is still writing it, and mending it when the writer died."""

from __future__ import annotations

import os
import struct
import wave
import weakref
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HEADER_BYTES = 44
"""pjmedia writes the canonical RIFF header: samples begin at byte 44, whatever the lengths in it say."""
PART_BYTES = 1 << 16
"""Read at once: four seconds of a narrowband recording."""
_NOTHING = np.zeros(0, np.int16)


class GrowingWav:
    """Gives what has been added to a 16-bit mono WAV file since the last look.

    The file stays open: opening it at every look of 150 calls was a tenth of what they cost.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = HEADER_BYTES
        self._file: int | None = None

    def more(self) -> NDArray[np.int16]:
        """Give the samples written since the last call: shape (n,), n ≥ 0, whole samples only."""
        if self._file is None and not self._opened():
            return _NOTHING
        parts = [self._part(0)]
        while len(parts[-1]) == PART_BYTES:
            parts.append(self._part(len(parts) * PART_BYTES))
        data = b"".join(parts)
        whole = len(data) // 2 * 2
        self._read += whole
        return np.frombuffer(data[:whole], "<i2").astype(np.int16) if whole else _NOTHING

    def _part(self, behind: int) -> bytes:
        assert self._file is not None
        return os.pread(self._file, PART_BYTES, self._read + behind)

    def _opened(self) -> bool:
        try:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        weakref.finalize(self, os.close, self._file)
        return True


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
