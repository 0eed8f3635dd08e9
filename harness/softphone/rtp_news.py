"""What a person would want to know of the media as it happens: it began, it ended, it comes from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.softphone.rtp_watch import RtpWatch
from harness.softphone.signals import RTP_ABSENT, RTP_RESUMED, RTP_SOURCE, RTP_STARTED, RTP_STOPPED

ABSENT_S = 2.0
"""An answered call whose far end has sent nothing for so long has no sound in that direction."""


@dataclass
class RtpNews:
    """Compares what the watch knows now with what was told last; one per leg."""

    packets: int = 0
    """Packets at the last look; fewer now: the stream was rebuilt."""
    source: str = ""
    """Where they came from."""
    started: bool = False
    """Whether the first packet was told."""
    stopped: bool = False
    """Whether it was told that none come any more."""
    answered_s: float | None = None
    """When the call was answered."""
    absent: bool = False
    """Whether it was told that nothing came since the answer."""
    nameless_s: float | None = None
    """Since when packets come of which the library has not said yet where from; None: there are none such."""

    def look(
        self, watch: RtpWatch, *, before_s: float, source: str, described: Callable[[], str]
    ) -> list[dict[str, Any]]:
        """Give what is new since the look at `before_s`, as fields of signals; times are monotonic seconds.

        `source` is where packets come from, `described` tells where the far end's description says it listens: asked
        only where that is told, for asking pjsua costs more than all counters together.
        """
        came = watch.packets > self.packets or (watch.packets < self.packets and watch.packets > 0)
        if came and not source and self.nameless_s is None:  # it counts a packet before it says that
            self.nameless_s = before_s
            return []
        if came and self.nameless_s is not None:
            before_s, self.nameless_s = self.nameless_s, None
        self.packets = watch.packets
        told: list[dict[str, Any]] = []
        if came:
            told += self._came(source, described)
        elif self.started and not self.stopped and watch.stopped(watch.looked_s):
            self.stopped = True
            told.append({"kind": RTP_STOPPED, "earliest_s": watch.arrived_s})
        elif not self.started and not self.absent and self._is_absent(watch.looked_s):
            self.absent = True
            told.append({"kind": RTP_ABSENT, "earliest_s": self.answered_s})
        return [{"earliest_s": before_s, "latest_s": watch.looked_s, "direction": "rx", **one} for one in told]

    def _came(self, source: str, described: Callable[[], str]) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = []
        if not self.started:
            told.append({"kind": RTP_STARTED, "reason": source, "headers": (("described", described()),)})
        elif self.stopped:
            told.append({"kind": RTP_RESUMED, "reason": source})
        known = self.source if self.started else described()
        if source and known and source != known:
            told.append({"kind": RTP_SOURCE, "reason": source, "headers": (("described", described()),)})
        self.started, self.stopped, self.source = True, False, source or self.source
        return told

    def _is_absent(self, now_s: float) -> bool:
        return self.answered_s is not None and now_s - self.answered_s > ABSENT_S
