"""Recorded prompts known again by their sound: a mark made once in one call is found in every later one.

A prompt is remembered as 16 logarithmic bands of the telephone band every 10 ms. Each band's mean over the
window is taken off, so that gain and the codec's colour fall out, and what is left is compared by the cosine
of the angle."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.fft import rfft
from scipy.signal import fftconvolve

from dsp.tone_sets import SR

Array = npt.NDArray[np.float32]

HOP = 80
"""A frame every 10 ms."""
_WINDOW = 256
_BANDS = 16
_RANGE_DB = 45.0
"""What is fainter than this under the loudest is line noise."""
BEFORE_S, AFTER_S = 2.5, 0.5
"""So much of the prompt around its mark is remembered."""
_LEAST_S = 1.0
KNOWN = 0.60
"""From this likeness on it is the same recording: measured in `tests/test_dsp_prompt_memory.py` and by the
bench."""
CHANGED = 0.52
"""Between the two the prompt was probably changed: said, not guessed."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A recorded prompt with a mark in it."""

    name: str
    """What the mark means, say `operator`."""
    frames: tuple[tuple[float, ...], ...]
    """Decibels of each band, frame by frame."""
    mark: int
    """The frame in which the mark lies."""

    def to_json(self) -> str:
        """As one line, for the agency's folder."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> Prompt:
        """The prompt that `to_json` wrote."""
        data = json.loads(text)
        return Prompt(data["name"], tuple(tuple(row) for row in data["frames"]), data["mark"])


@dataclass(frozen=True, slots=True)
class Recall:
    """Whether a prompt was heard in a call."""

    mark: int | None
    """The sample of the mark, at the call's rate; None: this recording was not heard."""
    likeness: float
    """Cosine of the best place, 0 to 1."""
    changed: bool
    """Something like it was heard, but not it: the prompt was probably recorded anew. A person should
    listen."""


def remember(samples: npt.NDArray[np.generic], *, sr: int, mark: int, name: str) -> Prompt:
    """Remember the prompt around a mark.

    Args:
        samples: a call, mono, int16 or floats in [-1, 1], shape (n,).
        sr: 8000 or 16000.
        mark: the sample a person pointed at.
        name: what the mark means.

    Raises:
        ValueError: less than a second of sound around the mark.
    """
    frames = _frames(samples, sr=sr)
    at = round(mark / sr * SR / HOP)
    first, last = max(at - round(BEFORE_S * SR / HOP), 0), min(at + round(AFTER_S * SR / HOP), len(frames))
    if last - first < _LEAST_S * SR / HOP or not np.ptp(frames[first:last]) > 0:
        raise ValueError(f"too little sound around the mark: at least {_LEAST_S:g} s of the prompt is needed")
    rows = tuple(tuple(round(float(v), 1) for v in row) for row in frames[first:last])
    return Prompt(name, rows, at - first)


def recall(prompt: Prompt, samples: npt.NDArray[np.generic], *, sr: int) -> Recall:
    """Look for a remembered prompt in a call, shape (n,), whatever codec, gain or packet loss it came
    through."""
    wanted = np.array(prompt.frames, dtype=np.float64)
    frames = _frames(samples, sr=sr).astype(np.float64)
    if not len(frames):
        return Recall(None, 0.0, False)
    # The prompt may stand at the very start or end of a call: beyond is silence.
    beyond = len(wanted) // 2
    padded = np.pad(frames, ((beyond, len(wanted)), (0, 0)), constant_values=float(frames.min()))
    likeness = _likeness(wanted, padded)
    best = int(likeness.argmax())
    value = float(likeness[best])
    if value < KNOWN:
        return Recall(None, max(value, 0.0), value >= CHANGED)
    at = max(best - beyond + _between(likeness, best) + prompt.mark, 0) * HOP
    return Recall(round(at * sr / SR), value, False)


def _likeness(wanted: npt.NDArray[np.float64], frames: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Cosine at each place, (len(frames) - len(wanted) + 1,), each band's mean over the window taken off."""
    n = len(wanted)
    centred = wanted - wanted.mean(axis=0)
    product = fftconvolve(frames, centred[::-1], mode="valid", axes=0).sum(axis=1)
    ones = np.concatenate([np.zeros((1, frames.shape[1])), np.cumsum(frames, axis=0)])
    squares = np.concatenate([[0.0], np.cumsum((frames**2).sum(axis=1))])
    energy = squares[n:] - squares[:-n] - ((ones[n:] - ones[:-n]) ** 2).sum(axis=1) / n
    # A window with hardly any change in it is silence, not a match.
    floor = 0.02 * float((centred**2).sum())
    return np.asarray(product / np.sqrt(np.maximum(energy, floor) * (centred**2).sum()))


def _between(likeness: npt.NDArray[np.float64], best: int) -> float:
    """The peak's place between frames, by a parabola."""
    if not 0 < best < len(likeness) - 1:
        return 0.0
    left, top, right = likeness[best - 1 : best + 2]
    bend = left - 2 * top + right
    return float(0.5 * (left - right) / bend) if bend else 0.0


def _frames(samples: npt.NDArray[np.generic], *, sr: int) -> Array:
    """Decibels of the bands, (frames, 16), frame i centred at i * HOP."""
    scale = 1 / 32768 if samples.dtype == np.int16 else 1.0
    wave = samples.astype(np.float32) * np.float32(scale)
    if sr != SR:
        wave = wave[: len(wave) // 2 * 2].reshape(-1, 2).mean(axis=1)
    padded = np.pad(wave, (_WINDOW // 2, _WINDOW // 2))
    count = len(wave) // HOP + 1
    bands = _bands()
    out = np.empty((count, _BANDS), np.float32)
    for first in range(0, count, 2000):
        some = min(2000, count - first)
        rows = np.lib.stride_tricks.sliding_window_view(padded[first * HOP :], _WINDOW)[: some * HOP : HOP]
        lines = rfft(rows * np.hanning(_WINDOW).astype(np.float32))
        out[first : first + some] = (lines.real**2 + lines.imag**2) @ bands
    db = 10 * np.log10(out + 1e-9)
    loudest = float(np.percentile(db.max(axis=1), 99)) if count else 0.0
    return np.asarray(np.maximum(db, loudest - _RANGE_DB), dtype=np.float32)


def _bands() -> Array:
    """(lines, 16): equal steps of the logarithm from 200 to 3400 Hz."""
    edges = np.geomspace(200, 3400, _BANDS + 1) / (SR / _WINDOW)
    lines = np.arange(_WINDOW // 2 + 1)
    return np.stack([(lines >= low - 0.5) & (lines < high + 0.5) for low, high in pairwise(edges)], axis=1).astype(
        np.float32
    )
