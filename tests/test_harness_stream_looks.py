"""The counters of many streams are read in turn, each as often as is promised, and nothing of one is told twice."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from harness.softphone import stream_looks
from harness.softphone.rtp_watch import Sent, Statistics
from harness.softphone.signals import RTP_STARTED
from harness.softphone.stream_looks import LOOK_MANY_S, LOOK_S, MANY_LEGS, SENT_S, StreamLooks

PACKET_S = 0.020


class Streams:
    """As many streams as are asked about, each a packet every 20 ms; some packets of some never come."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s, self.lost = 0.0, Counter[str]()
        self.read: list[tuple[float, str, bool]] = []
        self.events: list[dict[str, Any]] = []
        self.looks = StreamLooks(self, lambda **event: self.events.append(event))
        monkeypatch.setattr(stream_looks, "time", SimpleNamespace(monotonic=lambda: self.now_s))

    def statistics(self, leg_id: str, *, ours: bool = False) -> Statistics | None:
        self.read.append((self.now_s, leg_id, ours))
        sent = Sent(sent=len(self.read), reports=0, sent_lost=0) if ours else None
        packets = int(self.now_s / PACKET_S) - self.lost[leg_id]
        return Statistics(packets, self.lost[leg_id], 0, "far:1", 0, 0, sent)

    def described(self, leg_id: str) -> str:
        return "far:1"

    def go_on(self, seconds: float) -> None:
        until = self.now_s + seconds
        while self.now_s < until:
            self.now_s += self.looks.every_s
            self.looks.look(self.now_s)

    def of(self, leg: str, event: str) -> list[dict[str, Any]]:
        return [one for one in self.events if (one["leg"], one["event"]) == (leg, event)]


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> Streams:
    return Streams(monkeypatch)


def longest_s(at_s: list[float]) -> float:
    return max(after - before for before, after in pairwise([0.0, *at_s]))


def names(count: int) -> list[str]:
    return [f"leg-{n}" for n in range(count)]


@pytest.mark.parametrize(("count", "within_s"), [(1, 0.020), (4, 0.020), (8, 0.040), (9, 0.160), (16, 0.160)])
def test_each_stream_has_its_turn_within_so_long(streams: Streams, count: int, within_s: float) -> None:
    for leg in names(count):
        streams.looks.begin(leg, looked_s=0.0)
    assert streams.looks.every_s == (LOOK_MANY_S if count > MANY_LEGS else LOOK_S)
    streams.go_on(4.0)
    for leg in names(count):
        assert longest_s([at_s for at_s, read, _ in streams.read if read == leg]) <= within_s + 1e-9
        sent = [at_s for at_s, read, ours in streams.read if read == leg and ours]
        assert longest_s(sent) <= SENT_S + within_s + 1e-9
        assert len(sent) <= 4.0 / SENT_S + 1


@pytest.mark.parametrize("count", [1, 4, 8, 9, 16])
def test_a_lost_packet_is_told_once_in_a_window_that_holds_it(streams: Streams, count: int) -> None:
    for leg in names(count):
        streams.looks.begin(leg, looked_s=0.0)
    streams.go_on(1.0)
    lost_s, leg = streams.now_s, names(count)[-1]
    streams.lost[leg] += 1
    streams.go_on(1.0)
    (missing,) = streams.of(leg, "missing")
    assert missing["start_s"] <= lost_s + PACKET_S
    assert lost_s < missing["end_s"] < lost_s + 0.160 + 0.100
    assert [one["leg"] for one in streams.events if one["event"] == "missing"] == [leg]


def test_a_stream_that_is_over_is_told_of_once_and_read_no_more(streams: Streams) -> None:
    for leg in names(2):
        streams.looks.begin(leg, looked_s=0.0)
    streams.looks.answered("leg-0", 0.1)
    streams.go_on(1.0)
    streams.looks.end("leg-0")
    streams.looks.end("leg-0")
    read = len(streams.read)
    streams.go_on(1.0)
    assert {leg for _, leg, _ in streams.read[read:]} == {"leg-1"}
    (told,) = streams.of("leg-0", "rtp")
    assert (told["packets"], told["lost"], told["missing"]) == (50, 0, [])
    assert told["sent"] > 0
    assert [one["signal"]["kind"] for one in streams.of("leg-0", "signal")] == [RTP_STARTED]
