"""Makes the speech of the ear's tests with espeak-ng (apt-get install espeak-ng), 8 kHz FLAC, trimmed to the
voice.

Run: python tests/sounds/make_sounds.py
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
from scipy.signal import resample_poly

HERE = Path(__file__).parent
WORDS = {
    "wei": ("cmn", 50, "喂"),
    "wei-nin-hao": ("cmn+f3", 60, "喂，您好"),
    "personnel": ("cmn+m3", 35, "人事室您好，敝姓陳"),
    "switchboard": ("cmn+f5", 55, "您好，這裡是市政府總機"),
    "hold-on": ("cmn+m1", 45, "請稍候，為您轉接"),
    "hello": ("en+f2", 50, "Hello, public works, how can I help you?"),
}


def say(voice: str, pitch: int, text: str) -> np.ndarray:
    with TemporaryDirectory() as folder:
        wav = Path(folder) / "voice.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-p", str(pitch), "-s", "160", "-w", wav, text], check=True)
        samples, rate = soundfile.read(wav, dtype="float32")
    return resample_poly(samples, 8000, rate)


def trimmed(samples: np.ndarray) -> np.ndarray:
    frames = samples[: len(samples) // 40 * 40].reshape(-1, 40)
    db = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
    loud = np.flatnonzero(db > np.percentile(db, 95) - 30)
    return samples[loud[0] * 40 : loud[-1] * 40 + 40]


if __name__ == "__main__":
    for name, words in WORDS.items():
        voice = trimmed(say(*words))
        soundfile.write(HERE / f"{name}.flac", voice * (0.5 / np.abs(voice).max()), 8000, subtype="PCM_16")
