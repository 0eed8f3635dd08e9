"""Keys as tones in the sound, for telephones that take nothing else (ITU-T Q.23)."""

from __future__ import annotations

import numpy as np

from dsp.synthesis import Array, at_level, silence
from dsp.tone_sets import dtmf_sets

LOW_DBFS, HIGH_DBFS = -15.0, -13.0
"""Each tone's own level: ETSI ES 201 235-2 sends -11 dBV in the low group and -9 dBV in the high."""
ON_S = OFF_S = 0.1
"""Receivers want 40 ms of each (ITU-T Q.24): this survives a lost packet too."""
RAMP_S = 0.002


def dtmf(keys: str, *, sr: int) -> Array:
    """Give keys as sound, each followed by a pause, shape (n,).

    Raises:
        ValueError: what is no key.
    """
    pairs = dict(dtmf_sets())
    if unknown := sorted(set(keys) - set(pairs)):
        raise ValueError(f"no DTMF keys: {unknown}")
    pieces = [silence(0, sr=sr)]
    for key in keys:
        pieces += [_key(pairs[key].frequencies_hz, sr=sr), silence(OFF_S, sr=sr)]
    return np.concatenate(pieces)


def _key(pair: tuple[float, ...], *, sr: int) -> Array:
    t = np.arange(round(ON_S * sr)) / sr
    low, high = (np.sin(2 * np.pi * f * t).astype(np.float32) for f in pair)
    both = at_level(low, LOW_DBFS) + at_level(high, HIGH_DBFS)
    ramp = np.minimum(1.0, (np.arange(len(t)) + 0.5) / (RAMP_S * sr))
    return np.asarray(both * ramp * ramp[::-1], dtype=np.float32)
