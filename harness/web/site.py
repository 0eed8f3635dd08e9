"""What the server knows: its agency, how it is reached, and what it keeps in memory."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.agency import AGENCY_FILE, Agency, load_agency
from harness.assisted.browser.exchange import BrowserTelephones
from harness.assisted.live_calls import CALLS, LiveCalls
from harness.directory import UNITS_FILE
from harness.web.assisted_calls import AssistedCalls
from harness.web.by_unit import ByUnit
from harness.web.cells import Cells
from harness.web.counts import Counts
from harness.web.hear_all import HearAll
from harness.web.job import Job
from harness.web.making import Making
from harness.web.remembered import Remembered

if TYPE_CHECKING:
    from harness.doctor.finding import Report
    from harness.evidence.verify import Verdict
    from harness.programme.kept_to import KeptTo
    from harness.programme.month import Verdict as PlanVerdict
    from harness.prompts.suggest import Suggestion

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
Stamp = tuple[int, int]


def now_utc() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


@dataclass(eq=False)
class Site:
    """One server."""

    folder: Path
    """The agency's folder."""
    names: frozenset[str] = LOOPBACK_NAMES
    """Host names that it answers to; a request for another comes from a page of somebody else's (DNS rebinding)."""
    secure: bool = False
    """Whether browsers reach it by https."""
    proxy: str = ""
    """Address of the one reverse proxy that may ask; empty: no proxy."""
    metrics_token: str = ""
    """What /metrics wants; empty: there is no /metrics."""
    runs: bool = False
    """Whether the programme should run beside the pages: then they are not well without it."""
    clock: Callable[[], datetime] = now_utc
    """When it is, UTC."""
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the server goes down, so that open streams end."""
    counts: Counts = field(default_factory=Counts)
    """What /metrics tells of the pages."""
    making: Making = field(default_factory=Making)
    """Papers that are being made."""
    examining: Job[Report] = field(default_factory=lambda: Job("doctor"))
    """Machine and lines as they were looked at last."""
    verifying: Job[Verdict] = field(default_factory=lambda: Job("verify"))
    """What was kept, held against the chain of evidence."""
    suggesting: Job[tuple[tuple[Suggestion, ...], int]] = field(default_factory=lambda: Job("suggest"))
    """Recordings that no mark knows yet, and among how many calls they were looked for."""
    months: dict[str, Job[tuple[PlanVerdict, KeptTo]]] = field(default_factory=dict)
    """Months' plans as they were verified last, by month."""
    hearing_again: HearAll = field(default_factory=HearAll)
    """Every call heard again."""
    telephones: BrowserTelephones = field(default_factory=BrowserTelephones)
    """The browsers that are telephones."""
    calls: LiveCalls = field(default_factory=lambda: CALLS)
    """The calls that are up in this process."""
    assisted: AssistedCalls = field(default_factory=AssistedCalls)
    """Those that were begun on its pages."""
    remembered: Remembered = field(default_factory=Remembered)
    """What was reckoned from the database."""
    cells: Cells = field(default_factory=Cells)
    """Its figures by unit and month."""
    by_unit: ByUnit = field(default_factory=ByUnit)
    """What is followed up, by unit."""
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    """Signs what need not outlive the server."""
    _read: tuple[tuple[Stamp, ...], Agency] | None = None

    def agency(self) -> Agency:
        """The agency as its files are now; they are read again when they were changed."""
        stamps = tuple(_stamp(self.folder / name) for name in (AGENCY_FILE, UNITS_FILE))
        if self._read is None or self._read[0] != stamps:
            self._read = (stamps, load_agency(self.folder))
        return self._read[1]

    def files_now(self) -> tuple[tuple[str, Stamp], ...]:
        """Something that differs after every change of the files that results are reckoned with."""
        files = (self.folder / AGENCY_FILE, self.folder / UNITS_FILE, *sorted((self.folder / "forms").glob("*.toml")))
        return tuple((path.name, _stamp(path)) for path in files)

    def changed(self) -> tuple[Stamp, ...]:
        """Something that differs after every change of the database, the ledger, the files or the plan."""
        database = self.folder / "thirdring.db"
        files = (database, database.with_name("thirdring.db-wal"), self.folder / "ledger")
        return tuple(_stamp(path) for path in (*files, self.folder / AGENCY_FILE, self.folder / UNITS_FILE))


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
