"""The sound of a recording from elsewhere: WAV, FLAC and MP3 by libsndfile, M4A by FFmpeg where that is installed.

What a file is, its first bytes say, not its name. A file that holds less than it announces is refused: a call that was
cut off by a copy would be measured as one that was cut off by somebody.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

from harness.errors import WrongInput
from harness.imported.m4a import read_m4a
from harness.record import LEFT, MIXED, RIGHT

MOST_S = 20 * 60
"""No test call is longer; an hour's tape is several calls."""
LEAST_RATE, MOST_RATE = 4000, 192000
MOST_CHANNELS = 2
MOST_SAMPLES = MOST_S * 48_000 * MOST_CHANNELS
"""Silence in FLAC takes next to nothing: two megabytes of it may be eight sides at 192 kHz, and 7 GB once read."""
LACKS_S = 0.2
"""A file may lack so much of what it announces: an encoder's padding."""
SAME = 1e-4
"""Channels that differ by no more than this, of full scale, are one channel twice."""
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Sound:
    """A recording's sides."""

    sides: NDArray[np.int16]
    """Shape (n, 1) mixed, or (n, 2): far end, near end."""
    rate_hz: int
    """8000 or 16000."""
    far: str
    """left, right or mixed: where the far end was in the file."""

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return len(self.sides) / self.rate_hz


def read_sound(path: Path, *, far: str, name: str = "") -> Sound:
    """Read a recording; `far` is left, right, mixed, or empty where it was not said.

    Raises:
        WrongInput: no sound, broken, cut off, too long, or its sides do not fit what was said.
    """
    told = name or path.name
    samples, rate = _read(path, told)
    if not len(samples):
        raise WrongInput("imported.empty", file=told)
    side = _side(samples, far, told)
    return Sound(_heard(_sides(samples, side), rate), 16000 if rate >= 16000 else 8000, side)


def _read(path: Path, name: str) -> tuple[Samples, int]:
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise WrongInput("file.unreadable", file=name, reason=error.strerror or "") from None
    if not head:
        raise WrongInput("imported.empty", file=name)
    if head[4:8] == b"ftyp":
        return read_m4a(path, name)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        _whole_wav(path, name)
    elif head[:4] != b"fLaC" and head[:3] != b"ID3" and not (head[:1] == b"\xff" and head[1:2] >= b"\xe0"):
        raise WrongInput("imported.not_sound", file=name)
    return _by_libsndfile(path, name)


def _by_libsndfile(path: Path, name: str) -> tuple[Samples, int]:
    try:
        with soundfile.SoundFile(path) as file:
            rate, announced = int(file.samplerate), int(file.frames)
            refuse_large(announced, rate, int(file.channels), name)
            samples = file.read(min(announced, MOST_S * rate), dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError, MemoryError, ZeroDivisionError):
        raise WrongInput("imported.broken", file=name) from None
    refuse_cut(announced / rate, len(samples) / rate, name)
    return samples, rate


def refuse_large(frames: float, rate: int, channels: int, name: str) -> None:
    """Raise WrongInput where a recording is none of a call, or would take too much memory, before it is read."""
    if not LEAST_RATE <= rate <= MOST_RATE:
        raise WrongInput("imported.bad_rate", file=name, rate=rate, least=LEAST_RATE, most=MOST_RATE)
    if channels > MOST_CHANNELS:
        raise WrongInput("imported.channels", file=name, channels=channels)
    most_s = min(MOST_S, MOST_SAMPLES // (rate * max(channels, 1)))
    if frames > most_s * rate:
        raise WrongInput("imported.too_long", file=name, minutes=math.ceil(frames / rate / 60), most=most_s // 60)


def refuse_cut(announced_s: float, found_s: float, name: str) -> None:
    """Raise WrongInput where a file holds less sound than it announces."""
    if announced_s - found_s > LACKS_S:
        raise WrongInput("imported.truncated", file=name, expected=f"{announced_s:.1f}", found=f"{found_s:.1f}")


def _whole_wav(path: Path, name: str) -> None:
    """A WAV file says how long its samples are; 0 and the largest number are a writer's that could not go back."""
    size, at, per_s = path.stat().st_size, 12, 0
    with path.open("rb") as file:
        while at + 8 <= size:
            file.seek(at)
            kind, length = struct.unpack("<4sI", file.read(8))
            if kind == b"fmt " and length >= 16:
                per_s = struct.unpack("<I", file.read(12)[8:12])[0]
            if kind == b"data":
                if length not in (0, 0xFFFFFFFF) and per_s:
                    refuse_cut(length / per_s, (size - at - 8) / per_s, name)
                return
            at += 8 + length + length % 2
    raise WrongInput("imported.broken", file=name)


def _side(samples: Samples, far: str, name: str) -> str:
    """Where the far end is; WrongInput where what was said cannot be."""
    if far not in ("", LEFT, RIGHT, MIXED):
        raise WrongInput("imported.wrong_far", value=far)
    alike = samples.shape[1] == 1 or bool(np.max(np.abs(samples[:, 0] - samples[:, 1])) <= SAME)
    if far in (LEFT, RIGHT) and alike:
        raise WrongInput("imported.only_mixed", file=name)
    if not far and not alike:
        raise WrongInput("imported.which_side", file=name)
    return far or MIXED


def _sides(samples: Samples, side: str) -> Samples:
    """The far end first; mixed: one channel."""
    if side == MIXED:
        return np.asarray(samples.mean(axis=1, keepdims=True), np.float32)
    return samples if side == LEFT else np.ascontiguousarray(samples[:, ::-1])


def _heard(samples: Samples, rate: int) -> NDArray[np.int16]:
    """At a rate that the ear takes, 16 bits."""
    target = 16000 if rate >= 16000 else 8000
    if rate != target:
        common = math.gcd(target, rate)
        samples = resample_poly(samples, target // common, rate // common, axis=0)
    return np.clip(np.round(samples * 32768), -32768, 32767).astype(np.int16)
