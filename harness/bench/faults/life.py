"""A life of the programme in virtual time, and a child process that leads one and may be killed in it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import Any

from harness.bench.faults.agency import Moment, Noted, by
from harness.errors import EnvironmentFailed, ThirdringError
from harness.planned_call import TestCall
from harness.programme.attempts import attempted
from harness.programme.events import Event
from harness.programme.folder import Known
from harness.programme.month_plan import PlannedTest
from harness.programme.notify import said
from harness.programme.running import Programme
from harness.redialling import Earlier
from harness.test_call import new_call_id, run_call

ENOUGH = timedelta(minutes=55)
"""Every redial that a form or a fault of ours asks for is over then."""
STEP_S = 60.0
TROUBLE_S = 0.02
"""Of real time, for somebody else to let the database go."""
TOLD = "told"


class AtOnce:
    """Runs what is submitted in this thread."""

    def submit(self, call: Any, /, *values: Any, **named: Any) -> Future[Any]:
        """Run it now."""
        done: Future[Any] = Future()
        try:
            done.set_result(call(*values, **named))
        except Exception as error:
            done.set_exception(error)
        return done


def live(folder: Path, *, long: timedelta = ENOUGH, each: Callable[[int], None] = lambda _: None) -> None:
    """Run the programme so long from where its clock stands, as `thirdring run` does; what it tells is written down.

    `each` is called with the number of every look before it.
    """
    moment, phone = Moment(folder), Noted(folder)

    def place(known: Known, test: PlannedTest, earlier: Earlier) -> TestCall:
        name = attempted(test.id, test.drawn)
        headers = {"X-Attempt": f"{name}-{len(earlier) + 1}"}
        plan, new = known.plan(test.unit), new_call_id(moment.now())
        how: Any = {"call_id": new, "headers": headers, "test_id": name, "earlier": earlier}
        return run_call(plan, known.agency, phone, now=moment.now(), **how)

    def tell(event: Event) -> None:
        with told_file(folder).open("a", encoding="utf-8") as log:
            log.write(f"{event.what}\t{said(event)}\n".replace("\n", " ").strip() + "\n")

    with by(moment):
        programme = Programme(folder, place=place, clock=moment, workers=AtOnce(), tell=tell)  # type: ignore[arg-type]
        _patiently(programme, programme.begin)
        up_s = moment.clocks().up_s
        number = 0
        while moment.clocks().up_s < up_s + long.total_seconds():
            number += 1
            each(number)
            _patiently(programme, programme.look, tries=1)
            moment.sleep(STEP_S)


def _patiently(programme: Programme, do: Callable[[], object], *, tries: int = 500) -> None:
    for _ in range(tries):
        try:
            do()
            return
        except EnvironmentFailed as error:
            programme.tell_of(error)
            time.sleep(TROUBLE_S)
        except ThirdringError as error:
            programme.tell_of(error)
            return


def told_file(folder: Path) -> Path:
    """Where what was told stands; not on the disk that fails."""
    return folder.with_name(f"{folder.name}.{TOLD}")


def in_a_child(do: Callable[[], object]) -> int:
    """Do something in a process of its own; give the signal that ended it, 0 where it ended by itself."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            do()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    if status:
        raise RuntimeError(f"a child of the round ended with status {os.waitstatus_to_exitcode(status)}")
    return 0


def kill_me() -> None:
    """End this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)
