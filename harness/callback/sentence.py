"""The sentence that whoever calls back hears: the agency's own recording, else a text through a synthesiser."""

from __future__ import annotations

import wave
from pathlib import Path

from harness.agency import Agency
from harness.errors import NotFound
from harness.said import KINDS, SOUNDS, Sound, make_ready
from harness.synthesiser import installed

NAME = "call-back"
TEXT = "您好，這裡是{agency}電話服務測試專線，先前打給您的是測試電話，打擾您了。如有需要請洽承辦人員，謝謝您，再見。"


def sentence_of(agency: Agency) -> Sound:
    """Find the sentence; NotFound names the file to record where there is neither it nor a synthesiser."""
    for kind in KINDS:
        path = agency.folder / SOUNDS / f"{NAME}{kind}"
        if path.is_file():
            return Sound(name=NAME, path=path)
    if not installed():
        raise NotFound("callback.no_sentence", file=f"{SOUNDS}/{NAME}.wav")
    return Sound(name=NAME, text=TEXT.format(agency=agency.settings.name))


def write_sentence(agency: Agency, target: Path, *, sample_rate_hz: int) -> float:
    """Write the sentence at a line's rate; gives its length in seconds."""
    make_ready(sentence_of(agency), target, sample_rate_hz=sample_rate_hz)
    with wave.open(str(target), "rb") as written:
        return written.getnframes() / written.getframerate()
