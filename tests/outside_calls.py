"""Recordings as other people's recorders leave them: one call, in every format and with every arrangement of sides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from dsp_calls import SR, quiet, voice

from dsp import synthesis as syn
from dsp.tone_plan import load_plan

PICK_UP_S = 10.4
"""3.0 s of silence, two rings and 1.4 s of a third one's period; the ring is cut by the pick-up."""


def far_end(*, lead_s: float = 3.0, rings_s: float = 7.0, answered: bool = True) -> np.ndarray:
    """The tested unit's side: silence, ringing that is picked up in a pause, a greeting; float, 8000 Hz."""
    tone = load_plan("tw").ringback
    rings = syn.cadence(tone, rings_s, sr=SR, level_dbfs=-20)
    words = [quiet(0.6), voice("wei-nin-hao"), quiet(2.0), voice("personnel"), quiet(1.0)] if answered else []
    return np.concatenate([quiet(lead_s), rings, *words])


def near_end(length: int) -> np.ndarray:
    """Our side: one sentence after the greeting."""
    said = np.concatenate([quiet(3.0 + 7.0 + 0.6 + len(voice("wei-nin-hao")) / SR + 0.4), voice("hello")])
    return np.pad(said, (0, max(0, length - len(said))))[:length]


def write(path: Path, samples: np.ndarray, *, rate: int = SR) -> Path:
    """A file by its suffix; M4A by the encoder that the extra brings."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.clip(samples, -1, 1).astype(np.float32)
    if path.suffix != ".m4a":
        soundfile.write(path, samples, rate)
        return path
    import av

    wave = samples.reshape(len(samples), -1)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=rate, layout="stereo" if wave.shape[1] == 2 else "mono")
        for start in range(0, len(wave), 1024):
            block = np.ascontiguousarray(wave[start : start + 1024].T)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=stream.layout.name)
            frame.sample_rate, frame.pts = rate, start
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def both_sides(far: np.ndarray, *, far_on: str = "left") -> np.ndarray:
    """Stereo, shape (n, 2)."""
    sides = [far, near_end(len(far))]
    return np.stack(sides if far_on == "left" else sides[::-1], axis=1)
