"""What many ask for, reckoned in the background after each change, so that whoever comes next finds it there.

Nothing here decides what is shown: a page asks `harness.web.reckoned` as ever, which takes what is kept only where its
state is that of this moment, and reckons where it is not.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from harness.errors import ThirdringError
from harness.figures import fill_rows, span_of
from harness.programme.settings import PROGRAMME_FILE, read_programme
from harness.store import Store, open_store
from harness.web.reckoned import YEAR, deficiencies_now, figures_without, remembering
from harness.web.site import Site
from rubric.periods import Period, days_of, period_of

LOOK_S = 0.3
"""Between two looks whether something changed: eight files' times, no database."""
BURST_S = 0.4
"""From a change until it is reckoned with: what else changes in that time is reckoned together with it."""
REST = 2.0
"""So many times as long as it worked it then rests: at most a third of a core, however often things change."""
KINDS: tuple[Period, ...] = ("quarter", "month", "year")
"""Of today, in the order in which people ask for them: units, reports, a whole year."""
_log = logging.getLogger(__name__)


class Ahead:
    """One server's thread that reckons ahead.

    It stands back for calls that are up, whose sound this process handles. Its priority is the process's own: one that
    is pushed aside while it holds the interpreter's lock would hold up every other thread with it.
    """

    def __init__(self, site: Site) -> None:
        self._site, self._over = site, threading.Event()
        self._reckoned: object = None
        self._thread = threading.Thread(target=self._run, name="ahead", daemon=True)

    def start(self) -> None:
        """Begin; what is there already is reckoned first."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Leave off after what is being reckoned, and return then or after so long."""
        self._over.set()
        self._thread.join(timeout_s)

    def up_to_date(self) -> bool:
        """Whether nothing changed since what the last turn reckoned with."""
        return self._reckoned == self._state()

    def turn(self) -> bool:
        """Reckon what is not there yet; False where it left off for a call, or for the end."""
        state = self._state()  # before anything is read: what changes from now on calls for another turn
        try:
            with open_store(self._site.folder / "thirdring.db") as store:
                for reckon in _shared(self._site, store):
                    if self._over.is_set() or self._site.calls.up():
                        return False
                    reckon()
        except ThirdringError as error:  # a file with a mistake in it: the pages say so, and it is mended some day
            _log.info("nothing reckoned ahead: %s", error.sentence())
        except Exception:
            _log.exception("reckoning ahead")
        self._reckoned = state
        return True

    def _run(self) -> None:
        while not self._over.wait(LOOK_S):
            if self.up_to_date() or self._site.calls.up() or self._over.wait(BURST_S):
                continue
            begin = time.thread_time()
            self.turn()
            self._over.wait(REST * (time.thread_time() - begin))

    def _state(self) -> object:
        """Something that differs after every change of the database, of the agency's files or of the day."""
        site = self._site
        now = site.clock()
        quarter = now.replace(
            minute=now.minute // 15 * 15, second=0, microsecond=0
        )  # in every zone a day begins at one
        return site.changed(), site.files_now(), _written_ns(site.folder / PROGRAMME_FILE), quarter


def _written_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _shared(site: Site, store: Store) -> Iterator[Callable[[], Any]]:
    """What does not depend on who asks, the most wanted first."""
    agency = site.agency()
    today = site.clock().astimezone(agency.zone).date()
    yield partial(fill_rows, agency, store)  # before anything is read: what it adds would change what is reckoned
    figures = (partial(figures_without, site, store, span_of(kind, period_of(today, kind))) for kind in KINDS)
    yield next(figures)
    yield partial(deficiencies_now, site, store)
    yield from figures
    for first in _firsts(today):  # as the rules of a month ask who waits for a re-test
        rules = read_programme(agency.folder).improvement
        yield partial(remembering(site), agency, store, rules, today=first, since=first - YEAR)


def _firsts(today: date) -> tuple[date, date]:
    """The first day of this month, and of the next."""
    first, last = days_of(period_of(today, "month"))
    return first, last + timedelta(days=1)
