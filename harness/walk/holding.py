"""Staying on the line in silence, to see who hangs up first."""

from __future__ import annotations

from harness import scenario as do
from harness.walk.happened import Happened
from harness.walk.progress import CallInProgress

LONGEST_S = 60.0
"""Somebody who talks on is not waited for longer."""


def hold_silent(step: do.HoldSilent, call: CallInProgress) -> Happened:
    """Say nothing until `seconds` after the far end's last word; music is no end of a call, however long it plays."""
    begin = quiet_since = call.now_s
    call.act("held", detail=f"{step.seconds:g}")
    try:
        while not call.released:
            call.silent = quiet_since, step.seconds
            call.pump()
            ear = call.ear
            quiet_since = max([begin, *[end for _, end in (*ear.voices(begin), *ear.music(begin))]])
            talks_on = ear.now == "speech" and call.now_s < begin + LONGEST_S
            quiet = not talks_on and ear.now != "music" and call.now_s >= quiet_since + step.seconds
            if quiet or ear.refused(quiet_since):
                break
    finally:
        call.silent = None  # also when somebody takes the call over meanwhile
    return Happened()
