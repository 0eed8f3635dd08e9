"""Every kept call heard again: `thirdring rehear --all` at a button, call after call, with how far it has got."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.agency import load_agency
from harness.errors import NotFound, WrongInput
from harness.rehearing import NOT_HEARD, STATUSES, Rehearing, rehear
from harness.store import open_store
from harness.web.job import Job

LOOK_S = 0.5
"""Between two looks whether the calls that it stands back for are over."""
REST = 1.0
"""So many times as long as a call took it then rests: at most half a core."""
Note = Callable[[dict[str, int]], None]


@dataclass(frozen=True, kw_only=True)
class HeardAll:
    """What came of it."""

    counts: dict[str, int]
    """Calls by what came of them: changed, same, not_heard."""
    told: tuple[Rehearing, ...]
    """Those that are not the same."""
    stopped: bool
    """Whether somebody stopped it before its end."""


@dataclass(eq=False)
class HearAll:
    """The one job of a server."""

    job: Job[HeardAll] = field(default_factory=lambda: Job("rehear"))
    """Its work."""
    total: int = 0
    """Calls that are to be heard."""
    done: int = 0
    """Calls that were."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set to leave off after the call that is being heard."""

    def work(self, folder: Path, calls: Sequence[str], *, busy: Callable[[], bool], note: Note) -> HeardAll:
        """Hear them, stand back while calls are up (`busy`), and give `note` the counts at the end."""
        told, counts = list[Rehearing](), dict.fromkeys(STATUSES, 0)
        agency = load_agency(folder)
        with open_store(agency.database) as store:
            for call_id in calls:
                while busy() and not self.stop.wait(LOOK_S):
                    pass
                if self.stop.is_set():
                    break
                begin = time.thread_time()
                try:
                    one = rehear(call_id, agency, store)
                except (NotFound, WrongInput) as error:
                    one = Rehearing(call_id=call_id, status=NOT_HEARD, problem=error)
                counts[one.status] += 1
                told += [one] if one.numbers or one.points or one.problem else []
                self.done += 1
                self.stop.wait(REST * (time.thread_time() - begin))
        note(counts)
        return HeardAll(counts=counts, told=tuple(told), stopped=self.stop.is_set() and self.done < len(calls))
