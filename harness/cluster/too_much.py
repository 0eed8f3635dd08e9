"""What is more than a call can be is not fetched from a probe, nor decoded: it would fill the head's disk or memory."""

from __future__ import annotations

from pathlib import Path

import soundfile

from harness.cluster.outbox import Recorded
from harness.errors import WrongInput
from harness.left_call import SOUND

MOST_S = 1800.0 + 120.0
"""The longest call that an agency may allow, and what its recording is longer."""
MOST_FILES = 8
"""Of a call: its record, its trace, its sound, and what there was before that."""
MOST_B = int(MOST_S * 48_000 * 2 * 2)
"""Such a call in two channels of 16 bits at the highest rate; the trace of one that was flooded is no larger."""
MOST_RECORD_B = 64 * 1024 * 1024
"""A record, which is read whole."""


def refuse_giants(recorded: Recorded) -> None:
    """Raise WrongInput where a probe announces more, or larger, files than a call has."""
    for file in recorded.files:
        most_b = MOST_RECORD_B if file.name.endswith(".json") else MOST_B
        if not 0 <= file.size_b <= most_b or len(recorded.files) > MOST_FILES:
            raise WrongInput("cluster.too_much", file=file.name)


def refuse_long_sound(path: Path) -> None:
    """Raise WrongInput where a sound is longer than a call can be, or is none: silence takes no room in a FLAC."""
    if path.suffix not in SOUND:
        return
    try:
        told = soundfile.info(path)
    except soundfile.LibsndfileError:
        raise WrongInput("cluster.changed", file=path.name) from None
    if told.channels > 2 or told.samplerate > 48_000 or told.frames > MOST_S * told.samplerate:
        raise WrongInput("cluster.too_much", file=path.name)
