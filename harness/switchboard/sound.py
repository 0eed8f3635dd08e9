"""What the embedded agency sends: tones, prompts and silence, laid end to end sample by sample."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

from harness.errors import WrongInput

Sound = NDArray[np.float64]

TONES: dict[str, tuple[tuple[float, float], float, float]] = {
    "ringback": ((440.0, 480.0), 1.0, 2.0),
    "busy": ((480.0, 620.0), 0.5, 0.5),
    "congestion": ((480.0, 620.0), 0.25, 0.25),
}
"""Taiwan's tones: frequencies in Hz, seconds on, seconds off (indications zone `tw`)."""
TONE_DBFS = -18.0
"""Level of each of a tone's two frequencies."""


def tone(name: str, seconds: float, *, sample_rate_hz: int) -> Sound:
    """Make a tone in its cadence, beginning with a burst and cut off after `seconds`; shape (n,), ±1."""
    (low, high), on, off = TONES[name]
    t = np.arange(round(seconds * sample_rate_hz)) / sample_rate_hz
    pair = np.sin(2 * np.pi * low * t) + np.sin(2 * np.pi * high * t)
    sounding: Sound = pair * (10 ** (TONE_DBFS / 20)) * (t % (on + off) < on)
    return sounding


@cache
def prompt(name: str, sample_rate_hz: int) -> Sound:
    """Read a prompt of this package, or a sound file by its path, at the rate asked for."""
    shipped = files("harness.switchboard") / "prompts" / f"{name}.flac"
    path = Path(str(shipped)) if shipped.is_file() else Path(name)
    try:
        samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise WrongInput("softphone.bad_prompt", file=name, why=str(error)) from None
    mono: Sound = samples[:, 0]
    return mono if rate == sample_rate_hz else np.asarray(resample_poly(mono, sample_rate_hz, rate))


def silence(seconds: float, *, sample_rate_hz: int) -> Sound:
    """Make digital silence."""
    return np.zeros(round(seconds * sample_rate_hz))


def add_noise(sound: Sound, dbfs: float, *, seed: int) -> Sound:
    """Add white noise of the given RMS level; the same seed gives the same noise."""
    return sound + np.random.default_rng(seed).normal(0.0, 10 ** (dbfs / 20), sound.shape)


def to_pcm(sound: Sound) -> NDArray[np.int16]:
    """Turn ±1 into 16-bit samples, clipped."""
    return np.clip(np.round(sound * 32767), -32768, 32767).astype(np.int16)
