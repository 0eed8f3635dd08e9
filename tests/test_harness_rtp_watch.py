"""Windows of missing sound drawn from RTP counters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.softphone.rtp_watch import RtpWatch, Statistics


def counted(packets: int, lost: int = 0, empty: int = 0, discarded: int = 0, source: str = "a") -> Statistics:
    return Statistics(packets, lost, 0, source, empty, discarded)


def looked(*counters: tuple[int, ...]) -> RtpWatch:
    """A watch that looked every 20 ms: packets, lost, frames that the jitter buffer had not, packets thrown away."""
    watch = RtpWatch(looked_s=0.0)
    for n, each in enumerate(counters, start=1):
        watch.look(n * 0.02, counted(*each))
    return watch


def flowing(count: int, packets: int = 0, empty: int = 0) -> list[tuple[int, ...]]:
    return [(packets + n, 0, empty) for n in range(1, count + 1)]


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
    assert packets == 0
    assert start <= 0.04
    assert end >= 0.10


def test_a_stream_that_was_silent_when_it_was_rebuilt_misses_nothing() -> None:
    assert looked((500, 0), *[(500, 0)] * 15, (0, 0), (2, 0)).windows == []


def test_packets_that_stop_are_noticed_and_none_at_all_is_no_stop() -> None:
    assert not looked().stopped(9.0)
    assert looked((1, 0)).stopped(0.5)
    assert not looked((1, 0)).stopped(0.1)


# --- what the jitter buffer had not ---------------------------------------------------------------------


def hole(pause: int, resumed: list[tuple[int, ...]]) -> list[tuple[float, float, int]]:
    """Ten packets, `pause` looks in which none comes and the buffer runs dry, and what comes then."""
    dry = [(10, 0, max(0, n - 2)) for n in range(1, pause + 1)]
    return looked(*flowing(10), *dry, *resumed).windows


def test_a_jitter_buffer_that_ran_dry_while_packets_came_misses_sound() -> None:
    """It fills up anew and plays nothing meanwhile, though none of it is silence."""
    filling = [(10 + n, 0, n) for n in range(1, 8)]
    ((start, end, packets),) = looked(*flowing(10), *filling, *flowing(5, 17, 7)).windows
    assert packets == 0
    assert start <= 0.20
    assert 0.34 <= end <= 0.45


def test_a_far_end_that_sends_no_silence_is_silent() -> None:
    """Voice activity detection: the packets stop, and go on at their pace."""
    resumed = [(10 + n, 0, 8 + min(n, 2)) for n in range(1, 10)]
    assert hole(10, resumed) == []
    assert len(hole(4, resumed)) == 1  # no far end saves a packet or three


def test_packets_that_were_held_up_and_come_at_once_are_missing() -> None:
    held_up = [(20 + n, 0, 8 + min(n, 2)) for n in range(1, 10)]
    assert len(hole(10, held_up)) == 1
    in_gulps = [(14, 0, 9), (18, 0, 10), *[(20 + n, 0, 10) for n in range(3, 10)]]
    assert len(hole(10, in_gulps)) == 1


def test_packets_that_are_not_trusted_yet_are_missing() -> None:
    """The far end moved to another address: the first ten packets from there are thrown away."""
    moved = [(10 + n, 0, 8 + min(n, 2), 0, "b") for n in range(1, 10)]
    assert len(hole(10, moved)) == 1
    rebuilt = [(1, 0, 0), *[(1, 0, n) for n in range(1, 11)], *[(1 + n, 0, 10) for n in range(1, 9)]]
    ((start, end, _),) = looked(*flowing(10), *rebuilt).windows
    assert start <= 0.20
    assert end >= 0.42


def test_a_stream_that_is_set_up_and_stays_silent_is_silent() -> None:
    rebuilt = [(0, 0, n) for n in range(1, 100)]
    ((start, end, _),) = looked(*flowing(10), *rebuilt).windows
    assert start <= 0.20
    assert end < 1.0


def test_a_packet_that_came_too_late_to_be_played_stays_missing() -> None:
    assert [w[2] for w in looked((1, 0), (2, 1), (4, 0, 0, 1)).windows] == [0]


def test_what_is_not_settled_yet_is_said_so() -> None:
    watch = looked(*flowing(10), (11, 0, 1), (12, 0, 2))
    assert watch.unsettled_s == 0.2
    watch.look(0.32, counted(13, 0, 2))
    assert watch.unsettled_s is None
    assert looked(*flowing(10), *[(10, 0, n) for n in range(20)]).unsettled_s is None
    assert looked(*[(0, 0, n) for n in range(20)]).unsettled_s is None  # nothing has come yet


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


@given(st.lists(st.integers(0, 3), min_size=8, max_size=60), st.integers(2, 4))
def test_whoever_looks_less_often_calls_no_less_sound_missing(lost, every):
    seldom = RtpWatch(looked_s=0.0)
    counters = [(n, sum(lost[:n])) for n in range(1, len(lost) + 1)]
    for n, each in enumerate(counters, start=1):
        if n % every == 0 or n == len(counters):
            seldom.look(n * 0.02, counted(*each))
    for start, end, _ in looked(*counters).windows:
        told = [one for one in seldom.windows if one[0] <= end and one[1] >= start]
        assert min(one[0] for one in told) <= start + 1e-9
        assert max(one[1] for one in told) >= end - 1e-9
    assert sum(one[2] for one in seldom.windows) == sum(lost)
