"""Stretches in which a far end sent nothing and then went on: its silence, or its machine that stood still?

A far end that saves packets (DTX) sends nothing while it is silent. One that sends its silence too, and stops for some
tenths of a second, in the middle of a sound or of a ringing's pause, had no processor, or changed its media: nobody
knows what would have sounded meanwhile, and what follows may come later than its cadence says.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dsp.voices.loudness import levels_db
from harness.record import CallRecord
from harness.softphone.signals import RTP_RESUMED, RTP_STOPPED
from harness.stretches import stretches

Window = tuple[float, float]

HALT_S = 1.0
"""A machine that stands still for longer is no telephone any more; one that changes its media may take so long."""
CARRIED_S = 0.6
"""Silence of such a length in packets: this far end does not save them. Hangovers of DTX are shorter."""
BEFORE_S = 0.08
"""So much before the last packet tells whether something sounded."""
QUIET_DB = 25.0
"""Sound so far below the loudest tenth of the call is its silence."""
FRAME_S = 0.02


def far_pauses(record: CallRecord, samples: NDArray[np.int16]) -> list[Window]:
    """Give the stretches, seconds of the call, in which the far end stood still; `samples` of shape (n,)."""
    told = _paused(record)
    paused = [(start, end) for start, end in told if end - start < HALT_S]
    levels = _levels_dbfs(samples, record.sample_rate_hz) if paused else np.zeros(0)
    if not len(levels):
        return []
    quiet_dbfs = float(np.quantile(levels, 0.9)) - QUIET_DB
    if _carries_silence(levels < quiet_dbfs, told):
        return paused
    return [(start, end) for start, end in paused if _level_before(levels, start) >= quiet_dbfs]


def most_within(pauses: Sequence[Window], seconds: float) -> float:
    """How long such stretches last in all within any time of so many seconds, at most."""
    return max((sum(e - s for s, e in pauses if first <= s < first + seconds) for first, _ in pauses), default=0.0)


def _paused(record: CallRecord) -> list[Window]:
    """From the last packet to the next, for each time that packets stopped and came again."""
    told = [s for s in record.signals if s.kind in (RTP_STOPPED, RTP_RESUMED)]
    return [
        (one.earliest_s, other.latest_s)
        for one, other in pairwise(told)
        if (one.kind, other.kind) == (RTP_STOPPED, RTP_RESUMED)
    ]


def _levels_dbfs(samples: NDArray[np.int16], rate: int) -> NDArray[np.float64]:
    """Level of each 20 ms, shape (n / 20 ms,); digital silence stands far below any line's."""
    size = round(FRAME_S * rate)
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    return levels_db(frames.astype(np.float32) / np.float32(32768))


def _carries_silence(quiet: NDArray[np.bool_], paused: list[Window]) -> bool:
    """Whether silence of some length came in packets."""
    carried = quiet.copy()
    for start, end in paused:
        carried[max(round(start / FRAME_S) - 1, 0) : round(end / FRAME_S) + 5] = False
    return any(last - first >= CARRIED_S / FRAME_S for first, last in stretches(carried))


def _level_before(levels: NDArray[np.float64], start_s: float) -> float:
    here = levels[max(round((start_s - BEFORE_S) / FRAME_S), 0) : max(round(start_s / FRAME_S), 1)]
    return float(np.max(here, initial=-np.inf))
