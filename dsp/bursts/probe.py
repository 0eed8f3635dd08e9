"""What is left of a burst that was cut off almost at once: looked for where the cadence wanted one.

A pick-up some milliseconds into a burst leaves too little for a spectrum. But when the burst was due, which tones
it has and how loud they are is known by then, so that 8 ms of it are enough."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dsp.bursts.tone_fit import waves
from dsp.compiled.quantile import median
from dsp.tone_sets import SR

Array = npt.NDArray[np.float32]

_MS = SR // 1000
REACHES = 150 * _MS, 300 * _MS
"""Longer pieces are found without being looked for, but where packets were lost: then it takes another look."""
_LATE = 50 * _MS
"""The first two packets of a burst may be lost."""
_WINDOW = 8 * _MS
_HOLE = 45
"""ms. Two lost packets inside a piece."""
_SHARE = 0.55
"""Of a window's energy, that the tones must hold."""
_FAINTEST, _LOUDEST = 0.2, 3.0
"""A piece's power against that of the bursts before."""
_ABOVE_NOISE = 4.0
_LEAST = 4
"""Windows, a millisecond apart, that must hold the tones: a click rings for less."""
_TALK, _ECHO, _HUSH = 20.0, 0.05, 0.01
_PIECE, _LAST, _QUIETER = 10 * _MS, 4, 20
_AHEAD = 16
"""Windows before it that hold more than a click."""
_TALK_SHARE, _TALK_LEAST = 0.9, 24
"""Where somebody speaks right behind it, a piece must be so pure and so long: voices begin with tones, too."""


def cut_piece(
    samples: Array,
    *,
    level: float,
    tones: tuple[float, ...],
    noise: float,
    reach: int,
    slack: int = 0,
    before: Array | None = None,
) -> tuple[int, int] | None:
    """(start, end) of a short burst that was due near the first samples, or None.

    Args:
        samples: from the earliest moment at which the burst may have begun, (slack + reach,).
        level: root mean square of the bursts before.
        tones: their frequencies in Hz.
        noise: mean square of the line before.
        reach: no longer pieces are looked for.
        slack: by so many samples it may begin later.
        before: the line before the first sample, (m,): somebody who began to speak there may sound like the tones.
    """
    if len(samples) < 2 * _WINDOW:
        return None
    held, total = _tonal(samples, sum(tones) / len(tones))
    loud = (held > max(_FAINTEST * level**2, _ABOVE_NOISE * noise)) & (held < _LOUDEST * level**2)
    pure = loud & (held > _SHARE * total)
    piece = _first_stretch(pure)
    if piece is None or piece[0] * _MS > slack + _LATE:
        return None
    first, last = piece
    start, end = first * _MS + _WINDOW // 2, last * _MS + _WINDOW // 2
    if end - start > reach - _WINDOW or last >= len(pure) - _LEAST:
        return None  # it may go on behind what is looked at
    talk = before is not None and _speaks(before, least=_HUSH * level**2)
    if not _is_believed(held, total, piece, max(_TALK * noise, _ECHO * level**2), talk=talk):
        return None
    # The first window to be loud enough is about half filled, and so is the last.
    return max(start - _MS, 0), end + _MS


def _speaks(before: Array, *, least: float) -> bool:
    """Whether somebody has begun to speak: most of some 40 ms is far louder than the line was.

    A line's offset is not heard, nor is the one step at which it begins behind lost packets."""
    powers = before[len(before) % _PIECE :].astype(np.float64).reshape(-1, _PIECE).var(axis=1)
    if len(powers) <= _LAST:
        return False
    loudest = float(np.sort(np.lib.stride_tricks.sliding_window_view(powers, _LAST), axis=1)[:, 1].max())
    return loudest > max(_TALK * float(np.percentile(powers, _QUIETER)), least)


def _tonal(samples: Array, f: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(power of one tone, whole power) in windows a millisecond apart."""
    rows = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), _WINDOW)[::_MS]
    return ((rows @ _basis(f)) ** 2).sum(axis=1) / _WINDOW, (rows**2).sum(axis=1) / _WINDOW


@lru_cache(maxsize=64)
def _basis(f: float) -> npt.NDArray[np.float64]:
    """(window, 2), orthonormal: what of a window is this tone, whatever its phase."""
    return np.asarray(np.linalg.qr(waves(_WINDOW, (f,)))[0])


def _first_stretch(marks: npt.NDArray[np.bool_]) -> tuple[int, int] | None:
    """(first, last) of the first marks that hang together but for lost packets; None: too few."""
    places = np.flatnonzero(marks)
    for some in np.split(places, np.flatnonzero(np.diff(places) > _HOLE) + 1) if len(places) else ():
        if len(some) >= _LEAST:
            return int(some[0]), int(some[-1])
    return None


def _is_believed(
    held: npt.NDArray[np.float64], total: npt.NDArray[np.float64], piece: tuple[int, int], quiet: float, *, talk: bool
) -> bool:
    """Whether a piece stands free, or is purer than the voice right behind it, or around it, could make it."""
    first, last = piece
    talk = talk or int(np.count_nonzero(total[: max(first - _WINDOW // _MS, 0)] > quiet)) > _AHEAD
    behind = total[last + 2 * _WINDOW // _MS : last + 40]
    if not talk and (not len(behind) or median(behind) < quiet):
        return True
    inside = slice(first + 4, max(last - 3, first + 5))
    pure = float(held[inside].sum()) > _TALK_SHARE * float(total[inside].sum())
    return pure and last - first >= _TALK_LEAST
