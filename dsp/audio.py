"""Recordings in, samples out: WAV and FLAC, also WAV files whose writer was killed."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from scipy.signal import resample_poly

Samples = npt.NDArray[np.int16]

RATES = (8000, 16000)
MIN_RATE, MAX_RATE = 4000, 192000
_HEADER = 12
_FLOATS = ("FLOAT", "DOUBLE")
_UNSCALED = 64.0
"""No writer that scales floats to 1.0 overloads so much."""


class AudioError(Exception):
    """A file that cannot be heard. `why_key` names the reason for a program, the message says it for a
    person."""

    def __init__(self, file: str, why_key: str, detail: str) -> None:
        super().__init__(f"{file}: {detail}")
        self.file = file
        """The path as given."""
        self.why_key = why_key
        """missing, not_a_file, empty, not_audio, no_samples, bad_rate, unreadable."""
        self.detail = detail
        """What is wrong, in English."""


@dataclass(frozen=True, slots=True)
class Audio:
    """A recording."""

    samples: Samples
    """Shape (n, channels)."""
    sr: int
    """8000 or 16000 a second: other rates are converted."""

    @property
    def mono(self) -> Samples:
        """The first channel, shape (n,): of two, the far end."""
        return self.samples[:, 0]


def read(path: str | Path) -> Audio:
    """Read a recording.

    A WAV file's lengths are taken from the file's size: a writer that was killed leaves zero or stale ones.

    Raises:
        AudioError: no such file, or nothing in it that can be heard.
    """
    file = Path(path)
    try:
        head = _head(file)
    except FileNotFoundError:
        raise AudioError(str(path), "missing", "there is no such file") from None
    except IsADirectoryError:
        raise AudioError(str(path), "not_a_file", "this is a folder") from None
    except OSError as error:
        raise AudioError(str(path), "unreadable", error.strerror or str(error)) from None
    if not head:
        raise AudioError(str(path), "empty", "the file is empty")
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        samples, rate = _read_wav(file, str(path))
    elif head[:4] == b"fLaC":
        samples, rate = _read_sound(file, str(path))
    else:
        raise AudioError(str(path), "not_audio", "neither WAV nor FLAC")
    if not len(samples):
        raise AudioError(str(path), "no_samples", "there is no sound in it")
    return _at_heard_rate(samples, rate, str(path))


def _head(file: Path) -> bytes:
    with file.open("rb") as handle:
        return handle.read(_HEADER)


def _read_sound(file: Path, name: str) -> tuple[Samples, int]:
    try:
        with soundfile.SoundFile(file) as sound:
            return _as_samples(_block(sound, -1)), int(sound.samplerate)
    except (soundfile.SoundFileError, RuntimeError):
        return _what_can_be_read(file, name)


def _block(sound: soundfile.SoundFile, count: int) -> npt.NDArray[np.generic]:
    """So many samples, -1: all, of floats as they are."""
    read: npt.NDArray[np.generic] = sound.read(
        count, dtype="float64" if sound.subtype in _FLOATS else "int16", always_2d=True
    )
    return read


def _as_samples(read: npt.NDArray[np.generic]) -> Samples:
    """Samples of 16 bits; floats are full at 1.0, but for those of a writer that did not scale them."""
    if read.dtype == np.int16:
        return read.astype(np.int16, copy=False)
    full = np.iinfo(np.int16)
    floats = np.nan_to_num(read.astype(np.float64), nan=0.0, posinf=1.0, neginf=-1.0)
    scale = 1.0 if np.abs(floats).max(initial=0.0) > _UNSCALED else -float(full.min)
    return np.clip(np.rint(floats * scale), full.min, full.max).astype(np.int16)


def _what_can_be_read(file: Path, name: str) -> tuple[Samples, int]:
    """A FLAC cut short: its blocks up to the cut."""
    blocks: list[npt.NDArray[np.generic]] = []
    rate = 0
    try:
        with soundfile.SoundFile(file) as sound:
            rate = sound.samplerate
            while len(block := _block(sound, 1024)):
                blocks.append(block)
    except (soundfile.SoundFileError, RuntimeError):
        pass
    if not blocks:
        raise AudioError(name, "unreadable", "it begins like a recording, but cannot be read")
    return _as_samples(np.concatenate(blocks)), rate


def _read_wav(file: Path, name: str) -> tuple[Samples, int]:
    """PCM 16 is read by its header's format and the file's own length; other encodings by libsndfile."""
    data = file.read_bytes()
    form, start, size = _chunks(data)
    if form is None:
        raise AudioError(name, "unreadable", "a WAV file without a format")
    encoding, channels, rate, _, _, bits = form
    if (encoding, bits) != (1, 16) or channels < 1:
        return _read_sound(file, name)
    if start is None:
        raise AudioError(name, "no_samples", "there is no sound in it")
    whole = size // (2 * channels) * 2 * channels
    return np.frombuffer(data, "<i2", count=whole // 2, offset=start).reshape(-1, channels), int(rate)


def _chunks(data: bytes) -> tuple[tuple[int, ...] | None, int | None, int]:
    """(format, first byte of the samples, how many): a data length of 0, or past the end, means up to the
    end."""
    form: tuple[int, ...] | None = None
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int(struct.unpack_from("<I", data, at + 4)[0])
        if name == b"fmt " and size >= 16 and at + 24 <= len(data):
            form = struct.unpack_from("<HHIIHH", data, at + 8)
            if form[0] == 0xFFFE and size >= 40 and at + 34 <= len(data):  # WAVE_FORMAT_EXTENSIBLE
                form = (*struct.unpack_from("<H", data, at + 32), *form[1:])
        if name == b"data":
            left = len(data) - at - 8
            return form, at + 8, left if size == 0 or size > left else size
        at += 8 + size + size % 2
    return form, None, 0


def _at_heard_rate(samples: Samples, rate: int, name: str) -> Audio:
    if rate in RATES:
        return Audio(samples, rate)
    if not MIN_RATE <= rate <= MAX_RATE:
        raise AudioError(name, "bad_rate", f"{rate} samples a second; {MIN_RATE} to {MAX_RATE} can be read")
    target = 16000 if rate >= 16000 else 8000
    common = math.gcd(target, rate)
    up, down = target // common, rate // common
    converted = resample_poly(samples.astype(np.float64), up, down, axis=0)
    return Audio(np.clip(np.round(converted), -32768, 32767).astype(np.int16), target)
