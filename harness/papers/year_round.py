"""All papers of a year: its months, quarters, halves and itself, made side by side by as many processes as cores."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.agency import load_agency
from harness.errors import WrongInput
from harness.figures import span_of
from harness.papers.edition import edition_of
from harness.papers.gather import gather
from harness.papers.write import write_edition
from harness.store import open_store
from rubric.periods import Period

MOST_PROCESSES = 8
PARTS: dict[Period, tuple[str, ...]] = {
    "year": ("",),
    "half_year": ("-H1", "-H2"),
    "quarter": tuple(f"-Q{n}" for n in range(1, 5)),
    "month": tuple(f"-{n:02d}" for n in range(1, 13)),
}
"""What follows the year in the names of its periods, the longest first: it takes longest."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One edition to be made, by whichever process is free."""

    agency: Path
    """The agency's folder."""
    kind: Period
    """month, quarter, half_year or year."""
    period: str
    """Its name."""
    folder: Path
    """Where its papers go."""
    pdf: bool
    """Whether PDF is made."""
    overwrite: bool
    """Whether papers that are there are replaced."""
    lang: str
    """Their language."""
    made_at: datetime
    """When they are made."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """What came of one."""

    period: str
    """The period."""
    files: tuple[str, ...] = ()
    """The files written."""
    calls: int = 0
    """Calls that count; none: there is nothing to write of."""
    unsettled: int = 0
    """Those of them whose results are in no figure yet, because somebody may still object or does."""
    there: bool = False
    """Papers of it are there already, perhaps changed by hand: all of them were left alone."""


def jobs_of(year: str, **common: object) -> tuple[Job, ...]:
    """The editions of a year ("2026")."""
    return tuple(
        Job(kind=kind, period=f"{year}{part}", **common)  # type: ignore[arg-type]
        for kind, parts in PARTS.items()
        for part in parts
    )


def make_all(jobs: tuple[Job, ...], *, processes: int | None = None, tick: Callable[[Made], None]) -> tuple[Made, ...]:
    """Make every edition and give what came of each, in the order of `jobs`; `tick` is told of each when it is done."""
    wanted = min(processes or cores(), MOST_PROCESSES, len(jobs))
    made = {}
    for one in _one_by_one(jobs) if wanted == 1 else _side_by_side(jobs, wanted):
        tick(one)
        made[one.period] = one
    return tuple(made[job.period] for job in jobs)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def make_edition(job: Job) -> Made:
    """Make one."""
    agency = load_agency(job.agency)
    today = job.made_at.astimezone(agency.zone).date()
    with open_store(agency.database) as store:
        known = gather(span_of(job.kind, job.period), agency=agency, store=store, today=today, lang=job.lang)
    calls = known.calls
    if not calls:
        return Made(period=job.period)
    told: dict[str, Any] = {"period": job.period, "calls": calls, "unsettled": len(known.unsettled)}
    options = {"pdf": job.pdf, "made_at": job.made_at, "overwrite": job.overwrite}
    try:
        files = write_edition(edition_of(known), known, job.folder, **options)  # type: ignore[arg-type]
    except WrongInput as wrong:
        if wrong.key != "report.exists":
            raise
        return Made(**told, there=True)
    return Made(**told, files=tuple(map(str, files)))


def _one_by_one(jobs: tuple[Job, ...]) -> Iterator[Made]:
    yield from map(make_edition, jobs)


def _one_thread() -> None:
    """Typst sets with a thread a core; where every core has its process already they only wait for each other."""
    os.environ["RAYON_NUM_THREADS"] = "1"


def _side_by_side(jobs: tuple[Job, ...], processes: int) -> Iterator[Made]:
    # Spawned, not forked: what sets and draws has threads of its own, and those do not survive a fork.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn, initializer=_one_thread) as pool:
        waiting = [pool.submit(make_edition, job) for job in jobs]
        try:
            for done in as_completed(waiting):
                yield done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
