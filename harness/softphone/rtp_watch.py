"""Where the far end's sound is missing: windows drawn from the stream's own counters (RFC 3550 §6.4)."""

from __future__ import annotations

from dataclasses import dataclass, field

FRAME_S = 0.020
"""One lost packet is 20 ms of sound, the ptime that we offer."""
PLAYOUT_S = 0.060
"""Longest way of a frame from its packet's arrival into the recording on a quiet line (measured)."""
STOPPED_S = 0.200
"""No packet for so long, with none lost since: the far end sends nothing (RTP stopped, or DTX)."""


@dataclass(frozen=True)
class Statistics:
    """RTP counters of a leg since its stream began (RFC 3550 §6.4)."""

    packets: int
    """Packets received."""
    lost: int
    """Packets that never came, by sequence number."""
    reordered: int
    """Packets that came out of order."""
    duplicated: int
    """Packets that came twice."""
    jitter_buffer_ms: int
    """Delay in the jitter buffer, ms: its mean so far and two deviations."""
    sent: int
    """Packets sent."""
    reports: int
    """RTCP reports of the far end about what we sent."""
    sent_lost: int
    """Packets of ours that, by its last report, it never got."""
    source: str = ""
    """Address that the packets come from, as `host:port`; empty before the first."""


@dataclass
class RtpWatch:
    """Compares counters between two looks, a few tens of milliseconds apart."""

    looked_s: float
    """When the counters were last read, seconds of the monotonic clock."""
    packets: int = 0
    lost: int = 0
    jitter_buffer_ms: int = 0
    """Delay in the jitter buffer, the largest that was read."""
    arrived_s: float | None = None
    """When the packet count last rose; None before the first packet."""
    rebuilt_s: float | None = None
    """When sound was last known to come before its stream was set up anew; None once it comes again."""
    windows: list[tuple[float, float, int]] = field(default_factory=list)
    """Start and end (monotonic seconds) of sound that is missing, and the packets that were lost in it: none where
    our own stream was not there to take them."""

    def look(self, *, now_s: float, packets: int, lost: int, jitter_buffer_ms: int = 0) -> None:
        """Take the counters as they are now; a smaller count means that the stream was rebuilt."""
        self.jitter_buffer_ms = max(self.jitter_buffer_ms, jitter_buffer_ms)
        if packets < self.packets:
            # An UPDATE, a fork or a 200 with another description: what comes meanwhile nobody hears.
            self.rebuilt_s = None if self.stopped(self.looked_s) else self.looked_s
            self.packets = self.lost = 0
        if lost > self.lost:
            self._add(lost - self.lost, now_s)
        elif lost < self.lost:
            self._take_back(self.lost - lost)
        if packets > self.packets:
            if self.rebuilt_s is not None:
                self.windows.append((self.rebuilt_s, now_s + PLAYOUT_S, 0))
            self.arrived_s, self.rebuilt_s = now_s, None
        self.packets, self.lost, self.looked_s = packets, lost, now_s

    def _add(self, count: int, now_s: float) -> None:
        # The gap is noticed when the packet behind it arrives, so it ends no later than that one's playout.
        start = max(self.looked_s - count * FRAME_S, self.windows[-1][1] if self.windows else 0.0)
        self.windows.append((min(start, now_s), now_s + PLAYOUT_S, count))

    def _take_back(self, count: int) -> None:
        """Packets that counted as lost came after all, out of order: their windows shrink or go."""
        while count and self.windows and self.windows[-1][2]:
            start, end, lost = self.windows.pop()
            if lost > count:
                self.windows.append((start, end, lost - count))
            count = max(0, count - lost)

    def stopped(self, now_s: float) -> bool:
        """Whether packets came once and come no more."""
        return self.arrived_s is not None and now_s - self.arrived_s > STOPPED_S
