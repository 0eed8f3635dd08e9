"""A reply far fainter than the ringing: most likely the caller's own room, or another line, and nobody who answered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dsp.answering.heard_call import Call, between
from dsp.compiled.quantile import percentile
from dsp.ringing.train import Train
from dsp.segment import MUSIC, SPEECH, Segment

Samples = npt.NDArray[np.generic]

_FAINT_DB = 24.0
"""Exchanges send ringback no louder than speech (ITU-T E.180: -10 dBm0 with 5 dB to either side, speech at -15 to -20);
distant subscribers are fainter by 15 dB. What an outside examination found behind rings, of the caller's own room, was
fainter by 27 to 44."""
_BEGINS_S, _STEP_S = 0.5, 0.1
_FRAME_S, _LOUD = 0.020, 90


def loud_db(samples: Samples, heard: Segment, *, sr: int) -> float:
    """dBFS of the louder frames of a segment.

    Args:
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        heard: the segment.
        sr: samples a second.
    """
    frame = round(_FRAME_S * sr)
    scale = 1 / 32768 if samples.dtype == np.int16 else 1.0
    wave = samples[heard.start : heard.end].astype(np.float64) * scale
    rows = wave[: len(wave) // frame * frame].reshape(-1, frame)
    if not len(rows):
        return -np.inf
    return float(10 * np.log10(percentile(rows.var(axis=1), _LOUD) + 1e-12))


def is_faint(call: Call, train: Train, reply: Segment | None) -> bool:
    """Whether a reply begins far fainter than the ringing before it was."""
    if reply is None:
        return False
    first = replace(reply, end=min(reply.end, reply.start + round(_BEGINS_S * call.sr)))
    level_db = call.recording.level_db
    return level_db(first) < max(level_db(burst) for burst in train.bursts) - _FAINT_DB


def louder(call: Call, train: Train, reply: Segment, limit: int) -> Segment | None:
    """The first voice or music from a faint reply on, up to a sample, that is not as faint: of one that goes on into it
    what is left of it."""
    for heard in (reply, *between(call, (SPEECH, MUSIC), reply.start + 1, limit)):
        for start in range(heard.start, heard.end, round(_STEP_S * call.sr)):
            rest = replace(heard, start=start)
            if not is_faint(call, train, replace(rest, end=min(heard.end, start + round(_STEP_S * call.sr)))):
                return rest
    return None
