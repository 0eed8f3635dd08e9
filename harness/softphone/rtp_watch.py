"""Where the far end's sound is missing: windows drawn from the stream's own counters (RFC 3550 §6.4)."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.softphone.playout_hole import PAUSE_S, PlayoutHole

FRAME_S = 0.020
"""One lost packet is 20 ms of sound, the ptime that we offer."""
PLAYOUT_S = 0.060
"""Longest way of a frame from its packet's arrival into the recording on a quiet line (measured)."""
STOPPED_S = PAUSE_S
"""No packet for so long, with none lost since: the far end sends nothing (RTP stopped, or DTX)."""

Window = tuple[float, float, int]


@dataclass(frozen=True)
class Sent:
    """What a leg sent, and what its far end says of that (RFC 3550 §6.4)."""

    sent: int
    """Packets sent."""
    reports: int
    """RTCP reports of the far end about them."""
    sent_lost: int
    """Those of them that, by its last report, it never got."""


@dataclass(frozen=True)
class Statistics:
    """RTP counters of a leg since its stream began (RFC 3550 §6.4)."""

    packets: int
    """Packets received."""
    lost: int
    """Packets that never came, by sequence number."""
    jitter_buffer_ms: int
    """Delay in the jitter buffer, ms: its mean so far and two deviations."""
    source: str = ""
    """Address that the packets come from, as `host:port`; empty before the first."""
    empty: int = 0
    """Frames that were to be played when the jitter buffer had none."""
    discarded: int = 0
    """Packets that the jitter buffer threw away, most of them because they came too late."""
    ours: Sent | None = None
    """What we sent, where it was asked for."""


@dataclass
class RtpWatch:
    """Compares counters between two looks, a few tens of milliseconds apart."""

    looked_s: float
    """When the counters were last read, seconds of the monotonic clock."""
    packets: int = 0
    lost: int = 0
    empty: int = 0
    discarded: int = 0
    source: str = ""
    jitter_buffer_ms: int = 0
    """Delay in the jitter buffer, the largest that was read."""
    arrived_s: float | None = None
    """When the packet count last rose; None before the first packet."""
    hole: PlayoutHole | None = None
    """The stretch without anything to play that lasts now."""
    _lost: list[Window] = field(default_factory=list)
    _unheard: list[Window] = field(default_factory=list)

    @property
    def windows(self) -> list[Window]:
        """Start and end (monotonic seconds) of sound that is missing, and the packets that were lost in it: none where
        they came too late, or our own stream was not there to take them. In order."""
        open_ = [self.hole.window] if self.hole is not None and self.hole.missing(self.looked_s, self.arrived_s) else []
        return sorted([*self._lost, *self._unheard, *open_])

    @property
    def unsettled_s(self) -> float | None:
        """Since when nobody knows yet whether sound is missing or the far end is silent; None: all is known."""
        undecided = self.hole is not None and self.hole.undecided(self.looked_s, self.arrived_s)
        return self.hole.since_s if self.hole is not None and undecided else None

    def look(self, now_s: float, counters: Statistics) -> list[Window]:
        """Take the counters as they are now; returns the windows that became known.

        A smaller count means that the stream was rebuilt.
        """
        self.jitter_buffer_ms = max(self.jitter_buffer_ms, counters.jitter_buffer_ms)
        seen = len(self._lost), len(self._unheard)
        if counters.packets < self.packets or counters.empty < self.empty:
            self._rebuilt()
        late = counters.discarded > self.discarded
        if counters.lost > self.lost:
            self._add(counters.lost - self.lost, now_s)
        elif counters.lost < self.lost:
            self._take_back(self.lost - counters.lost, late=late)
        self._follow_hole(now_s, counters)
        if counters.packets > self.packets:
            self.arrived_s = now_s
        self.packets, self.lost, self.looked_s = counters.packets, counters.lost, now_s
        self.empty, self.discarded = counters.empty, counters.discarded
        self.source = counters.source or self.source
        return [*self._lost[seen[0] :], *self._unheard[seen[1] :]]

    def _rebuilt(self) -> None:
        """An UPDATE, a fork or a 200 with another description: what comes meanwhile nobody hears."""
        if self.arrived_s is not None and not self.stopped(self.looked_s):
            since_s = self.looked_s if self.hole is None else self.hole.since_s
            self.hole = PlayoutHole(since_s, self.looked_s, ours=True)
        self.packets = self.lost = self.empty = self.discarded = 0

    def _follow_hole(self, now_s: float, counters: Statistics) -> None:
        """The jitter buffer counts each frame that it had to leave out."""
        if counters.empty > self.empty and self.hole is None and self.arrived_s is not None:
            self.hole = PlayoutHole(self.looked_s, now_s)
        if self.hole is None:
            return
        came = counters.packets - self.packets
        moved = bool(came and self.source and counters.source and counters.source != self.source)
        self.hole.look(self.looked_s, now_s, came=came, empty=counters.empty > self.empty, arrived_s=self.arrived_s)
        self.hole.ours |= moved  # packets of a new address are thrown away until it has proved itself
        if self.hole.over(now_s):
            if self.hole.missing(now_s, now_s):
                self._unheard.append(self.hole.window)
            self.hole = None

    def _add(self, count: int, now_s: float) -> None:
        # The gap is noticed when the packet behind it arrives, so it ends no later than that one's playout.
        start = max(self.looked_s - count * FRAME_S, self._lost[-1][1] if self._lost else 0.0)
        self._lost.append((min(start, now_s), now_s + PLAYOUT_S, count))

    def _take_back(self, count: int, *, late: bool) -> None:
        """Packets that counted as lost came after all, out of order: their windows shrink or go.

        What came too late to be played stays missing, though no packet is.
        """
        while count and self._lost:
            start, end, lost = self._lost.pop()
            if lost > count:
                self._lost.append((start, end, lost - count))
            elif late:
                self._unheard.append((start, end, 0))
            count = max(0, count - lost)

    def stopped(self, now_s: float) -> bool:
        """Whether packets came once and come no more."""
        return self.arrived_s is not None and now_s - self.arrived_s > STOPPED_S
