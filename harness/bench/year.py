"""A year of 100,000 sheets in a real database: how long its figures take, and how much memory.

python -m harness.bench.year            # make the database, then measure in a process of its own
python -m harness.bench.year --whole    # every call with its whole sheet in the database, too: slow, 2 GB of disk
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from harness.agency import Agency, load_agency
from harness.figures import figures_of, span_of
from harness.kept_sheet import figures_row
from harness.new_agency import make_agency
from harness.scoring import find_form, frozen, score_said
from harness.store import open_store
from rubric.sheet import to_dict

CALLS = 100_000
UNITS = 60
DIFFERENT = 600
"""Different sheets, each used many times over: as in a year, lines repeat and whole sheets seldom do."""
FIRST = date(2026, 1, 1)
MEGABYTE = 1024  # of ru_maxrss, which Linux counts in kilobytes


def make_year(
    folder: Path,
    *,
    calls: int = CALLS,
    whole: bool = False,
    seed: int = 1,
    like: Callable[[Agency], dict[str, Any]] | None = None,
) -> Agency:
    """Make an agency with a year of calls; `whole`: the sheets too, not only what figures read.

    `like` gives the `record` and the `measured` that every call then has.
    """
    make_agency(folder)
    units = "".join(f"u{n},單位 {n},02270{n:05d},{200 + n},{'甲組' if n % 2 else '乙組'}\n" for n in range(UNITS))
    (folder / "units.csv").write_text(f"unit,name,number,extension,group\n{units}", encoding="utf-8")
    agency = load_agency(folder)
    same: dict[str, Any] = {"record": {}} if like is None else like(agency)
    draw = random.Random(seed)
    sheets = list(_sheets(draw))
    form = find_form("keelung-102")
    with open_store(agency.database) as store, store.writing():
        store.forms.freeze(frozen(form))
        for n in range(calls):
            facts, sheet = draw.choice(sheets)
            row = _call(n, draw)
            store.add_call(row, **same)
            small = figures_row(sheet, row, agency)
            if whole:
                made_at = datetime.fromisoformat(row["started_at"])  # or nothing of it may be in a paper yet
                store.add_sheet(row["call_id"], sheet, facts=facts, row=small, now=made_at)
            else:
                store.rows.put(row["call_id"], small, sheet=sheet)
    return agency


def _call(n: int, draw: random.Random) -> dict[str, Any]:
    unit = draw.randrange(UNITS)
    moment = datetime.fromisoformat("2026-01-01T02:00:00+00:00") + timedelta(days=draw.randrange(365), seconds=n % 9999)
    call = {"call_id": f"c{n:06d}", "unit": f"u{unit}", "number": f"02270{unit:05d}", "scenario": "extension-direct"}
    return call | {"started_at": moment.isoformat(), "outcome": "answered", "series": "internal"}


def _sheets(draw: random.Random) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    form = find_form("keelung-102")
    for _ in range(DIFFERENT):
        facts, answers = _facts(draw), _answers(draw)
        yield facts, to_dict(score_said(form, facts, answers, on=FIRST))


def _facts(draw: random.Random) -> dict[str, Any]:
    def leg() -> dict[str, Any]:
        rings = draw.randint(1, 9)
        return {"outcome": "answered", "rings": rings, "answer_latency_s": 3.0 * rings - 1}

    legs = {name: leg() for name in ("ivr", "operator", "unit")}
    known = {"has_ivr": True, "transferred": True, "answerer_role": "owner", "caller_hung_up_first": True}
    return {**known, "waited_s": 6.0, "legs": legs}


def _answers(draw: random.Random) -> dict[str, Any]:
    checks = {f"A3.{n}": draw.random() < 0.9 for n in (1, 2, 3, 4, 6)}
    options = {key: str(draw.randint(1, 2)) for key in ("A1.2", "A1.3", "A1.4", "A3.5", "A3.8")}
    ticks = {name: draw.random() < 0.8 for name in ("unit", "name", "greeting")}
    return {
        **checks,
        **options,
        "B2.1": ticks,
        "B2.2": {"courteous_ending": draw.random() < 0.9},
        "B2.3": {"option": "1", "points": draw.randint(8, 10)},
        "B3.甲": {"option": "1", "points": draw.randint(12, 15)},
        "accuracy": {"asked": 2, "correct": draw.randint(0, 2)},
        "header": {"answerer_surname": draw.choice("陳林黃張李王吳劉蔡楊")},
    }


def measure(folder: Path) -> dict[str, float]:
    """Make the year's figures; seconds of this process's time and of the clock, and its greatest size."""
    agency = load_agency(folder)
    clock, process = time.perf_counter(), time.process_time()
    with open_store(agency.database) as store:
        told = figures_of(span_of("year", "2026"), agency=agency, store=store)
    text = json.dumps(told, ensure_ascii=False)
    return {
        "calls": told["calls"],
        "json_kb": round(len(text) / 1000),
        "wall_s": round(time.perf_counter() - clock, 2),
        "cpu_s": round(time.process_time() - process, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE),
    }


def report(*, whole: bool = False) -> str:
    """Make a year in a temporary folder and measure it in a process of its own, so that the size is its own."""
    with tempfile.TemporaryDirectory() as folder:
        agency = make_year(Path(folder) / "agency", whole=whole)
        size = agency.database.stat().st_size / 1e6
        asked = [sys.executable, "-m", "harness.bench.year", "--measure", str(agency.folder)]
        found = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
    return (
        f"統計 figures：{found['calls']:,} 張量表一年 sheets of a year，資料庫 database {size:,.0f} MB："
        f"{found['wall_s']} s（CPU {found['cpu_s']} s），{found['peak_mb']} MB"
    )


if __name__ == "__main__":
    if "--measure" in sys.argv:
        sys.stdout.write(json.dumps(measure(Path(sys.argv[-1]))))
    else:
        sys.stdout.write(f"{report(whole='--whole' in sys.argv)}\n")
