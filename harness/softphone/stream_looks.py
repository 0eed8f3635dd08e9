"""When the counters of a process's streams are read, and what is told of each: missing sound, news, totals."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Protocol

from harness.softphone.rtp_news import RtpNews
from harness.softphone.rtp_watch import RtpWatch, Sent, Statistics
from harness.softphone.signals import SipSignal

LOOK_S = 0.020
"""How often the RTP counters are read, and how long is waited where the kernel stamps messages: there a spell need not
be short for a stamp to be narrow, and 333 of them a second cost more than a call's sound does."""
LOOKED_AT = 4
"""Streams whose counters are read at a look: of more than these each has its turn every second look, and what is
missing of it is told within a window that is so much wider. Reading all at every look cost twice what the library takes
for a call."""
MANY_LEGS, LOOK_MANY_S, LOOKED_AT_MANY = 8, 0.080, 8
"""With more legs than these it is looked a quarter as often, at twice as many streams: a loss among sixteen calls is
told within 160 ms."""
SENT_S = 0.2
"""How often it is read what a stream sent, which only a finished call tells."""


class Counters(Protocol):
    """Whoever counts the packets of each leg."""

    def statistics(self, leg_id: str, *, ours: bool = False) -> Statistics | None:
        """RTP counters of a leg, with those of what it sent if `ours`; None while it has no stream."""

    def described(self, leg_id: str) -> str:
        """Where the far end's description says that it wants to hear us; empty without a stream."""


class StreamLooks:
    """The streams of a process's legs, in turn."""

    def __init__(self, counters: Counters, send: Callable[..., None]) -> None:
        """`send` takes an event and its fields."""
        self._counters, self._send = counters, send
        self._watches: dict[str, RtpWatch] = {}
        self._news: dict[str, RtpNews] = {}
        self._sent: dict[str, tuple[float, Sent]] = {}

    @property
    def every_s(self) -> float:
        """From one look to the next."""
        return LOOK_MANY_S if self._many else LOOK_S

    @property
    def _many(self) -> bool:
        return len(self._watches) > MANY_LEGS

    def begin(self, leg: str, *, looked_s: float) -> None:
        """A leg is recorded from this instant on."""
        self._watches[leg], self._news[leg] = RtpWatch(looked_s=looked_s), RtpNews()

    def answered(self, leg: str, at_s: float) -> None:
        """A 2xx came to a leg's INVITE; the first counts."""
        news = self._news.get(leg)
        if news is not None and news.answered_s is None:
            news.answered_s = at_s

    def look(self, now_s: float) -> None:
        """Read the counters of the legs whose turn it is."""
        for leg in list(self._watches)[: LOOKED_AT_MANY if self._many else LOOKED_AT]:
            self._watches[leg] = self._watches.pop(leg)  # the others come first the next time
            self._look_at(leg, now_s)

    def _look_at(self, leg: str, now_s: float) -> None:
        ours = leg not in self._sent or now_s - self._sent[leg][0] >= SENT_S
        counters = self._counters.statistics(leg, ours=ours)
        if counters is None:
            return
        if counters.ours is not None:
            self._sent[leg] = now_s, counters.ours
        watch = self._watches[leg]
        before_s, unsettled_s = watch.looked_s, watch.unsettled_s
        for earliest, latest, packets in watch.look(time.monotonic(), counters):
            self._send(event="missing", leg=leg, start_s=earliest, end_s=latest, packets=packets)
        if watch.unsettled_s != unsettled_s:
            self._send(event="unsettled", leg=leg, since_s=watch.unsettled_s)
        self._tell_news(leg, before_s, counters.source)

    def _tell_news(self, leg: str, before_s: float, source: str) -> None:
        told = self._news[leg].look(
            self._watches[leg], before_s=before_s, source=source, described=lambda: self._counters.described(leg)
        )
        for values in told:
            self._send(event="signal", leg=leg, signal=SipSignal(**values).to_dict())

    def end(self, leg: str) -> None:
        """A leg is over: tell all that is known of its stream."""
        watch = self._watches.pop(leg, None)
        if watch is None:
            return
        sent = asdict(self._sent.pop(leg)[1]) if leg in self._sent else {}
        self._send(
            event="rtp",
            leg=leg,
            packets=watch.packets,
            lost=watch.lost,
            jitter_buffer_ms=watch.jitter_buffer_ms,
            last_packet_s=watch.arrived_s,
            missing=watch.windows,
            **sent,
        )
