"""The speed of the whole ear against the plainest voice detector, on the same sound."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import webrtcvad
from numpy.typing import NDArray

from dsp.listen import listen
from dsp.tone_plan import load_plan
from harness.switchboard import sound

RATE_HZ = 8000
FRAME_S = 0.020
RUNS = 5
CALLS_JOINED = 4


@dataclass(frozen=True)
class Speed:
    """Seconds of sound heard in a second, best of several runs."""

    call_s: float
    """Length of the sound."""
    ear_x: float
    """The whole ear."""
    vad_x: float
    """webrtcvad by itself, mode 2, frames of 20 ms."""


def listening_speed() -> Speed:
    """Hear rings, a greeting, silence and music both ways; the best run of each counts."""
    samples = a_call()
    length = len(samples) / RATE_HZ
    plan = load_plan("tw")
    ear = _best(lambda: listen(samples, sr=RATE_HZ, plan=plan))
    vad = _best(lambda: _webrtcvad(samples))
    return Speed(call_s=length, ear_x=length / ear, vad_x=length / vad)


def a_call() -> NDArray[np.int16]:
    """Make a call: three rings, a greeting, hold music, a ring and another greeting; 8 kHz, shape (n,)."""
    parts = [
        sound.tone("ringback", 7.5, sample_rate_hz=RATE_HZ),
        sound.prompt("greeting-operator", RATE_HZ),
        sound.prompt("hold-music", RATE_HZ),
        sound.tone("ringback", 4.0, sample_rate_hz=RATE_HZ),
        sound.prompt("greeting-unit", RATE_HZ),
        sound.silence(5.0, sample_rate_hz=RATE_HZ),
    ]
    whole = np.concatenate(parts * CALLS_JOINED)
    return sound.to_pcm(sound.add_noise(whole, -60.0, seed=1))


def _webrtcvad(samples: NDArray[np.int16]) -> int:
    detector, size = webrtcvad.Vad(2), round(FRAME_S * RATE_HZ)
    frames = (samples[at : at + size].tobytes() for at in range(0, len(samples) - size, size))
    return sum(detector.is_speech(frame, RATE_HZ) for frame in frames)


def _best(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return min(taken)
