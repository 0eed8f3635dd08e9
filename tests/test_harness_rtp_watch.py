"""Windows of missing sound drawn from RTP counters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.softphone.rtp_watch import RtpWatch


def looked(*counters: tuple[int, int]) -> RtpWatch:
    watch = RtpWatch(looked_s=0.0)
    for n, (packets, lost) in enumerate(counters, start=1):
        watch.look(now_s=n * 0.02, packets=packets, lost=lost)
    return watch


def test_a_loss_is_a_window_around_the_packet_that_showed_it() -> None:
    (window,) = looked((1, 0), (2, 0), (3, 2)).windows
    start, end, packets = window
    assert packets == 2
    assert start <= 0.04 - 2 * 0.02 + 0.001
    assert end >= 0.06


def test_a_packet_that_came_late_takes_its_window_back() -> None:
    assert looked((1, 0), (2, 1), (4, 0)).windows == []
    assert [w[2] for w in looked((1, 0), (2, 3), (4, 2)).windows] == [2]


def test_a_stream_that_was_rebuilt_counts_anew() -> None:
    watch = looked((500, 4), (1, 0), (2, 1))
    assert [w[2] for w in watch.windows] == [4, 0, 1]


def test_what_came_while_a_stream_was_rebuilt_is_missing() -> None:
    watch = looked((500, 0), (501, 0), (0, 0), (0, 0), (2, 0))
    ((start, end, packets),) = watch.windows
    assert (start, packets) == (0.04, 0)
    assert end >= 0.10


def test_a_stream_that_was_silent_when_it_was_rebuilt_misses_nothing() -> None:
    assert looked((500, 0), *[(500, 0)] * 15, (0, 0), (2, 0)).windows == []


def test_packets_that_stop_are_noticed_and_none_at_all_is_no_stop() -> None:
    assert not looked().stopped(9.0)
    assert looked((1, 0)).stopped(0.5)
    assert not looked((1, 0)).stopped(0.1)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=80))
def test_windows_hold_as_many_packets_as_were_lost_and_never_overlap_backwards(steps: list[tuple[int, int]]) -> None:
    packets = lost = 0
    counters = []
    for came, gone in steps:
        packets, lost = packets + came + gone, lost + gone
        counters.append((packets, lost))
    watch = looked(*counters)
    assert sum(w[2] for w in watch.windows) == lost
    assert all(start <= end for start, end, _ in watch.windows)
    assert [w[0] for w in watch.windows] == sorted(w[0] for w in watch.windows)
