"""Whether a telephone of which no sound comes is still there.

A telephone that saves packets sends none while nobody speaks into it, and one that was unplugged sends none either:
only the dialog tells them apart. It is asked in it (OPTIONS, RFC 3261 §11.2); whatever it answers but 481 and 408 the
dialog stands (§12.2.1.2).
"""

from __future__ import annotations

from collections.abc import Callable

from harness.softphone.signals import (
    HOLD,
    RESPONSE,
    RESUME,
    RTP_ABSENT,
    RTP_RESUMED,
    RTP_STARTED,
    RTP_STOPPED,
    SipSignal,
)

DEAD_S = 3.0
"""After so long without a packet a telephone is asked whether it is there: nobody pauses for longer in a word."""
ASK_S = 5.0
"""One that answered and sends nothing yet is asked again after so long."""
ANSWERS_S = 4.0
"""So long it has for its answer: over UDP the question is sent four times by then (RFC 3261 §17.1.2.2)."""
NEVER_S = 20.0
"""One that has sent no packet at all since it answered cannot be heard, whatever it answers: its sound is lost."""
GONE = (408, 481)
NEVER = float("inf")


class Silence:
    """Follows the silence of one leg; times are monotonic seconds."""

    def __init__(self) -> None:
        self._since_s = self._absent_s = self._asked_s = NEVER
        self._waits_s = DEAD_S
        self._gone = False

    def take(self, signal: SipSignal, now_s: float) -> None:
        """Take a signal of the leg."""
        if signal.kind in (RTP_STARTED, RTP_RESUMED):
            self._since_s = self._absent_s = self._asked_s = NEVER
        elif signal.kind in (RTP_STOPPED, RTP_ABSENT, HOLD, RESUME):
            self._since_s, self._asked_s, self._waits_s = now_s, NEVER, DEAD_S
            self._absent_s = now_s if signal.kind == RTP_ABSENT else self._absent_s
        elif signal.kind == RESPONSE and signal.method == "OPTIONS" and signal.status >= 200:
            self._gone |= signal.status in GONE
            if self._asked_s < NEVER:
                self._since_s, self._asked_s, self._waits_s = now_s, NEVER, ASK_S

    def gone(self, now_s: float, ask: Callable[[], None]) -> bool:
        """Whether the telephone is not there any more; `ask` is called where it has to be asked for that."""
        if self._asked_s < NEVER:
            self._gone |= now_s - self._asked_s > ANSWERS_S
        elif now_s - self._since_s > self._waits_s:
            self._asked_s = now_s
            ask()
        return self._gone or now_s - self._absent_s > NEVER_S
