"""What is worked out of each chunk, of many chunks at once where their audio has come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from dsp.voices.silero import CHUNK, chunk_rows

Array = npt.NDArray[np.float32]
Rows = npt.NDArray[Any]
Reader = Callable[[int, int], Array]


class Ahead:
    """Rows of values, one a chunk, kept until they are asked for: a function of the chunk and nothing else, so that
    to know more of them spares work and changes nothing."""

    def __init__(self, work: Callable[[Array], Rows], *, read: Reader, context: int = 0) -> None:
        """
        Args:
            work: (m, context + CHUNK) samples -> m rows.
            read: gives samples [start, end).
            context: samples before each chunk that `work` sees too.
        """
        self._work = work
        self._read = read
        self._context = context
        self._rows: Rows = np.zeros(0)
        self._first = 0

    def of(self, at: int, count: int, *, most: int, available: int) -> Rows:
        """The rows of `count` chunks from sample `at` on.

        Args:
            at: first sample of the first chunk.
            count: chunks.
            most: so many are worked out at once,
            available: as far as there is audio.
        """
        place, rest = divmod(at - self._first, CHUNK)
        if rest or not 0 <= place <= len(self._rows) - count:
            many = max(count, min(most, (available - at) // CHUNK))
            self.keep(self._work(self.chunks(at, many)), at)
            place = 0
        return self._rows[place : place + count]

    def chunks(self, at: int, count: int) -> Array:
        """The samples of chunks, (count, context + CHUNK)."""
        return chunk_rows(self._read(at - self._context, at + count * CHUNK), count, context=self._context)

    def keep(self, rows: Rows, at: int) -> None:
        """Keep rows that somebody else worked out, of the chunks from sample `at` on."""
        self._rows, self._first = rows, at

    def known_until(self, at: int) -> int:
        """Up to this sample the rows are known, from sample `at` on."""
        place, rest = divmod(at - self._first, CHUNK)
        return at if rest or not 0 <= place < len(self._rows) else self._first + len(self._rows) * CHUNK

    def add(self, rows: Rows, *, since: int) -> None:
        """Keep rows behind those known from `since` on."""
        known = (self.known_until(since) - since) // CHUNK
        place = (since - self._first) // CHUNK
        self.keep(np.concatenate([self._rows[place : place + known], rows]) if known else rows, since)
