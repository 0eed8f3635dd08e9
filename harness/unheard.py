"""Which samples of a recording never arrived: digital silence where sound is known to be missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.stretches import stretches

Windows = Sequence[tuple[int, int]]

HOLE_S = 0.010
"""Digital silence of such a length is no packet's: A-law has no zero, and what µ-law's zeros say is silence."""


def unheard(samples: NDArray[np.int16], windows: Windows, *, rate: int) -> list[tuple[int, int]]:
    """Give where samples, shape (n,), hold nothing at all in a window of missing sound: first and last + 1.

    One lost packet is 20 ms somewhere in a window of a tenth of a second: the rest of it did arrive, and what did
    not the telephone conceals by what came before. To leave out the whole window would tear each burst and word.
    """
    found = []
    for start, end in joined([(max(start, 0), end) for start, end in windows if end > 0]):
        runs = stretches(np.asarray(samples[start:end]) == 0) + start
        found += [(int(first), int(last)) for first, last in runs if last - first >= HOLE_S * rate]
    return found


def joined(windows: Windows) -> list[tuple[int, int]]:
    """Join windows that overlap; in order."""
    whole: list[tuple[int, int]] = []
    for start, end in sorted(windows):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((start, end))
    return whole
