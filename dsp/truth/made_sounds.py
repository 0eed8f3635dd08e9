"""Sounds of a line and of the room behind it, made from a seed: noise, hum, clicks, talk in the background, singing.

Mono float32 at 8 kHz, (n,); levels are dBFS of the root mean square."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from dsp.synthesis import at_level

Array = npt.NDArray[np.float32]
SR = 8000

_SCALE = 220.0 * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16, 17, 19]) / 12)
_CHORDS = ((0, 2, 4), (3, 5, 7), (4, 6, 8), (5, 7, 9))
_VOWELS = ((700, 1200, 2600), (400, 2000, 2600), (300, 870, 2250), (450, 800, 2600), (280, 2250, 2900))
_TALKERS = 6


def coloured_noise(n: int, *, rng: np.random.Generator, level_dbfs: float) -> Array:
    """Noise that falls with frequency, as of a street, swelling and fading as cars pass."""
    rough = lfilter([1.0], [1.0, -0.92], rng.standard_normal(n))
    places = np.linspace(0, n, max(n // (2 * SR), 2))
    swell = np.interp(np.arange(n), places, rng.uniform(0.5, 1.5, len(places)))
    return at_level((rough * swell).astype(np.float32), level_dbfs)


def babble(n: int, voices: Sequence[Array], *, rng: np.random.Generator, level_dbfs: float) -> Array:
    """Several people talking at once, none of them to be made out."""
    total = np.zeros(n, np.float32)
    for _ in range(_TALKERS):
        voice = at_level(voices[int(rng.integers(len(voices)))], -20.0)
        total += np.resize(np.roll(voice, int(rng.integers(len(voice)))), n)
    return at_level(total, level_dbfs)


def hum(n: int, *, mains_hz: float, rng: np.random.Generator, level_dbfs: float) -> Array:
    """Mains hum with its odd harmonics."""
    t = np.arange(n) / SR
    waves = (np.sin(2 * np.pi * mains_hz * k * t + rng.uniform(0, 6.28)) / k for k in (1, 3, 5, 7))
    return at_level(np.sum(list(waves), axis=0).astype(np.float32), level_dbfs)


def clicks(n: int, *, per_s: float, rng: np.random.Generator, peak: float) -> Array:
    """Impulses that ring for a millisecond or two, as of switches and bad contacts."""
    out = np.zeros(n + 40, np.float32)
    decay = np.exp(-np.arange(40) / 6) * rng.choice([-1.0, 1.0], 40)
    for at in rng.integers(0, max(n, 1), rng.poisson(per_s * n / SR)):
        out[at : at + 40] += (peak * rng.uniform(0.2, 1) * decay).astype(np.float32)
    return out[:n]


def plucked(seconds: float, *, rng: np.random.Generator) -> Array:
    """Music of plucked strings: chords, and a melody over them."""
    return _notes(seconds, rng=rng, every_s=0.25, decay=float(rng.uniform(2, 5)))


def held(seconds: float, *, rng: np.random.Generator) -> Array:
    """Music of held notes, as an organ's or of strings: chords of a second and longer."""
    return _notes(seconds, rng=rng, every_s=float(rng.uniform(0.8, 1.5)), decay=0.2)


def _notes(seconds: float, *, rng: np.random.Generator, every_s: float, decay: float) -> Array:
    n = round(seconds * SR)
    length = round(max(every_s, 0.6) * 1.2 * SR)
    t = np.arange(length) / SR
    shape = np.minimum(t / 0.01, 1) * np.exp(-decay * t) * np.minimum((t[-1] - t) / 0.02, 1)
    out = np.zeros(n + length)
    pitch = 2 ** rng.uniform(-0.5, 0.5)
    for step, at in enumerate(np.arange(0, seconds, every_s)):
        chord = _CHORDS[step // 4 % len(_CHORDS)] if step % 4 == 0 or decay < 1 else ()
        notes = [_SCALE[int(rng.integers(len(_SCALE)))] * 2, *(_SCALE[k] for k in chord)]
        sound = sum(np.sin(2 * np.pi * f * pitch * h * t) / h**1.5 for f in notes for h in (1, 2, 3, 4))
        out[round(at * SR) : round(at * SR) + length] += sound * shape
    return at_level(out[:n].astype(np.float32), -20.0)


def sung(seconds: float, *, rng: np.random.Generator, over_chords: bool = True) -> Array:
    """Somebody singing: held vowels with vibrato on the notes of a scale, over soft chords or alone."""
    n = round(seconds * SR)
    notes, at = np.zeros(n), 0
    vowels = []
    pitch = 2 ** rng.uniform(-0.6, 0.6)
    while at < n:
        length = round(float(rng.choice([0.25, 0.5, 1.0])) * rng.uniform(0.9, 1.1) * SR)
        notes[at : at + length] = _SCALE[int(rng.integers(len(_SCALE)))] * pitch
        vowels.append((at, length, _VOWELS[int(rng.integers(len(_VOWELS)))]))
        at += length
    glide = lfilter([1 / 200], [1, -1 + 1 / 200], notes - notes[0]) + notes[0]
    t = np.arange(n) / SR
    phase = 2 * np.pi * np.cumsum(glide * (1 + rng.uniform(0.005, 0.02) * np.sin(2 * np.pi * 5.5 * t))) / SR
    source = np.sum([np.sin(h * phase) / h for h in range(1, 9)], axis=0)
    out = np.zeros(n)
    for first, length, formants in vowels:
        part = source[first : first + length]
        shape = np.minimum(np.arange(len(part)) / 400, 1) * np.minimum(np.arange(len(part))[::-1] / 400, 1)
        out[first : first + length] = shape * np.sum([_formant(part, f) for f in formants], axis=0)
    voice = at_level(out.astype(np.float32), -20.0)
    return voice + at_level(held(seconds, rng=rng), -30.0) if over_chords else voice


def _formant(wave: npt.NDArray[np.float64], f: float) -> npt.NDArray[np.float64]:
    """A resonance 120 Hz wide."""
    r = np.exp(-np.pi * 120 / SR)
    return np.asarray(lfilter([1 - r], [1, -2 * r * np.cos(2 * np.pi * f / SR), r * r], wave))
