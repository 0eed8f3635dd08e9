"""Bursts that are none of the exchange's that sent the others: one exchange's tones keep their frequency to a hair.

A vowel or a note that passes for a ring is within two hundredths of its frequency; the rings of one telephone are
within a tenth of a hertz of each other, whatever a coder, noise or lost packets made of them. Of 3,820 rings in made
calls not one of 0.15 s or more was further off than a fifth of a spectrum's line, two stretches of a voice and of music
three lines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import compress

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import next_fast_len, rfft

from dsp.compiled.quantile import median
from dsp.ringing.exchange import Exchange
from dsp.segment import RINGBACK, Segment
from dsp.tone_plan import TonePlan

Samples = npt.NDArray[np.generic]
Wave = npt.NDArray[np.float32]
Lines = npt.NDArray[np.float64]

_LEAST_S, _EDGE_S, _LONGEST_S = 0.1, 0.010, 1.0
"""What is shorter has no frequency to speak of; so much at either end may be somebody else's; no more is looked at."""
_DETUNE = 0.035
_WINDOW_S, _HOP_S, _BEATS = 0.064, 0.016, 2.56
"""A window, which holds so many beats of two tones, and how far it moves: 31 Hz off is as far as a phase tells."""
_LINES, _JUMPS, _LEAST_HZ = 0.9, 0.25, 1.0
"""Two bursts that are so many lines of the shorter one's spectrum apart, and so much, are of different exchanges; where
packets were lost or taken out, its phase jumps: of a brief one that makes so many more, over its seconds."""
_WORTH = np.array([1.0, 0.6])
"""What is told in the second way is apart by no more than this share of what it is in the first."""
_HAIR_HZ, _KIN = 0.4, 2
"""A note is so near an exchange's frequency, of the 20 Hz that it may be anywhere in, one time in twenty-five; near so
many others it is the exchange's."""
_MOST = 128
"""So many bursts are held against one another: an hour's ringing takes no more room."""
_NEAR_PERIODS = 2.5
"""Two bursts alone that are no further apart would be one ringing."""
_OFF, _APART = 0.021, 0.01
"""No exchange is further off the plan. It makes its tones from one clock; of older ones each is within 0.005."""


def same_exchange(
    segments: Sequence[Segment], samples: Samples, *, sr: int, plan: TonePlan, buffer_s: float = 0.0
) -> Exchange:
    """Whose the bursts of ringback are. Strangers are those that are on nobody's frequency, where two others agree on
    theirs, or another is near; and those whose tones are not the plan's, or not as far apart: another telephone, of
    which nothing else was heard, a vowel, or a note.

    Args:
        segments: what was heard, by start.
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        sr: samples a second.
        plan: whose tones ring.
        buffer_s: so much sound a jitter buffer may have put in or taken out at any place.
    """
    told = [s for s in segments if s.sound == RINGBACK and s.length >= _LEAST_S * sr]
    parts = [told[first : first + _MOST] for first in range(0, len(told), _MOST)]
    found = [_same_exchange(part, samples, sr=sr, plan=plan, jumps=_JUMPS if buffer_s else 0.0) for part in parts]
    strangers, kin = (frozenset().union(*sets) for sets in ([e.strangers for e in found], [e.kin for e in found]))
    return Exchange(strangers, kin)


def _same_exchange(told: Sequence[Segment], samples: Samples, *, sr: int, plan: TonePlan, jumps: float) -> Exchange:
    lines = {s: lines_hz(samples[s.start : s.end], sr=sr, plan=plan) for s in told}
    bursts = [s for s in told if _is_plans(lines[s], s, sr=sr, plan=plan)]
    if not bursts:
        return Exchange(strangers=frozenset(told))
    lengths_s, starts = np.array([s.length / sr for s in bursts]), np.array([s.start for s in bursts])
    apart_hz = _apart_hz(np.stack([lines[s] for s in bursts]))
    same = apart_hz <= _near_hz(np.minimum.outer(lengths_s, lengths_s), jumps=jumps)
    alone = same.sum(axis=1) == 1
    beside = np.abs(np.subtract.outer(starts, starts)) < _NEAR_PERIODS * plan.period_s * sr
    odd = alone & ((beside.sum(axis=1) > 1) | (not alone.all()))
    kin = (apart_hz <= _HAIR_HZ).sum(axis=1) > _KIN
    return Exchange(frozenset(told).difference(compress(bursts, ~odd)), frozenset(compress(bursts, kin)))


def _apart_hz(heard: Lines) -> Lines:
    """How far the lines of any two bursts, (n, ways, tones), are apart, by what tells them nearer, (n, n)."""
    return np.asarray((np.abs(heard[:, None] - heard[None]).max(axis=3) / _WORTH).min(axis=2))


def _near_hz(shorter_s: Lines, *, jumps: float) -> Lines:
    """Lines of bursts, of which the shorter lasts so long, that are no further apart are one."""
    seconds = np.minimum(shorter_s, _LONGEST_S)
    return np.asarray(np.maximum(_LEAST_HZ, np.maximum(_LINES / seconds, jumps / seconds**2)))


def _is_plans(lines: Lines, burst: Segment, *, sr: int, plan: TonePlan) -> bool:
    """Whether a burst's lines are near the plan's, and all as much higher or lower."""
    off = lines / np.array(plan.ringback.frequencies_hz) - 1
    known = float(_near_hz(np.array(burst.length / sr), jumps=_JUMPS)) / float(lines.min())
    return float(np.abs(off).max(axis=1).min()) <= _OFF + known and float(np.ptp(off, axis=1).min()) <= _APART + known


def lines_hz(burst: Samples, *, sr: int, plan: TonePlan) -> Lines:
    """The frequency near each of ringback's tones, told in two ways: noise spoils the second sooner, lost packets the
    first. (2, tones)"""
    most, edge = round(_LONGEST_S * sr), round(_EDGE_S * sr)
    first = max((len(burst) - most) // 2, edge)
    wave = burst[first : len(burst) - first].astype(np.float32)
    wave -= wave.mean()
    tones_hz = plan.ringback.frequencies_hz
    return np.stack([_strongest_hz(wave, tones_hz, sr=sr), _turning_hz(wave, tones_hz, sr=sr)])


def _strongest_hz(wave: Wave, tones_hz: tuple[float, ...], *, sr: int) -> Lines:
    """The strongest line near each of some tones in the spectrum of the whole, between its lines."""
    points = next_fast_len(len(wave), real=True)
    lines = rfft(wave * _hann(len(wave)), points)
    return np.array([_peak(lines, hz * points / sr) * sr / points for hz in tones_hz])


def _peak(lines: npt.NDArray[np.complexfloating], at: float) -> float:
    low, high = max(int(at * (1 - _DETUNE)), 1), int(at * (1 + _DETUNE)) + 2
    levels = np.log(np.square(np.abs(lines[low - 1 : high + 1])) + 1e-12)
    top = 1 + int(levels[1:-1].argmax())
    left, most, right = levels[top - 1 : top + 2].tolist()
    bend = left - 2 * most + right
    return low - 1 + top + (0.5 * (left - right) / bend if bend < 0 else 0.0)


def _turning_hz(wave: Wave, tones_hz: tuple[float, ...], *, sr: int) -> Lines:
    """How fast the phase of each of some tones turns from moment to moment, as most of them have it. Where packets were
    lost or taken out it jumps, which a spectrum of the whole takes for another frequency."""
    tones, hop = np.array(tones_hz), round(_HOP_S * sr)
    apart_hz = float(np.diff(np.sort(tones)).min(initial=np.inf))
    window = round(min(max(_WINDOW_S, _BEATS / apart_hz) * sr, len(wave) - 2 * _HOP_S * sr))
    cosines, sines = np.split(sliding_window_view(wave, window)[::hop] @ _turns(window, tones_hz, sr), 2, axis=1)
    phases = cosines - 1j * sines
    apart = phases[1:] * phases[:-1].conj() * np.exp(-2j * np.pi * hop / sr * tones)
    strong = np.abs(apart)
    strong = strong >= np.sort(strong, axis=0)[len(strong) // 2]  # one that swings is noise in between
    told = [median(turns[loud]) for turns, loud in zip(np.angle(apart).T, strong.T, strict=True)]
    return np.asarray(tones + np.array(told) * sr / (2 * np.pi * hop))


@lru_cache(maxsize=64)
def _hann(length: int) -> Wave:
    return np.hanning(length).astype(np.float32)


@lru_cache(maxsize=64)
def _turns(window: int, tones_hz: tuple[float, ...], sr: int) -> Wave:
    """Cosines and sines of some tones under a window, (window, twice the tones)."""
    turns = 2 * np.pi * np.outer(np.arange(window) / sr, tones_hz)
    return np.asarray(_hann(window)[:, None] * np.hstack([np.cos(turns), np.sin(turns)]), dtype=np.float32)
