"""How many processes a telephone's calls are spread over, by what its library holds; no process is started."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.softphone import pool as pool_room
from harness.softphone.line import LEGS_PER_WORKER, MOST_LEGS_PER_WORKER, Line
from harness.softphone.pool import WorkerPool
from harness.softphone.sharing import processes_for

pytestmark = pytest.mark.waits


class Process:
    """Stands for a worker process of a library that holds so many calls."""

    def __init__(self, most_legs: int) -> None:
        self.most_legs, self._tells = 0, most_legs
        self.legs, self.alive, self.retired = 0, True, False

    def wait_ready(self) -> None:
        self.most_legs = self._tells

    def quit(self) -> None:
        self.alive = False


def started(holds: int, calls: int, *, spare: int = 0, cores: int = 2) -> int:
    """How many processes are started for so many calls."""
    begun: list[Process] = []

    def begin(*_: Any, **__: Any) -> Process:
        begun.append(Process(holds))
        return begun[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool_room, "WorkerProcess", begin)
        patch.setattr(pool_room, "processes_for", partial(processes_for, cores=cores))
        with WorkerPool(Line(), most_calls=calls, spare=spare) as pool:
            pool.warm_up()
    return len(begun)


@given(
    holds=st.sampled_from([LEGS_PER_WORKER, 5, 256]),
    calls=st.integers(1, 300),
    spare=st.integers(0, 1),
    cores=st.integers(2, 64),
)
def test_there_is_room_for_every_call_and_a_crash_costs_few(holds: int, calls: int, spare: int, cores: int) -> None:
    processes = started(holds, calls, spare=spare, cores=cores)
    most = min(holds, MOST_LEGS_PER_WORKER) - spare
    assert processes * most >= calls
    assert processes <= -(-calls // (LEGS_PER_WORKER - spare))
    assert holds > LEGS_PER_WORKER or processes == -(-calls // (LEGS_PER_WORKER - spare))
    assert processes >= min(cores, -(-calls // (LEGS_PER_WORKER - spare)))


def test_the_wheel_needs_a_process_for_each_four_calls_and_a_build_for_each_sixteen() -> None:
    assert [started(4, calls) for calls in (1, 4, 5, 150)] == [1, 1, 2, 38]
    assert [started(256, calls) for calls in (1, 4, 5, 8, 32, 33, 150)] == [1, 1, 2, 2, 2, 3, 10]
    assert [started(256, 30, spare=one) for one in (0, 1)] == [2, 2]
    assert [started(256, 32, spare=one) for one in (0, 1)] == [2, 3]
