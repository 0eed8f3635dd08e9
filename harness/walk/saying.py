"""Saying something to the far end, to its last word."""

from __future__ import annotations

import wave
from pathlib import Path

from harness import scenario as do
from harness.said import COURTESY, EXCUSE
from harness.softphone.signals import PLAY
from harness.walk.happened import Happened
from harness.walk.progress import CallInProgress

STARTS_S = 5.0
"""A telephone that has not begun to play after so long never will."""


def say(step: do.Say, number: int, call: CallInProgress) -> Happened:
    """Play what was made ready for this step, and wait until it was said."""
    call.asked_s = call.now_s  # whoever was asked may put the call through before we have finished
    _speak(call.sounds[number], step.sentence or step.file or "text", call)
    return Happened()


def excuse(call: CallInProgress) -> None:
    """Say the courtesy sentence to whoever waits for somebody who does not come; where there is none, nothing."""
    path = call.sounds.get(EXCUSE)
    if path is not None and not call.released:
        call.excuses = True
        _speak(path, COURTESY, call)
        call.excuses = False


def _speak(path: Path, name: str, call: CallInProgress) -> None:
    with wave.open(str(path)) as sound:
        lasts_s = sound.getnframes() / sound.getframerate()
    begin = call.now_s
    call.act("said", detail=name)
    call.call.play(path)
    while not call.released and not _said(call, begin, path.name, lasts_s):
        call.pump()


def _said(call: CallInProgress, begin: float, name: str, lasts_s: float) -> bool:
    began = [s.latest_s - call.call.zero_s for s in call.since(begin - 0.001) if s.kind == PLAY and s.reason == name]
    return call.now_s >= (began[-1] if began else begin + STARTS_S) + lasts_s
