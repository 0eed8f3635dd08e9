"""A telephone of which no sound comes: silence, or gone? Asked in its dialog; virtual time, no traffic."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.assisted.own_folder import OLD_S, PREFIX, own_folder, sweep
from harness.assisted.silence import ANSWERS_S, ASK_S, DEAD_S, NEVER_S, Silence
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

LOOK_S = 0.1


def told(kind: str, status: int = 0) -> SipSignal:
    method = "OPTIONS" if kind == RESPONSE else ""
    return SipSignal(earliest_s=0.0, latest_s=0.0, kind=kind, direction="rx", status=status, method=method)


def gone_at(
    signals: dict[float, SipSignal], answers: Callable[[int], int | None], *, until_s: float = 120.0
) -> float | None:
    """When a telephone is given up that says `signals` at their seconds, and answers its n-th question with a status
    half a second later; None: within `until_s` never."""
    silence, to_come, asked = Silence(), dict(signals), list[float]()
    now = 0.0

    def ask() -> None:
        asked.append(now)
        status = answers(len(asked))
        if status is not None:
            to_come[now + 0.5] = told(RESPONSE, status)

    while now < until_s:
        for at in sorted(one for one in to_come if one <= now):
            silence.take(to_come.pop(at), now)
        if silence.gone(now, ask):
            return now
        now += LOOK_S
    return None


@pytest.mark.parametrize("kind", [RTP_STOPPED, HOLD, RESUME])
@pytest.mark.parametrize("status", [200, 405, 500, 401])
def test_who_saves_packets_and_answers_is_there_however_long_they_are_silent(kind: str, status: int) -> None:
    assert gone_at({0.5: told(RTP_STARTED), 9.0: told(kind)}, lambda _: status, until_s=900.0) is None


@pytest.mark.parametrize("kind", [RTP_STOPPED, RTP_ABSENT, HOLD])
def test_who_answers_nothing_is_gone_in_time_for_them_to_come_back(kind: str) -> None:
    gone = gone_at({9.0: told(kind)}, lambda _: None)
    assert gone == pytest.approx(9.0 + DEAD_S + ANSWERS_S, abs=0.5)


@pytest.mark.parametrize("status", [408, 481])
def test_who_knows_nothing_of_the_call_is_gone_at_once(status: int) -> None:
    assert gone_at({9.0: told(RTP_STOPPED)}, lambda _: status) == pytest.approx(9.0 + DEAD_S + 0.5, abs=0.4)


def test_who_falls_silent_answers_and_dies_later_is_found_out() -> None:
    gone = gone_at({9.0: told(RTP_STOPPED)}, lambda n: 200 if n < 4 else None)
    assert gone == pytest.approx(9.0 + DEAD_S + 3 * (ASK_S + 0.5) + ANSWERS_S, abs=1.5)


def test_who_has_sent_no_packet_at_all_is_not_there_for_ever_whatever_they_answer() -> None:
    assert gone_at({2.0: told(RTP_ABSENT)}, lambda _: 200) == pytest.approx(2.0 + NEVER_S, abs=0.5)
    assert gone_at({2.0: told(RTP_ABSENT), 15.0: told(RTP_STARTED)}, lambda _: 200, until_s=900.0) is None


def test_whose_sound_comes_again_meanwhile_is_there_though_the_answer_is_lost() -> None:
    assert gone_at({9.0: told(RTP_STOPPED), 14.0: told(RTP_RESUMED)}, lambda _: None) is None


@given(st.lists(st.tuples(st.floats(0, 60), st.sampled_from([RTP_STARTED, RTP_STOPPED, RTP_RESUMED])), max_size=8))
def test_nobody_is_given_up_sooner_than_one_question_has_had_its_time(news: list[tuple[float, str]]) -> None:
    gone = gone_at({at: told(kind) for at, kind in news}, lambda _: None)
    stopped = [at for at, kind in news if kind == RTP_STOPPED]
    assert gone is None or any(gone >= at + DEAD_S + ANSWERS_S - LOOK_S for at in stopped)


def test_what_a_process_that_was_killed_left_of_people_s_sound_is_taken_away_and_nothing_else(tmp_path: Path) -> None:
    mine, old, young, other = (
        tmp_path / name for name in (f"{PREFIX}{os.getpid()}-a", f"{PREFIX}old", f"{PREFIX}young", "thirdring-b")
    )
    ended = tmp_path / f"{PREFIX}{2**22 + 1}-c"  # above the kernel's highest process number
    again = tmp_path / f"{PREFIX}{os.getpid()}-d"  # of a process before, whose number is ours now
    aside = tmp_path / f"{PREFIX}aside"
    for path in (mine, old, young, other, ended, again):
        path.mkdir()
        (path / "one.far.wav").touch()
    aside.symlink_to(other)
    for path in (old, again):
        os.utime(path, (time.time() - 2 * OLD_S - 10**6,) * 2)
    assert sweep(tmp_path) == 3
    assert sorted(tmp_path.iterdir()) == sorted([mine, young, other, aside])
    assert list(other.iterdir())


def test_a_leg_s_folder_tells_whose_it_is() -> None:
    with own_folder() as made:
        assert Path(made).name.startswith(f"{PREFIX}{os.getpid()}-")
        sweep()
        assert Path(made).is_dir()
