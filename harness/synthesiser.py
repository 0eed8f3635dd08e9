"""The speech synthesiser of this machine, where one is installed: espeak-ng, in Mandarin."""

from __future__ import annotations

import io
import shutil
import subprocess

from dsp.audio import Audio
from dsp.synthesis import at_level, to_int16
from harness.errors import LineError

PROGRAM = "espeak-ng"
VOICE = "cmn"
WORDS_A_MINUTE = 170
"""Slower than its usual 175: what is said once, over the telephone, to somebody who did not expect it."""
LEVEL_DBFS = -20.0
"""What a telephone delivers (ITU-T P.56 active level, about -20 dBm0)."""
LONGEST_S = 20.0
_DIGITS = dict(zip("0123456789", "零一二三四五六七八九", strict=True))


def installed() -> bool:
    """Whether this machine has the synthesiser."""
    return shutil.which(PROGRAM) is not None


def read_out(text: str) -> Audio:
    """Give a text as sound; LineError where the synthesiser fails, before anything is dialled."""
    import soundfile

    command = [PROGRAM, "-v", VOICE, "-s", str(WORDS_A_MINUTE), "--stdout", text]
    try:
        done = subprocess.run(command, check=True, capture_output=True, timeout=LONGEST_S)
        wave, rate = soundfile.read(io.BytesIO(done.stdout), dtype="float32")
    except (OSError, subprocess.SubprocessError, soundfile.LibsndfileError) as error:
        raise LineError("said.synthesiser_failed", program=PROGRAM, reason=str(error)) from None
    return Audio(to_int16(at_level(wave, LEVEL_DBFS)).reshape(-1, 1), int(rate))


def spoken_digits(number: str) -> str:
    """A number as it is read out: digit by digit, a pause where it is written with one."""
    return "".join(_DIGITS.get(one, "，") for one in number)
