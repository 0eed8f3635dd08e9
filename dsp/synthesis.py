"""Sounds with a known truth, made from a seed: for tests, for the bench and for the embedded agency.

Everything is mono float32 in [-1, 1] at the rate asked for; levels are dBFS of the root mean square against a
full scale of 1.0."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import soundfile

from dsp.tone_plan import Step, Tone

Array = npt.NDArray[np.float32]
RAMP_S = 0.002
"""Exchanges switch tones on and off within a few milliseconds; no ramp would click."""


def silence(seconds: float, *, sr: int) -> Array:
    """Digital silence."""
    return np.zeros(round(seconds * sr), np.float32)


def sound_step(
    step: Step,
    seconds: float,
    *,
    sr: int,
    level_dbfs: float,
    detune: float = 1.0,
    rng: np.random.Generator | None = None,
    ramp_s: float = RAMP_S,
) -> Array:
    """A step's tones for some seconds, all of one strength, `level_dbfs` together.

    With `rng` each begins at a random phase, as where an exchange gates tones that run on; else at zero.
    """
    t = np.arange(round(seconds * sr)) / sr
    wave = np.zeros(len(t))
    for f in step.frequencies_hz:
        phase = 0.0 if rng is None else float(rng.uniform(0, 2 * np.pi))
        wave += np.sin(2 * np.pi * f * detune * t + phase)
    if step.modulation_hz:
        wave = wave * (1 + 0.9 * np.sin(2 * np.pi * step.modulation_hz * t)) / 1.9
    if not step.frequencies_hz:
        return wave.astype(np.float32)
    return _ramped(at_level(wave.astype(np.float32), level_dbfs), sr=sr, ramp_s=ramp_s)


def _ramped(wave: Array, *, sr: int, ramp_s: float = RAMP_S) -> Array:
    n = min(round(ramp_s * sr), len(wave) // 2)
    if n:
        ramp = (np.arange(n, dtype=np.float32) + 0.5) / n
        wave[:n] *= ramp
        wave[-n:] *= ramp[::-1]
    return wave


def at_level(wave: Array, level_dbfs: float) -> Array:
    """The wave scaled to a root mean square; silence stays silence."""
    rms = float(np.sqrt(np.mean(wave**2))) if len(wave) else 0.0
    return wave if rms == 0 else np.asarray(wave * (10 ** (level_dbfs / 20) / rms), dtype=np.float32)


def cadence(
    tone: Tone,
    seconds: float,
    *,
    sr: int,
    level_dbfs: float,
    stretch: float = 1.0,
    detune: float = 1.0,
    rng: np.random.Generator | None = None,
    ramp_s: float = RAMP_S,
) -> Array:
    """A signal from its start, cut dead after `seconds` (a pick-up inside a burst cuts the burst).

    `stretch` lengthens the cadence, `detune` raises the frequencies: 1.0 is the plan's own. `ramp_s` is how long a
    burst takes to rise and to fall.
    """
    pieces: list[Array] = []
    left = round(seconds * sr)
    while left > 0:
        for step in tone.steps:
            wanted = left / sr if step.duration_s is None else step.duration_s * stretch
            full = sound_step(step, wanted, sr=sr, level_dbfs=level_dbfs, detune=detune, rng=rng, ramp_s=ramp_s)
            pieces.append(full[:left])
            left -= len(pieces[-1])
            if left <= 0:
                break
    return np.concatenate(pieces) if pieces else silence(0, sr=sr)


def white_noise(n: int, *, rng: np.random.Generator, level_dbfs: float) -> Array:
    """Line noise."""
    return at_level(rng.standard_normal(n).astype(np.float32), level_dbfs)


def g711(wave: Array, *, law: str = "a") -> Array:
    """There and back through G.711, A-law or mu-law (ITU-T G.711), by the companding formulas, 8 bits a
    sample."""
    x = np.clip(wave, -1, 1).astype(np.float64)
    if law == "a":
        a = 87.6
        inner, top = np.abs(x) < 1 / a, 1 + np.log(a)
        y = np.where(inner, a * np.abs(x), 1 + np.log(np.maximum(a * np.abs(x), 1e-9))) / top
        q = (np.floor(np.minimum(y, 127 / 128) * 128) + 0.5) / 128
        size = np.where(q < 1 / top, q * top / a, np.exp(q * top - 1) / a)
    else:
        y = np.log1p(255 * np.abs(x)) / np.log(256)
        q = np.round(y * 127) / 127
        size = np.expm1(q * np.log(256)) / 255
    return np.asarray(np.sign(x) * size, dtype=np.float32)


def adpcm(wave: Array, *, subtype: str) -> Array:
    """There and back through a codec of libsndfile at 8 kHz: `GSM610` (GSM full rate) or `G721_32` (ITU-T
    G.726).

    Codecs work in blocks; what they add at the end is cut off.
    """
    file = io.BytesIO()
    kind = "WAV" if subtype == "GSM610" else "AU"
    soundfile.write(file, wave, 8000, format=kind, subtype=subtype)
    file.seek(0)
    decoded = soundfile.read(file, dtype="float32")[0]
    out = np.zeros(len(wave), np.float32)
    out[: min(len(decoded), len(wave))] = decoded[: len(wave)]
    return out


def lose_packets(
    wave: Array,
    *,
    sr: int,
    share: float,
    rng: np.random.Generator,
    conceal: bool = True,
    keep: tuple[int, int] | None = None,
) -> tuple[Array, tuple[tuple[int, int], ...]]:
    """Drop 20 ms packets at random: (what is left, the (start, end) samples lost).

    What overlaps `keep` always arrives. Concealment repeats the last packet at half strength, as simple
    receivers do; else the loss is silence."""
    size = sr // 50
    out, lost = wave.copy(), []
    for start in range(0, len(wave) - size, size):
        spared = keep is not None and start < keep[1] and start + size > keep[0]
        if rng.random() < share and not spared:
            before = out[start - size : start] if conceal and start >= size else np.zeros(size, np.float32)
            out[start : start + size] = before * 0.5
            lost.append((start, start + size))
    return out, tuple(lost)


def to_int16(wave: Array) -> npt.NDArray[np.int16]:
    """Samples as files hold them."""
    return np.round(np.clip(wave, -1, 1) * 32767).astype(np.int16)
