"""Recordings that answer, as scripts for the telephone in virtual time: what is heard, and where the recording lies."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

from harness.softphone.scripted import FarEnd
from harness.switchboard import sound

RATE = 8000
FOLDER = Path(__file__).parent / "sounds" / "recordings"
Pcm = NDArray[np.int16]
PLANS = {
    "tw": ((440, 480), 1.0, 2.0),
    "us": ((440, 480), 2.0, 4.0),
    "cn": ((450,), 1.0, 4.0),
    "au": ((400, 425), 0.4, 0.2),
}


@cache
def words(name: str) -> Pcm:
    """One of the recordings."""
    return np.asarray(soundfile.read(FOLDER / f"{name}.flac", dtype="int16")[0])


def ringback(seconds: float, plan: str = "tw") -> Pcm:
    """Ringing, cut off after so long."""
    frequencies, on, off = PLANS[plan]
    t = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * f * t) for f in frequencies) * 0.12 * (t % (on + off) < on)
    return sound.to_pcm(np.asarray(wave))


def sit() -> Pcm:
    """The special information tone (ITU-T E.180): 950, 1400 and 1800 Hz, 330 ms each."""
    t = np.arange(round(0.33 * RATE)) / RATE
    return sound.to_pcm(np.concatenate([0.2 * np.sin(2 * np.pi * f * t) for f in (950, 1400, 1800)]))


def beep() -> Pcm:
    """What a voicemail records behind."""
    return sound.to_pcm(0.2 * np.sin(2 * np.pi * 1000 * np.arange(round(0.4 * RATE)) / RATE))


def quiet(seconds: float) -> Pcm:
    """Nothing but the line."""
    return sound.to_pcm(sound.add_noise(np.zeros(round(seconds * RATE)), -62, seed=4))


def music(seconds: float) -> Pcm:
    """A queue's music."""
    return np.resize(sound.to_pcm(sound.prompt("hold-music", RATE)), round(seconds * RATE))


def line(*parts: Pcm | str) -> Pcm:
    """Sounds one after the other; a name stands for its recording."""
    return np.concatenate([words(one) if isinstance(one, str) else one for one in parts])


def rung(before_s: float, *parts: Pcm | str, status: int = 200) -> FarEnd:
    """Rings in early media for so long, then answers with these sounds."""
    ringing = FarEnd().says(0.1, 183).sounds_like(0.15, ringback(60)).says(0.15 + before_s, status)
    return ringing.sounds_like(0.15 + before_s, line(*parts))


def early(*parts: Pcm | str, then: int = 0, after_s: float = 0.5) -> FarEnd:
    """Speaks in early media and, if told so, ends with a response."""
    heard = line(*parts)
    far = FarEnd().says(0.1, 183).sounds_like(0.15, heard)
    return far.says(0.15 + len(heard) / RATE + after_s, then) if then else far


def faster(name: str) -> Pcm:
    """The same words said otherwise: a person never says a sentence twice alike."""
    return sound.to_pcm(resample_poly(words(name).astype(float) / 32768, 15, 16))
