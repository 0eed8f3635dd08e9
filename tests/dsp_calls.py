"""Sounds for the ear's tests: the voices of tests/sounds, and music nobody owns."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile

from dsp import synthesis as syn

SR = 8000
SOUNDS = Path(__file__).parent / "sounds"
VOICES = ("wei", "wei-nin-hao", "personnel", "switchboard", "hold-on", "hello")


@lru_cache
def voice(name: str) -> np.ndarray:
    return soundfile.read(SOUNDS / f"{name}.flac", dtype="float32")[0]


def quiet(seconds: float) -> np.ndarray:
    return syn.silence(seconds, sr=SR)


def with_noise(wave: np.ndarray, level_dbfs: float = -55, seed: int = 1) -> np.ndarray:
    noise = syn.white_noise(len(wave), rng=np.random.default_rng(seed), level_dbfs=level_dbfs)
    return syn.to_int16(wave + noise)


def music(seconds: float, level_dbfs: float = -20, seed: int = 3) -> np.ndarray:
    """Plucked chords and a melody over them, eight notes in two seconds."""
    rng = np.random.default_rng(seed)
    wave = np.zeros(round(seconds * SR) + SR, np.float64)
    scale = 220 * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16]) / 12)
    t = np.arange(round(0.9 * SR)) / SR
    for at in np.arange(0, seconds, 0.25):
        notes = [rng.choice(scale) * 2] + ([scale[k] for k in (0, 2, 4)] if at % 1 == 0 else [])
        for f in notes:
            pluck = sum(np.sin(2 * np.pi * f * h * t) / h for h in (1, 2, 3, 4)) * np.exp(-4 * t)
            first = round(at * SR)
            wave[first : first + len(t)] += pluck[: len(wave) - first]
    return syn.at_level(wave[: round(seconds * SR)].astype(np.float32), level_dbfs)
