"""Speech for the bench: the shipped prompts, and Asterisk's recorded ones where Debian's package is installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from harness.switchboard import sound

Voice = NDArray[np.float32]
RATE_HZ = 8000

SHIPPED = (
    "closing",
    "courtesy-caller",
    "greeting-operator",
    "greeting-unit",
    "greeting-unit-2",
    "ivr-menu",
    "lunch-notice",
    "operator-busy",
    "please-hold-transfer",
)
ASTERISK = Path("/usr/share/asterisk/sounds")
"""Where Debian's asterisk-core-sounds-en-wav lies: an English speaker's voice, CC-BY-SA."""
NO_VOICES = ("silence", "beep", "beeperr", "ascending-2tone", "descending-2tone", "tt-monkeys")
"""What that package holds besides speech."""
MOST_FOUND = 60
SHORTEST_S, LONGEST_S = 0.3, 8.0
_FRAME = 40
_BEGINS_DB = 20.0
"""A voice begins where it first comes within this of its own loud part: a breath or a recording's own room noise
before it would drown in the line's noise of every call that is made with it."""


def shipped_voices() -> list[Voice]:
    """The embedded agency's prompts; each begins with its first sample."""
    return [_trimmed(sound.prompt(name, RATE_HZ).astype(np.float32)) for name in SHIPPED]


def installed_voices(folder: Path = ASTERISK) -> list[Voice]:
    """What recorded speech this machine has, at most `MOST_FOUND` files evenly taken; empty without the package."""
    files = sorted(f for f in folder.glob("**/*.wav") if f.stem not in NO_VOICES and f.parent.name not in NO_VOICES)
    every = max(1, len(files) // MOST_FOUND)
    found = (_read(file) for file in files[::every][:MOST_FOUND])
    return [voice for voice in found if voice is not None and SHORTEST_S <= len(voice) / RATE_HZ <= LONGEST_S]


def _read(file: Path) -> Voice | None:
    try:
        samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError):
        return None
    return _trimmed(samples[:, 0]) if rate == RATE_HZ and len(samples) >= _FRAME else None


def _trimmed(samples: Voice) -> Voice:
    """Cut so that the voice begins with the first sample and ends with the last."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    db = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
    loud = np.flatnonzero(db > np.percentile(db, 95) - _BEGINS_DB)
    return samples[loud[0] * _FRAME : (loud[-1] + 1) * _FRAME]
