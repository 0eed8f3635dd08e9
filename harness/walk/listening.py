"""Listening until something is heard: a voice, its pause, a prompt's end, a remembered mark, silence."""

from __future__ import annotations

from harness import scenario as do
from harness.walk.happened import Happened
from harness.walk.heard_marks import heard_mark
from harness.walk.progress import CallInProgress

SILENCE_S = 1.0


def listen(step: do.Listen, call: CallInProgress) -> Happened:
    """Listen; what was not heard in time is a branch, or nothing."""
    begin = since_last(call)
    end = call.now_s + step.timeout_s
    while not call.released and call.now_s < end:
        if step.until != "seconds" and _heard(step, call, begin):
            return Happened()
        marked = heard_mark(step, call, begin)
        if marked is not None:
            return marked
        if step.on.busy is not None and call.ear.refused(begin):
            return Happened("busy")
        call.pump()
    return Happened() if step.until == "seconds" or call.released else Happened("timeout")


def since_last(call: CallInProgress) -> float:
    """Since when what is heard belongs to this step: keys were pressed, or a wait began."""
    return max([a.at_s for a in call.acts if a.do in ("pressed", "wait")], default=0.0)


def prompt_is_over(call: CallInProgress, begin: float, quiet_s: float) -> bool:
    """Whether somebody spoke and has been quiet for so long."""
    voices = call.ear.voices(begin)
    return bool(voices) and call.ear.now != "speech" and call.ear.heard_s - voices[-1][1] >= quiet_s


def _heard(step: do.Listen, call: CallInProgress, begin: float) -> bool:
    ear = call.ear
    voices = ear.voices(begin)
    match step.until:
        case "voice":
            return bool(voices) or ear.now == "speech"
        case "silence":
            last = max([begin, *[end for _, end in voices]])
            return ear.now is None and ear.heard_s - last >= SILENCE_S
        case "prompt_end":
            return prompt_is_over(call, begin, step.quiet_s)
        case "mark":
            found = ear.heard_mark(step.prompt or "", begin)
            if found is not None:
                call.act("heard", detail=found.name)
            return found is not None
        case _:
            return bool(voices) and ear.now != "speech"
