"""Make the prompts of the embedded agency from prompts.toml; run once by hand, the results are in the repository.

    python -m harness.switchboard.make_prompts

Needs the program espeak-ng (Debian package of that name). Nothing at run time needs it.
"""

from __future__ import annotations

import io
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

Sound = NDArray[np.float64]

RATE_HZ = 8000
LEVEL_DBFS = -22.0  # RMS while speaking: what a telephone delivers (ITU-T P.56 active level, about -20 dBm0)
MUSIC_DBFS = -24.0
BEGINS_DBFS = -40.0  # speech begins where it passes this
ENDS_DBFS = -50.0
FADE_S = 0.01
FOLDER = Path(__file__).parent / "prompts"
TEXTS = Path(__file__).parent / "prompts.toml"

# A tune of our own: four bars of melody over a bass, in eighth notes, as semitones from A3. 0.3 s a note, 9.6 s.
NOTE_S = 0.3
MELODY = (10, 14, 17, 22, 21, 17, 14, 17, 8, 12, 15, 20, 19, 15, 12, 15) * 2
BASS = (-2, -4, -2, -9)


def main() -> None:
    """Write every prompt and the hold music."""
    FOLDER.mkdir(exist_ok=True)
    for name, said in tomllib.loads(TEXTS.read_text(encoding="utf-8")).items():
        _write(name, _levelled(_trimmed(_spoken(said)), LEVEL_DBFS))
    _write("hold-music", _levelled(_tune(), MUSIC_DBFS))


def _spoken(said: dict[str, Any]) -> Sound:
    """Let espeak-ng say a text; 8 kHz, telephone band, shape (n,)."""
    options = ["-v", said["voice"], "-s", str(said["speed"]), "-p", str(said["pitch"])]
    command = ["espeak-ng", *options, "--stdout", said["text"]]
    wav = subprocess.run(command, check=True, capture_output=True).stdout
    samples, rate = soundfile.read(io.BytesIO(wav), dtype="float64")
    band = butter(4, (200, 3400), "bandpass", fs=rate, output="sos")  # ITU-T G.712's band, a little wider below
    return np.asarray(resample_poly(sosfilt(band, samples), RATE_HZ, rate))


def _trimmed(sound: Sound) -> Sound:
    """Cut so that speech begins at sample 0, and fade both ends against clicks."""
    levelled = np.abs(_levelled(sound, LEVEL_DBFS))
    first = int(np.argmax(levelled > 10 ** (BEGINS_DBFS / 20)))
    last = len(levelled) - int(np.argmax(levelled[::-1] > 10 ** (ENDS_DBFS / 20)))
    return sound[first:last]


def _levelled(sound: Sound, dbfs: float) -> Sound:
    """Bring the RMS of the loud part to a level; what is 20 dB below the peak is pause and does not count."""
    loud = sound[np.abs(sound) > np.abs(sound).max() / 10]
    louder = sound * 10 ** (dbfs / 20) / np.sqrt(np.mean(loud**2))
    return np.asarray(np.clip(louder, -0.99, 0.99))


def _tune() -> Sound:
    """Pluck a melody over a bass; its end leads into its beginning."""
    length = round(len(MELODY) * NOTE_S * RATE_HZ)
    music = np.zeros(length)
    for place, semitones in enumerate(MELODY):
        _pluck(music, place * NOTE_S, semitones, 1.6, 1.0)
    for place, semitones in enumerate(BASS * 2):
        _pluck(music, place * 4 * NOTE_S, semitones, 2.4, 0.7)
    return music


def _pluck(music: Sound, start_s: float, semitones: int, seconds: float, loud: float) -> None:
    """Add one note, wrapped round the end so that the loop has no seam."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    pitch = 220 * 2 ** (semitones / 12)
    note = sum(np.sin(2 * np.pi * pitch * n * t) * np.exp(-t * (3 + n)) / n**1.5 for n in range(1, 7))
    at = (round(start_s * RATE_HZ) + np.arange(len(t))) % len(music)
    np.add.at(music, at, loud * note * np.minimum(1, t / FADE_S))


def _write(name: str, sound: Sound) -> None:
    soundfile.write(FOLDER / f"{name}.flac", sound, RATE_HZ, subtype="PCM_16")
    print(f"{name}: {len(sound) / RATE_HZ:.2f} s")


if __name__ == "__main__":
    main()
