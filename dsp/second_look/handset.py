"""When a handset was lifted, by the line's noise: from then on the telephone's is heard, no more the exchange's.

It is told only where it is plain. The noise between the rings is known, and holds until the step; the step is larger
than a gain control's, and nothing as loud came between the rings; the other noise holds until somebody speaks, and in
the pauses of the speech, where a breath before it would be over."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dsp.segment import MISSING, MUSIC, RINGBACK, SPEECH, Segment, Span

Samples = npt.NDArray[np.generic]
Levels = npt.NDArray[np.float64]

_FRAME_S, _EDGE_S = 0.010, 0.05
"""A burst's end, and a voice's start, may be off by so much."""
_STEP_DB = 6.0
"""Gain controls move a line by 4 dB and less."""
_SAME_DB = 2.0
_SILENT_DB = -80.0
"""What is quieter is silence: whether an exchange sends none, or a telephone none yet, nobody hears."""
_LOST_DB = 6.0
"""What is so much quieter than either noise is no noise, but a hole in it."""
_SWAYS_DB = 5.0
"""Noise's frames are as loud to this, but for a tenth at either end; a voice's are not."""
_BEFORE, _AFTER = 8, 12
"""Frames that the noise must hold on either side of the step."""
_GAPS, _LEAST = 2, 30
"""So many gaps between rings must have been heard before, so many frames of each."""
_HOLDS, _HOLDS_AFTER = 0.99, 0.95
"""Share of frames on their side of the step."""
_BEHIND_S = 4.0
_EARLY_S, _LATE_S = 0.35, 0.05
"""Two packets lost there move the step; and where the exchange's sound gives way to the telephone's, nothing may come
for a third of a second, which on a line without noise of its own sounds like the exchange still."""


def lifts(segments: Sequence[Segment], samples: Samples, *, sr: int) -> tuple[Span, ...]:
    """When the noise stepped between a last ring and the first voice behind it, for each of these that tell it.

    Args:
        segments: what was heard.
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        sr: samples a second.
    """
    told = sorted((s for s in segments if s.sound != MISSING), key=lambda s: s.start)
    found = []
    for index, (last, reply) in enumerate(pairwise(told)):
        if last.sound == RINGBACK and reply.sound == SPEECH:  # music's beginning is known less well
            following = next((s.start for s in told[index + 1 :] if s.sound not in (SPEECH, MUSIC)), len(samples))
            until = min(reply.start + round(_BEHIND_S * sr), following)
            found.append(_lift(_rings_until(told[: index + 1]), reply.start, until, samples, sr=sr))
    return tuple(span for span in found if span is not None)


def _rings_until(told: Sequence[Segment]) -> list[Segment]:
    """The bursts at the end of what was heard, with nothing else between."""
    first = next((i + 1 for i in range(len(told) - 1, -1, -1) if told[i].sound != RINGBACK), 0)
    return list(told[first:])


def _lift(rings: Sequence[Segment], reply: int, until: int, samples: Samples, *, sr: int) -> Span | None:
    """The step between the last of the rings and the reply, if it is plain."""
    edge, frame = round(_EDGE_S * sr), round(_FRAME_S * sr)
    gaps = [samples[a.end + edge : b.start - edge] for a, b in pairwise(rings)]
    known = [gap for gap in gaps if _frames(gap, frame) >= _LEAST]
    base = rings[-1].end + edge
    before = samples[base : reply - edge]
    if len(known) < _GAPS or _frames(before, frame) < _BEFORE + _AFTER:
        return None
    levels = _levels_db(before, frame)
    earlier = np.concatenate([_levels_db(gap, frame) for gap in known])
    behind = _levels_db(samples[reply:until], frame)
    silent = float(np.median(earlier)) <= _SILENT_DB
    at = _step(levels)
    if not _is_plain(levels, at, earlier, behind, silent=silent):
        return None
    first, last = (at, at) if silent else _around_hole(levels, at)
    earliest = rings[-1].end - edge if silent else base + first * frame - round(_EARLY_S * sr)
    return Span(max(earliest, 0), base + last * frame + round(_LATE_S * sr))


def _around_hole(levels: Levels, at: int) -> tuple[int, int]:
    """The frames between which a step came: what did not arrive around it may hold it."""
    quieter = min(float(np.median(part)) for part in (levels[:at], levels[at:]))
    lost, first, last = levels <= max(quieter - _LOST_DB, _SILENT_DB), at, at
    while first > 0 and lost[max(first - 2, 0) : first].any():
        first -= 1
    while last < len(levels) and lost[last : last + 2].any():
        last += 1
    return first, last


def _is_plain(levels: Levels, at: int, earlier: Levels, behind: Levels, *, silent: bool) -> bool:
    """Whether a step is a lifted handset's; on a line that is not silent what is silent was lost."""
    if not _BEFORE <= at <= len(levels) - _AFTER:
        return False
    earlier, before, after, behind = (
        part if silent else part[part > _SILENT_DB] for part in (earlier, levels[: at - 1], levels[at + 1 :], behind)
    )
    if min(map(len, (earlier, before, after, behind))) < _BEFORE // 2:
        return False
    low, high = float(np.median(before)), float(np.median(after))
    middle, up = (low + high) / 2, high > low
    if abs(high - low) < _STEP_DB or high <= _SILENT_DB or abs(float(np.median(earlier)) - low) > _SAME_DB:
        return False
    if any(np.ptp(np.percentile(part, (10, 90))) > _SWAYS_DB for part in (before, after)):
        return False
    holds = min(np.mean((part > middle) != up) for part in (earlier, before)) >= _HOLDS
    # A fall shows in the pauses of the speech alone.
    return bool(
        holds and np.mean((after > middle) == up) >= _HOLDS_AFTER and (not up or np.mean(behind > middle) >= _HOLDS)
    )


def _step(levels: Levels) -> int:
    """The frame before which the levels differ most from those behind it, in least squares."""
    n, total = len(levels), np.cumsum(levels)
    left = np.arange(1, n)
    before, after = total[:-1] / left, (total[-1] - total[:-1]) / (n - left)
    return int(np.argmax(left * (n - left) * (after - before) ** 2)) + 1


def _frames(samples: Samples, frame: int) -> int:
    """How many frames of differences there are."""
    return max(len(samples) - 1, 0) // frame


def _levels_db(samples: Samples, frame: int) -> Levels:
    """dBFS of each frame's differences: so hum and a street count for little."""
    scale = np.float32(1 / 32768 if samples.dtype == np.int16 else 1)
    piece = np.diff(samples.astype(np.float32) * scale)
    power = np.square(piece[: len(piece) // frame * frame].reshape(-1, frame)).mean(axis=1)
    return np.asarray(np.maximum(10 * np.log10(power.astype(np.float64) + 1e-12), _SILENT_DB - 10))
