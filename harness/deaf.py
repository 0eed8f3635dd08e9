"""Whether a call that was answered brought any sound at all: a deaf ear may say nothing of it."""

from __future__ import annotations

from harness.softphone.signals import RELEASED
from harness.timeline import Timeline, answer_of

DEAF_S = 5.0
"""A call that was up so long without one packet brought none; in a shorter one nobody may have had time to speak."""


def no_sound_came(timeline: Timeline) -> bool:
    """Whether not one packet came of a call that was answered: ours or theirs, a firewall or a NAT keeps it away.

    Its 200 may have been a gateway's that answers early: without sound nobody can tell when it was picked up.
    """
    record, answer = timeline.record, answer_of(timeline.record)
    if answer is None or record.packets or any(s.sound not in ("missing", "silence") for s in timeline.heard.segments):
        return False
    gone = next((s.latest_s for s in record.signals if s.kind == RELEASED), record.duration_s)
    return gone - answer.latest_s >= DEAF_S
