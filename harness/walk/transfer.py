"""Following a transfer: waiting until the call is put through to somebody else."""

from __future__ import annotations

from harness import scenario as do
from harness.live_ear import MUSIC_KNOWN_S
from harness.softphone.signals import REQUEST
from harness.walk.happened import Happened
from harness.walk.heard_marks import heard_mark
from harness.walk.progress import CallInProgress

MOVES = ("REFER", "INVITE", "UPDATE")
"""Requests of the far end's that move a call elsewhere (RFC 3515) or put it on hold (RFC 3264 §8.4)."""


def follow_transfer(step: do.FollowTransfer, call: CallInProgress) -> Happened:
    """Wait for ringing, music or a message of the switchboard's; what shows the transfer is kept as an act."""
    begin = call.now_s if call.asked_s is None else call.asked_s
    call.asked_s = begin
    end = call.now_s + step.timeout_s
    while not call.released and call.now_s < end:
        seen = put_through(call, begin)
        if seen is not None:
            call.act("transfer", detail=seen[0])
            call.moved_s = seen[1]
            return Happened()
        marked = heard_mark(step, call, begin)
        if marked is not None:
            return marked
        if call.ear.refused(begin):
            return Happened("busy" if step.on.busy else "")  # the wait that follows tells of it
        call.pump()
    if call.released:
        return Happened()
    call.act("transfer", detail="none")
    return Happened("none")


def put_through(call: CallInProgress, begin: float) -> tuple[str, float] | None:
    """What shows that the call is put through, and since when; None while nothing does."""
    ear = call.ear
    sound, at_s = ear.sounding
    bursts = [*ear.bursts(begin), *([at_s] if sound == "ringback" and at_s >= begin else [])]
    if bursts:
        return "ringback", bursts[0]
    music = ear.music(begin)
    if sum(end - max(start, begin) for start, end in music) >= MUSIC_KNOWN_S:
        return "music", max(music[0][0], begin)
    moved = [s for s in call.since(begin) if s.kind == REQUEST and s.direction == "rx" and s.method in MOVES]
    return (moved[0].method, moved[0].latest_s - call.call.zero_s) if moved else None
