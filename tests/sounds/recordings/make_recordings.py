"""Makes the recordings that answer in the tests, with espeak-ng (apt-get install espeak-ng), 8 kHz FLAC.

Run: python tests/sounds/recordings/make_recordings.py
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
from scipy.signal import butter, resample_poly, sosfilt

HERE = Path(__file__).parent
WORDS = {
    "voicemail": ("cmn-latn-pinyin+f3", 62, 190, "您撥的電話目前無人接聽，請在嗶一聲之後留言。"),
    "queue-third": ("cmn-latn-pinyin+f1", 55, 200, "目前所有人員均在忙線中，您是第三位，請稍候。"),
    "queue-second": ("cmn-latn-pinyin+f1", 55, 200, "目前所有人員均在忙線中，您是第二位，請稍候。"),
    "night": ("cmn-latn-pinyin+m3", 40, 185, "您好，現在是非上班時間，請於上班時間再來電，謝謝您。"),
    "lunch": ("cmn-latn-pinyin+f4", 48, 205, "您好，本局午休時間為十二點到一點半，請稍後再撥。"),
    "vacant": ("cmn-latn-pinyin+f2", 50, 195, "您撥的號碼是空號，請查明後再撥，謝謝。"),
    "forwarding": ("cmn-latn-pinyin+f5", 58, 195, "您撥的電話將轉接到行動電話，請稍候，不要掛斷。"),
    "language-menu": ("cmn-latn-pinyin+f4", 50, 200, "國語請按一，台語請按二，客語請按三。"),
    "main-menu": ("cmn-latn-pinyin+f4", 50, 200, "請直撥分機號碼，查詢進度請按一，總機服務請按九。"),
    "person": ("cmn-latn-pinyin+m1", 45, 215, "您好，建設課，敝姓張，請問有什麼事？"),
    "person-again": ("cmn-latn-pinyin+m1", 48, 225, "喂，您好，請說。"),
}


def say(voice: str, pitch: int, speed: int, text: str) -> np.ndarray:
    with TemporaryDirectory() as folder:
        wav = Path(folder) / "voice.wav"
        command = ["espeak-ng", "-v", voice, "-p", str(pitch), "-s", str(speed), "-w", wav, text]
        subprocess.run(command, check=True)
        samples, rate = soundfile.read(wav, dtype="float32")
    band = butter(4, (200, 3400), "bandpass", fs=rate, output="sos")
    return resample_poly(sosfilt(band, samples), 8000, rate)


def trimmed(samples: np.ndarray) -> np.ndarray:
    loud = np.flatnonzero(np.abs(samples) > np.abs(samples).max() / 50)
    return samples[loud[0] : loud[-1] + 1]


if __name__ == "__main__":
    for name, words in WORDS.items():
        spoken = trimmed(say(*words))
        soundfile.write(HERE / f"{name}.flac", spoken * (0.35 / np.abs(spoken).max()), 8000, subtype="PCM_16")
        print(name, round(len(spoken) / 8000, 2))
