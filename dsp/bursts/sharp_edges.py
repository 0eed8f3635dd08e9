"""An edge to the millisecond, and whether a tone stopped there by itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsp.bursts.tone_fit import fit, waves
from dsp.compiled.kernel import MOST_TONES, kernel
from dsp.tone_sets import SR

Array = npt.NDArray[np.float32]

_FIT = round(0.160 * SR)
_MARGIN = round(0.012 * SR)
_SEEK = round(0.025 * SR)
_PIECE, _NO_NOISE, _LOUDER = 5 * SR // 1000, 3e-9, 4.0


def sharpen(samples: Array, tones: tuple[float, ...], edge: int, *, ends: bool) -> int:
    """Place an edge to the millisecond: carry the tones on past it and see where the samples stop following.

    The tones' strengths and phases come from the 140 ms inside the edge; the edge is where taking the rest as
    silence leaves the least energy unexplained. A fit spoilt by lost packets leaves the edge as it was.
    """
    order = samples if ends else samples[::-1]
    at = edge if ends else len(samples) - edge
    first = max(at - _FIT, 0)
    piece = order[first : at + _SEEK]
    inner, search = at - first - _MARGIN, max(at - first - _SEEK, _MARGIN)
    if inner < _FIT // 3 or search >= len(piece):
        return edge
    followed = _followed(piece, inner, search, tones, backwards=not ends)
    if followed is None:
        return edge
    moved = first + search + followed + 1
    return moved if ends else len(samples) - moved


def _followed(piece: Array, inner: int, search: int, tones: tuple[float, ...], *, backwards: bool) -> int | None:
    """How far behind `search` the tones of the first `inner` samples are followed best; None: they are not there."""
    machine = kernel()
    if machine is not None and len(tones) <= MOST_TONES:
        place = machine.sharpen(piece, backwards=backwards, inner=inner, search=search, tones=tones)
        return None if place < 0 else place
    doubles = piece.astype(np.float64)
    found = fit(doubles[:inner], tones)
    if found.power == 0 or found.left > 0.5 * found.power:
        return None
    model = waves(len(piece), tones)[search:] @ found.strengths
    gain = np.cumsum(model * (model - 2 * doubles[search:]))
    return int(gain.argmin())


def goes_quiet(behind: Array, before: Array, level: float) -> bool:
    """Whether a tone stopped by itself: noise as before the burst follows, neither nothing nor a repeated packet.

    Args:
        behind: the 40 ms after the tone, (n,).
        before: the line before the tone, (m,).
        level: the tone's root mean square.
    """
    machine = kernel()
    if machine is not None:
        return machine.goes_quiet(behind, before, level=level, no_noise=_NO_NOISE, louder=_LOUDER)
    whole = len(behind) // _PIECE * _PIECE
    pieces = behind[:whole].reshape(-1, _PIECE)
    loud = np.einsum("ij,ij->i", pieces, pieces).max(initial=0) / _PIECE
    if len(before) and loud > max(0.03 * level**2, _LOUDER * mean_square(before)):
        return False
    # Differences, so that mains hum counts for little: of 440 Hz they leave an eighth.
    noise = float(_variances((before[1:] - before[:-1])[None])[0]) if len(before) > 1 else 0.0
    if noise < _NO_NOISE or len(behind) < 8 * _PIECE:
        return False  # a silent line and a lost packet sound the same
    steps = np.zeros(whole, np.float32)
    np.subtract(behind[1:whole], behind[: whole - 1], out=steps[1:])
    powers = _variances(steps.reshape(-1, _PIECE)).tolist()
    return bool(min(powers) > noise / 5 and sum(powers) / len(powers) < max(0.004 * level**2, 1.7 * noise))


def _variances(rows: Array) -> Array:
    """Of each row of steps, which go up and down alike; `np.var` takes three times as long."""
    size = rows.shape[1]
    means = np.add.reduce(rows, axis=1) / size
    return np.asarray(np.einsum("ij,ij->i", rows, rows) / size - means * means)


def mean_square(samples: Array) -> float:
    """The power of some samples, (n,), at least one."""
    return float(samples.dot(samples)) / len(samples)
