"""Bursts of tones out of the sound itself, whatever their frequencies.

A burst is a stretch whose energy stands in one or two places of the spectrum; its lines are read off one long
spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.fft import rfft

from dsp.tone_sets import HOP, SR, WINDOW

Array = npt.NDArray[np.float32]

_HZ = SR / WINDOW
_LOW, _HIGH = int(200 / _HZ), int(3600 / _HZ)
_PLACE = 3
"""Half the width of one place, in bins of 15.6 Hz: two tones 40 Hz apart are one place."""
_SHARE = 0.5
_FAINTEST = 49152 * 10 ** (-52 / 10)
_SHORTEST_S, _LONGEST_S = 0.15, 6.0
_LINE_SHARE = 0.08


@dataclass(frozen=True, slots=True)
class TonalBurst:
    """One burst."""

    start_s: float
    end_s: float
    frequencies_hz: tuple[float, ...]
    modulation_hz: float | None

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


def _at_8k(samples: npt.NDArray[np.generic], *, sr: int) -> Array:
    scale = 1 / 32768 if samples.dtype == np.int16 else 1.0
    wave = samples.astype(np.float32) * np.float32(scale)
    if sr == SR:
        return wave
    return np.asarray(wave[: len(wave) // 2 * 2].reshape(-1, 2).mean(axis=1), dtype=np.float32)


def tonal_bursts(samples: npt.NDArray[np.generic], *, sr: int) -> list[TonalBurst]:
    """Every burst of a recording, in order.

    Args:
        samples: mono, int16 or floats in [-1, 1], shape (n,).
        sr: 8000 or 16000.
    """
    wave = _at_8k(samples, sr=sr)
    found = []
    places, powers = _tonal_places(wave)
    for first, last in _runs(places):
        # Where half of the window is filled, a quarter of the power is there.
        inside = first + np.flatnonzero(powers[first : last + 1] > 0.25 * np.median(powers[first : last + 1]))
        start, end = (int(inside[i]) * HOP + WINDOW // 2 + side for i, side in ((0, -HOP // 2), (-1, HOP // 2)))
        if _SHORTEST_S <= (end - start) / SR <= _LONGEST_S:
            burst = _read_lines(wave, max(start, 0), min(end, len(wave)))
            if burst is not None:
                found.append(burst)
    return found


def _tonal_places(wave: Array) -> tuple[npt.NDArray[np.intp], Array]:
    """(the strongest place of each frame's spectrum, or -1 where the energy is not in one or two places; its
    power)."""
    count = max((len(wave) - WINDOW) // HOP + 1, 0)
    places, powers = np.full(count, -1), np.zeros(count, np.float32)
    for first in range(0, count, 500):
        some = min(500, count - first)
        rows = np.lib.stride_tricks.sliding_window_view(wave[first * HOP :], WINDOW)[: some * HOP : HOP]
        lines = rfft(rows * np.hanning(WINDOW).astype(np.float32))
        power = (lines.real**2 + lines.imag**2)[:, _LOW:_HIGH]
        width = np.cumsum(np.pad(power, ((0, 0), (_PLACE + 1, _PLACE))), axis=1)
        held = width[:, 2 * _PLACE + 1 :] - width[:, : -2 * _PLACE - 1]
        top = held.argmax(axis=1)
        away = np.abs(np.arange(held.shape[1]) - top[:, None]) > 2 * _PLACE
        two = held[np.arange(some), top] + np.where(away, held, 0).max(axis=1)
        tonal = (two > _SHARE * power.sum(axis=1)) & (two > _FAINTEST)
        places[first : first + some] = np.where(tonal, top, -1)
        powers[first : first + some] = two
    return places, powers


def _runs(places: npt.NDArray[np.intp]) -> list[tuple[int, int]]:
    """(first, last) frames over which the place stays, holes of up to 60 ms bridged."""
    runs: list[tuple[int, int]] = []
    for frame in np.flatnonzero(places >= 0):
        near = runs and frame - runs[-1][1] <= 3 and abs(int(places[frame]) - int(places[runs[-1][1]])) <= 9
        if near:
            runs[-1] = (runs[-1][0], int(frame))
        else:
            runs.append((int(frame), int(frame)))
    return runs


def _read_lines(wave: Array, start: int, end: int) -> TonalBurst | None:
    """The burst's lines, if they hold most of its energy."""
    middle = wave[start + 200 : end - 200]
    n = min(len(middle), 8000)
    if n < 600:
        return None
    size = 16384
    lines = rfft(middle[:n] * np.hanning(n).astype(np.float32), size)
    power = (lines.real**2 + lines.imag**2).astype(np.float64)
    hz = SR / size
    power[: int(150 / hz)] = 0
    total, half = power.sum(), int(2.2 * SR / n / hz) + 1
    found: list[tuple[float, float]] = []
    rest = power.copy()
    for _ in range(3):
        top = int(rest.argmax())
        share = float(rest[max(top - half, 0) : top + half + 1].sum() / total)
        if share < _LINE_SHARE:
            break
        found.append((top * hz, share))
        rest[max(top - half, 0) : top + half + 1] = 0
    if not found or sum(share for _, share in found) < 0.5:
        return None
    return TonalBurst(start / SR, end / SR, *_as_tones(found))


def _as_tones(found: list[tuple[float, float]]) -> tuple[tuple[float, ...], float | None]:
    """Three lines evenly apart, the middle one strongest, are one tone that swings."""
    order = sorted(f for f, _ in found)
    if len(found) == 3:
        lower, middle, upper = order
        even = abs((middle - lower) - (upper - middle)) < 4 and upper - lower < 120
        if even and found[0][0] == middle:
            return (middle,), (upper - lower) / 2
    return tuple(sorted(f for f, _ in found[:2])), None
