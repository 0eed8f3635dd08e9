"""What remains of a call's sound: one stereo file, far end left, our side right, and its fingerprint."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from harness.record import CallRecord
from harness.softphone.growing_wav import GrowingWav, repair_header

FLAC = "recording"


def close_recording(record: CallRecord, folder: Path) -> CallRecord:
    """Merge the two WAV files into a FLAC file, check that it reads back the same, and let the WAVs go.

    The far end is the left channel, our side the right; silence fills the shorter one, so that a position
    in the file stays a time on the call's clock. `duration_s` stays what the far end's recorder wrote: it tells what
    that lost. Where the disk is full, or a call ended before a sample was written, the WAV files stay as they are.
    """
    far, near = (read_side(folder / record.files[side]) for side in ("far", "near"))
    both = _beside(far, near)
    path = folder / f"{record.call_id}.flac"
    if not _kept(both, path, record.sample_rate_hz):
        path.unlink(missing_ok=True)
        return record
    for side in ("far", "near"):
        (folder / record.files[side]).unlink(missing_ok=True)
    return replace(record, files={"trace": record.files["trace"], FLAC: path.name})


def _kept(both: NDArray[np.int16], path: Path, sample_rate_hz: int) -> bool:
    """Write a FLAC file; True when it reads back the same."""
    try:
        soundfile.write(path, both, sample_rate_hz, subtype="PCM_16")
        kept, _ = soundfile.read(path, dtype="int16", always_2d=True)
    except (OSError, soundfile.SoundFileError):
        return False
    return bool(len(both)) and np.array_equal(kept, both)


def read_side(path: Path) -> NDArray[np.int16]:
    """Read one side of a call from the WAV file it was recorded into; mends a stale header first."""
    if path.exists():
        repair_header(path)
    return GrowingWav(path).more()


def far_side(record: CallRecord, folder: Path) -> NDArray[np.int16]:
    """The far end's samples of a call, shape (n,), whether its recording was closed or not."""
    if FLAC in record.files:
        samples, _ = soundfile.read(folder / record.files[FLAC], dtype="int16", always_2d=True)
        return np.ascontiguousarray(samples[:, 0])
    if "far" not in record.files:
        raise FileNotFoundError(record.call_id)  # an outside agency's call: there never was a recording
    return read_side(folder / record.files["far"])


def sha256(path: Path) -> str:
    """Fingerprint of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _beside(far: NDArray[np.int16], near: NDArray[np.int16]) -> NDArray[np.int16]:
    length = max(len(far), len(near))
    return np.stack([np.pad(side, (0, length - len(side))) for side in (far, near)], axis=1)
