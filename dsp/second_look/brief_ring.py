"""A ring that was picked up as soon as it began: looked for where it was due, by the plan's own tones.

A burst of a few hundredths of a second is too short to be told among everything that may sound. Where one is due, and
as loud as the one before, its tones alone are asked for: 20 ms of them stand out of noise as loud as they are. What is
shorter has no tones that could be told, but on a quiet line it sounds: whatever does so where a ring was due, and is
over at once, may be one, as it may be the click of a handset; so may what a line was driven into its limits by. And one
that packets were lost of is told no better, however long it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsp.second_look.loud_stretch import clips
from dsp.second_look.tone_share import FRAME_S, HOP_S, frames_of, tone_powers
from dsp.segment import Segment
from dsp.tone_plan import TonePlan

Samples = npt.NDArray[np.generic]
Powers = npt.NDArray[np.float64]

LONGEST_S = 0.16
"""What is longer is heard as a burst."""
_EARLY_S, _LATE_S = 0.020, 0.040
"""A burst begins so near to where it is due: edges, and a packet or two that were lost."""
_AS_LOUD, _ALONE, _ABOVE = 0.2, 0.5, 8.0
"""Its tones are weaker than those of the burst before by no more than 7 dB, half of what sounds there, and 9 dB above
what the line has of them."""
_MOST_LOST_S = 0.2
"""Ten packets that are known to be lost, as nothing at all came, may have held its beginning."""
_HOLE = 0.010
"""Nothing at all for so many seconds never arrived."""
_LEAST = 3
"""Frames."""
_EDGE_S = 0.06
_HOLE_S = 0.1
"""Lost packets part its tones for so long."""
_BLIP_FRAME_S, _BLIP_HOP_S = 0.004, 0.001
_BLIP_AS_LOUD, _BLIP_ABOVE = 0.1, 4.0
"""A ring of a few milliseconds has a tenth of the power of those before in a frame that holds a part of it, and 6 dB
more than all but a hundredth of what the line has."""
_BLIP_LONGEST_S = 0.045
"""What is longer is told by its tones."""


def brief_ring_end(samples: Samples, at: int, *, before: Segment, sr: int, plan: TonePlan) -> int | None:
    """The last sample of what may be a ring that began where it was due and was cut at once; None: there is none.

    Args:
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        at: where it is due.
        before: the burst before it, of the same tones.
        sr: samples a second.
        plan: whose tones.
    """
    first = max(at - round(_EARLY_S * sr), 0)
    told = _told_end(samples, at, first, before=before, sr=sr, plan=plan)
    if told is None:
        told = _blip_end(samples, at, first, before=before, sr=sr, longest_s=_BLIP_LONGEST_S, late_s=_LATE_S)
    if told is None:
        late_s = _LATE_S + _lost(samples, at, before, sr=sr) / sr
        over = _blip_end(samples, at, first, before=before, sr=sr, longest_s=LONGEST_S, late_s=late_s)
        told = over if over is not None and clips(samples[at:over]) else None
    return told


def _told_end(samples: Samples, at: int, first: int, *, before: Segment, sr: int, plan: TonePlan) -> int | None:
    """The end of one that its tones tell."""
    edge = round(_EDGE_S * sr)
    tones = plan.ringback.frequencies_hz
    _, begun = tone_powers(samples[first : at + round((LONGEST_S + _LATE_S) * sr)], sr=sr, frequencies_hz=tones)
    if not _holds(begun >= _ALONE):
        return None
    # One that packets were lost of is not heard as a burst, however long it is.
    longest = max(LONGEST_S, before.length / sr) + _LATE_S
    here, share = tone_powers(samples[first : at + round(longest * sr)], sr=sr, frequencies_hz=tones)
    ring, _ = tone_powers(samples[before.start + edge : before.end - edge], sr=sr, frequencies_hz=tones)
    gap, _ = tone_powers(samples[before.end + edge : first], sr=sr, frequencies_hz=tones)
    if min(len(ring), len(gap)) < _LEAST:
        return None
    least = max(_AS_LOUD * float(np.median(ring)), _ABOVE * float(np.median(gap)))
    sounds = (here >= least) & (share >= _ALONE)
    latest = at - first + round(_LATE_S * sr) + _lost(samples, at, before, sr=sr)
    return _end(sounds, first, latest, sr=sr)


def _lost(samples: Samples, at: int, before: Segment, *, sr: int) -> int:
    """How many samples from where a ring was due on never arrived, or are before a hole that begins soon and in it: on
    a line that is not silent between the rings."""
    line, due = samples[before.end : at - round(_EARLY_S * sr)], samples[at : at + round(_MOST_LOST_S * sr)]
    if not len(line) or np.count_nonzero(line) < len(line) / 2:
        return 0
    if not due.any():
        return 0
    steps = np.flatnonzero(np.diff(np.concatenate([[False], due == 0, [False]]).astype(np.int8)))
    holes = zip(steps[::2].tolist(), steps[1::2].tolist(), strict=True)
    return next((over for start, over in holes if start <= _LATE_S * sr and over - start >= _HOLE * sr), 0)


def _blip_end(
    samples: Samples, at: int, first: int, *, before: Segment, sr: int, longest_s: float, late_s: float
) -> int | None:
    """The end of one that is too short for that, on a line that is quiet enough for it."""
    edge, hop, frame = (round(seconds * sr) for seconds in (_EDGE_S, _BLIP_HOP_S, _BLIP_FRAME_S))
    ring = _loudness(samples[before.start + edge : before.end - edge], frame, frame)
    gap = _loudness(samples[before.end + edge : first], frame, hop)
    if min(len(ring), len(gap)) < _LEAST:
        return None
    least = max(_BLIP_AS_LOUD * float(np.mean(ring)), _BLIP_ABOVE * float(np.quantile(gap, 0.99)))
    reach = at + round((late_s + longest_s) * sr)
    loud = np.flatnonzero(_loudness(samples[first:reach], frame, hop) >= least)
    soon = len(loud) and loud[0] * hop <= at - first + late_s * sr
    if not soon or loud[-1] - loud[0] > longest_s / _BLIP_HOP_S:
        return None
    return first + int(loud[-1]) * hop + frame


def _loudness(samples: Samples, frame: int, hop: int) -> Powers:
    """Mean power of frames, without what does not change in them."""
    return np.asarray(frames_of(samples, frame, hop).var(axis=1))


def _holds(alone: npt.NDArray[np.bool_]) -> bool:
    """Whether so many frames in a row as a ring needs are told to be its tones: without them nothing else need be
    worked out."""
    return bool(np.convolve(alone, np.ones(_LEAST), mode="valid").max(initial=0) >= _LEAST) if len(alone) else False


def _end(sounds: npt.NDArray[np.bool_], first: int, latest: int, *, sr: int) -> int | None:
    """Where the last run of frames ends, if the first begins where a burst may, so many samples behind the first, and
    all are over before one would be heard: packets that were lost part them."""
    hop = round(HOP_S * sr)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], sounds, [False]]).astype(np.int8)))
    runs = [(b, e) for b, e in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True) if e - b >= _LEAST]
    if not runs or runs[0][0] * hop > latest:
        return None
    over = runs[0][1]
    for begin, end in runs[1:]:
        over = end if (begin - over) * HOP_S <= _HOLE_S else over
    return None if over >= len(sounds) else int(first + (over - 1) * hop + round(FRAME_S * sr))
