"""A recording as the page draws it: the outline of its waveform, what the ear hears in it, its spectrogram.

The browser is sent numbers to draw, so that no sound leaves before somebody presses play, which is logged; so is a
spectrogram, from which speech can be rebuilt. Each is worked out once for a file and an ear, and kept in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import stft

from dsp.listen import listen
from dsp.listening import Listening
from dsp.tone_plan import TonePlan
from harness.again import hear_again
from harness.agency import Agency
from harness.errors import ThirdringError
from harness.hearing import find_plan
from harness.plot.rings import numbered_rings
from harness.rehearing import ear_of_today
from harness.words import label

COLUMNS = 2400
"""Peaks of a waveform: enough for a wide screen."""
FRAMES, BINS = 800, 128
"""Columns and rows of a spectrogram."""
FLOOR_DB = -80.0
"""What is drawn darkest, against full scale."""


def peaks_of(path: Path) -> dict[str, Any]:
    """Length in seconds, and for each channel the largest deviation in each of at most COLUMNS stretches, -1 to 1."""
    return _peaks(path, path.stat().st_mtime_ns)


def spectrogram_of(path: Path) -> list[list[list[int]]]:
    """For each channel at most FRAMES columns of BINS loudnesses, 0 to 255, the lowest frequency first."""
    return [channel.tolist() for channel in _spectrogram(path, path.stat().st_mtime_ns)]


def heard_in(call: dict[str, Any], path: Path, agency: Agency, lang: str) -> dict[str, Any]:
    """What today's ear hears: segments with their words, and the numbered rings. Empty where it cannot hear."""
    plan = find_plan(call["record"].get("tone_plan", "tw"), agency_folder=agency.folder)
    key = (call["call_id"], str(path), path.stat().st_mtime_ns, ear_of_today(), repr(plan), lang)
    return _drawn(_Asked(key=key, call=call, path=path, agency=agency, plan=plan, lang=lang))


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What is heard by which ear; one key, one answer."""

    key: tuple[object, ...]
    """The call, its sound, the ear with its plan, and the language."""
    call: dict[str, Any] = field(compare=False)
    path: Path = field(compare=False)
    agency: Agency = field(compare=False)
    plan: TonePlan = field(compare=False)
    lang: str = field(compare=False)


@lru_cache(maxsize=64)
def _drawn(asked: _Asked) -> dict[str, Any]:
    heard = _heard_again(asked.call, asked.agency) or _heard_alone(asked.path, asked.plan)
    if heard is None:
        return {"segments": [], "rings": []}
    segments = [
        {
            "sound": one.sound,
            "label": label(f"ear.sound_{one.sound}", asked.lang) + (f" {one.digit}" if one.digit else ""),
            "start_s": round(one.start / heard.sr, 2),
            "end_s": round(one.end / heard.sr, 2),
        }
        for one in heard.segments
        if one.sound != "silence"
    ]
    rings = [{"number": ring.number, "start_s": round(ring.start_s, 2)} for ring in numbered_rings(heard)]
    return {"segments": segments, "rings": rings}


def _heard_again(call: dict[str, Any], agency: Agency) -> Listening | None:
    """With its signalling beside it; None where the record names no sound that is there."""
    try:
        return hear_again(call["record"], agency).timeline.heard
    except ThirdringError:
        return None


def _heard_alone(path: Path, plan: TonePlan) -> Listening | None:
    """The sound by itself; None at a rate that the ear does not take."""
    sound, rate = _read(path)
    if rate not in (8000, 16000):
        return None
    return listen(np.ascontiguousarray(sound[:, 0]), sr=rate, plan=plan)


@lru_cache(maxsize=64)
def _peaks(path: Path, changed_at: int) -> dict[str, Any]:
    sound, rate = _read(path)
    step = max(-(-len(sound) // COLUMNS), 1)
    whole = np.pad(sound, ((0, -len(sound) % step), (0, 0)))
    parts = whole.reshape(-1, step, sound.shape[1])
    high, low = parts.max(axis=1), parts.min(axis=1)
    peaks = np.where(high >= -low, high, low)
    return {"duration_s": round(len(sound) / rate, 3), "sample_rate_hz": rate, "peaks": np.round(peaks.T, 3).tolist()}


@lru_cache(maxsize=64)
def _spectrogram(path: Path, changed_at: int) -> tuple[NDArray[np.uint8], ...]:
    sound, rate = _read(path)
    return tuple(_loudness(channel, rate) for channel in sound.T)


def _read(path: Path) -> tuple[NDArray[np.float32], int]:
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return sound, int(rate)


def _loudness(channel: NDArray[np.float32], rate: int) -> NDArray[np.uint8]:
    hop = max(-(-len(channel) // FRAMES), BINS)
    size = 2 * BINS
    _, _, spectrum = stft(channel, fs=rate, nperseg=size, noverlap=max(size - hop, 0), nfft=size)
    level = 20 * np.log10(np.abs(spectrum[:BINS]).T + 1e-9)
    loud: NDArray[np.uint8] = np.clip((level - FLOOR_DB) / -FLOOR_DB * 255, 0, 255).astype(np.uint8)
    return loud
