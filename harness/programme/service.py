"""The programme on the real telephone: one process an agency, its lines' workers, and an orderly end."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness import clocks
from harness.agency import AGENCY_FILE
from harness.errors import EnvironmentFailed, NotFound, ThirdringError
from harness.lines import MOST_AT_ONCE
from harness.planned_call import TestCall
from harness.programme.alarm import Alarm, alarm
from harness.programme.attempts import attempted
from harness.programme.events import Event
from harness.programme.folder import Known
from harness.programme.month_plan import PlannedTest
from harness.programme.notify import Line, Messenger, Told
from harness.programme.running import Programme
from harness.programme.sound_due import SoundDue
from harness.redialling import Earlier, WallClock
from harness.telephones import Telephones
from harness.test_call import new_call_id
from harness.unit_titles import titles_of

if TYPE_CHECKING:
    from harness.cluster.address import Cluster
    from harness.cluster.head import Head

LOCK = ".run.lock"
"""Held by the process that runs the programme."""
LOOK_S = 5.0
"""Between two looks at the table."""


def serve(
    folder: Path,
    *,
    show: Callable[[Event, Told], None],
    line: Line,
    once: bool = False,
    cluster: Cluster | None = None,
) -> None:
    """Run an agency's programme until SIGTERM or SIGINT, or (`once`) until nothing is due now.

    Calls that are up are let to end. EnvironmentFailed when another process runs it already.

    Args:
        show: shows whoever looks on what happens.
        line: says what went wrong beside it.
        once: dial what is due now, then end.
        cluster: where the probes are that place the calls; None: this machine's own lines do.
    """
    with alarm() as bell:
        run_until(bell, folder, show=show, line=line, once=once, cluster=cluster)


def run_until(
    bell: Alarm,
    folder: Path,
    *,
    show: Callable[[Event, Told], None],
    line: Line,
    once: bool = False,
    cluster: Cluster | None = None,
) -> None:
    """The same in any thread, until the bell is told to stop."""
    with _alone(folder), ExitStack() as stack:
        telephones = _telephones(folder, cluster, line)
        stack.enter_context(telephones)
        workers = stack.enter_context(ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="call"))
        messenger = stack.enter_context(closing(Messenger(line)))

        def place(known: Known, test: PlannedTest, earlier: Earlier) -> TestCall:
            name = attempted(test.id, test.drawn)
            plan, new = known.plan(test.unit), new_call_id(clocks.now())
            return telephones.place(plan, known.agency, call_id=new, test_id=name, earlier=earlier)

        def tell(event: Event) -> None:
            known = programme.folder.known
            to = Told(
                agency=known.agency.settings.name,
                zone=known.agency.zone,
                settings=known.settings.notify,
                names=titles_of(known.agency.units),
            )
            show(event, to)
            messenger.tell(event, to)

        programme = Programme(folder, place=place, clock=WallClock(), workers=workers, tell=tell, landed=bell.ring)
        sound = SoundDue()

        def remind() -> None:
            due = None if programme.folder.wrong else sound.look(programme.folder.known, clocks.now())
            if due is not None:
                tell(due)

        _begin(programme, bell, once=once)
        _until(programme, bell, once=once, remind=remind)
        programme.end()


def runs(folder: Path) -> bool:
    """Whether some process runs an agency's programme now; asked of the kernel, for to try the lock is to take it."""
    try:
        inode = str((folder / LOCK).stat().st_ino)
        held = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return False
    return any(line.split()[1] == "FLOCK" and f":{inode} " in line for line in held if "->" not in line)


def _telephones(folder: Path, cluster: Cluster | None, line: Line) -> Telephones | Head:
    """What places the calls; both do it by the same name and with the same values."""
    if cluster is None:
        return Telephones(several=True)
    from harness.cluster.head import Head  # only here is Dask read

    return Head(folder, cluster, tell=line)


def _begin(programme: Programme, bell: Alarm, *, once: bool) -> None:
    """Begin, as soon as the database and the disk let it; nothing is dialled before."""
    while True:
        try:
            return programme.begin()
        except EnvironmentFailed as error:
            programme.tell_of(error)
            if bell.stopped or once:
                raise
        bell.wait(LOOK_S, due=None, calls=0)


def _until(programme: Programme, bell: Alarm, *, once: bool, remind: Callable[[], None]) -> None:
    """Look, and look again; after a stop only until the calls that are up are over and noted."""
    while True:
        due = None
        try:
            due = programme.look(dial=not bell.stopped)
            remind()
        except ThirdringError as error:  # a database in use, a full disk: it may be over at the next look
            programme.tell_of(error)
            if (bell.stopped or once) and not programme.in_the_air:
                raise
        if (bell.stopped or once) and not programme.flying:
            return
        bell.wait(LOOK_S, due=due, calls=programme.flying)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    if not (folder / AGENCY_FILE).is_file():
        raise NotFound("agency.not_found", folder=folder)
    try:
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise EnvironmentFailed("file.unwritable", file=LOCK, reason=error.strerror or "?") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise EnvironmentFailed("programme.runs_already", folder=str(folder)) from None
    finally:
        os.close(handle)
