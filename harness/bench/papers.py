"""A year of an agency with 60 units and 1,000 calls: how long all its papers take, nineteen editions with PDF.

python -m harness.bench.papers            # on every core
python -m harness.bench.papers --one      # in one process, an edition after the other, each with its time
python -m harness.bench.papers --no-pdf   # without PDF
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from harness.bench.year import make_year
from harness.papers.year_round import Made, cores, jobs_of, make_all

CALLS = 1000
TARGET_S = 60
MADE_AT = datetime(2027, 1, 10, 1, tzinfo=UTC)


def report(*, pdf: bool, one: bool) -> str:
    """Make them all and give the line that says how long it took."""
    with tempfile.TemporaryDirectory() as folder:
        agency = make_year(Path(folder) / "agency", calls=CALLS, whole=True)
        common = {"agency": agency.folder, "folder": Path(folder) / "papers", "lang": "zh", "overwrite": False}
        jobs = jobs_of("2026", **common, pdf=pdf, made_at=MADE_AT)
        clock, process = time.perf_counter(), _cpu_s()
        made = make_all(jobs, processes=1 if one else None, tick=_tell)
        wall, cpu = time.perf_counter() - clock, _cpu_s() - process
        files = sum(len(edition.files) for edition in made)
        processes = 1 if one else min(cores(), len(jobs))
        took = f"{wall:.1f} s（CPU {cpu:.1f} s；目標 target {TARGET_S} s, 2 cores）"
        return f"文書 papers，{len(made)} 期 editions：{files} 檔 files，{processes} 行程 processes，{took}"


def _tell(edition: Made) -> None:
    sys.stderr.write(f"{edition.period}  {len(edition.files)}\n")


def _cpu_s() -> float:
    """CPU of this process and of those that it waited for."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    sys.stdout.write(f"{report(pdf='--no-pdf' not in sys.argv, one='--one' in sys.argv)}\n")
