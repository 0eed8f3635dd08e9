"""A year of an agency with 60 units and 1,000 calls: how long its papers take.

python -m harness.bench.papers            # the year's papers, and those of all its months, quarters and halves
python -m harness.bench.papers --pdf      # with PDF
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from harness.agency import Agency
from harness.bench.year import make_year
from harness.figures import span_of
from harness.papers.edition import edition_of
from harness.papers.gather import gather
from harness.papers.write import write_edition
from harness.store import open_store
from rubric.periods import Period

CALLS = 1000
TARGET_S = 60
MADE_ON = date(2027, 1, 10)
PERIODS: dict[Period, tuple[str, ...]] = {
    "year": ("2026",),
    "half_year": ("2026-H1", "2026-H2"),
    "quarter": tuple(f"2026-Q{n}" for n in range(1, 5)),
    "month": tuple(f"2026-{n:02d}" for n in range(1, 13)),
}


def report(*, pdf: bool) -> Iterator[str]:
    """Give a line for each kind of period, as it becomes known."""
    with tempfile.TemporaryDirectory() as folder:
        agency = make_year(Path(folder) / "agency", calls=CALLS, whole=True)
        for kind, periods in PERIODS.items():
            clock, process = time.perf_counter(), time.process_time()
            files = sum(_papers(kind, period, agency, Path(folder) / "papers", pdf=pdf) for period in periods)
            wall, cpu = time.perf_counter() - clock, time.process_time() - process
            took = f"{wall:.1f} s（CPU {cpu:.1f} s；目標 target {TARGET_S} s）"
            yield f"文書 papers，{kind} × {len(periods)}：{files} 檔 files，{took}"


def _papers(kind: Period, period: str, agency: Agency, folder: Path, *, pdf: bool) -> int:
    with open_store(agency.database) as store:
        known = gather(span_of(kind, period), agency=agency, store=store, today=MADE_ON)
    return len(write_edition(edition_of(known), known, folder, pdf=pdf, made_at=datetime.now(UTC)))


if __name__ == "__main__":
    for line in report(pdf="--pdf" in sys.argv):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
