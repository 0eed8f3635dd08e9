"""The demonstration on the terminal: one row a call, the truth beside each number, then what to open."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from harness.demo.calls import Row
from harness.demo.compare import Comparison
from harness.words import label, say
from rubric.sheet import to_dict as sheet_to_dict

SCHEMA = "thirdring.demo/1"
PLAIN_WIDTH = 180
TIMED = ("A1.1", "A2.1", "B1.1")
"""The form's timing items; what else the machine gave is only counted."""
COLUMNS = ("unit", "scenario", "outcome", "rings", "latency", "truth", "error", "points", "open")


def show_start(calls: int) -> None:
    """Say what is about to happen."""
    print(say("demo.start", calls=calls), file=sys.stderr)


@contextmanager
def show_progress(calls: int) -> Iterator[Callable[[Future[Any]], None]]:
    """Show on stderr how many calls are done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label("demo.calls"), total=calls)
        yield lambda _: progress.advance(task)


def show_table(rows: tuple[Row, ...], folder: Path, *, picture: Path | None) -> None:
    """Print one row a call; a call with several legs has a line for each. `picture`: an SVG of the same."""
    headings = (label(f"demo.{name}").replace(" ", "\n", 1) for name in COLUMNS)
    table = Table(*headings, box=None, padding=(0, 2, 0, 0))
    for row in rows:
        for index, leg in enumerate(row.legs):
            head = [f"{row.unit.unit} {row.unit.name}", row.test.record.scenario] if index == 0 else ["", ""]
            tail = [_points(row), _open(row)] if index == 0 else ["", ""]
            table.add_row(*(Text(cell) for cell in (*head, *_leg(leg, several=len(row.legs) > 1), *tail)))
    console = Console(file=sys.stdout, width=_width(), highlight=False, record=picture is not None)
    console.print(table)
    console.print("\n" + _verdict(rows), soft_wrap=True)
    if picture is not None:
        picture.write_text(_plain(console.export_svg(title="make demo")), encoding="utf-8")
    print(say("demo.where", folder=folder, page=_a_page(rows), recording=_a_recording(rows)))


def _width() -> int | None:
    """A terminal's own width; wide where there is none, so that a file has one line a row."""
    return None if sys.stdout.isatty() else PLAIN_WIDTH


def _plain(svg: str) -> str:
    """Take out the web fonts, nothing is fetched to look at a picture, and the lengths that squeeze wide characters."""
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return re.sub(r' textLength="[^"]*"', "", svg)


def show_json(rows: tuple[Row, ...], folder: Path) -> None:
    """Print the same as JSON."""
    calls = [
        {
            "unit": row.unit.unit,
            "call_id": row.test.record.call_id,
            "scenario": row.test.record.scenario,
            "right": row.right,
            "legs": [_leg_json(leg) for leg in row.legs],
            "sheet": sheet_to_dict(row.test.sheet),
        }
        for row in rows
    ]
    right = all(row.right for row in rows)
    print(json.dumps({"schema": SCHEMA, "folder": str(folder), "right": right, "calls": calls}, ensure_ascii=False))


def _leg(leg: Comparison, *, several: bool) -> list[str]:
    name = f"{label(f'leg.{leg.leg}')}: " if several else ""
    outcome = name + label(f"outcome.{leg.outcome}") + (" ?" if leg.provisional else "")
    if leg.outcome != leg.true_outcome:
        outcome += f" ≠ {label(f'outcome.{leg.true_outcome}')}"
    rings = "—" if leg.rings is None else "–".join(str(n) for n in dict.fromkeys(leg.rings))
    latency = "—" if leg.latency_s is None else f"{leg.latency_s.earliest:.3f}–{leg.latency_s.latest:.3f}"
    true = "—" if leg.true_latency_s is None else f"{leg.true_latency_s:.3f}"
    error = "—" if leg.error_ms is None else f"{leg.error_ms:+.1f}" + ("" if leg.right else " ✗")
    return [outcome, rings, latency, true, error]


def _points(row: Row) -> str:
    items = sheet_to_dict(row.test.sheet)["items"]
    given = {i["id"]: i["points"] for i in items if i["by"] == "machine" and i["points"] is not None}
    timed = " ".join(f"{name}={points}" for name, points in given.items() if name in TIMED)
    others = sum(name not in TIMED for name in given)
    return (timed + (f" +{others}" if others else "")).strip() or "—"


def _open(row: Row) -> str:
    """Items that wait for a person; those that this call could not test at all are counted apart."""
    sheet = row.test.sheet
    open_now = sum(item.status == "open" for item in sheet.items)
    apart = len(sheet.open) + len(sheet.untested) - open_now
    return f"{open_now} (+{apart})" if apart else str(open_now)


def _leg_json(leg: Comparison) -> dict[str, Any]:
    return {
        "leg": leg.leg,
        "outcome": leg.outcome,
        "true_outcome": leg.true_outcome,
        "rings": leg.rings,
        "true_rings": leg.true_rings,
        "answer_latency_s": None if leg.latency_s is None else leg.latency_s.to_dict(),
        "true_answer_latency_s": leg.true_latency_s,
        "error_ms": leg.error_ms,
        "provisional": leg.provisional,
        "right": leg.right,
    }


def _verdict(rows: tuple[Row, ...]) -> str:
    legs = [leg for row in rows for leg in row.legs]
    errors = sorted(abs(leg.error_ms) for leg in legs if leg.error_ms is not None)
    wrong = sum(not leg.right for leg in legs)
    worst = errors[-1] if errors else 0.0
    key = "demo.all_hold" if wrong == 0 else "demo.some_wrong"
    return say(key, legs=len(legs), calls=len(rows), wrong=wrong, worst=f"{worst:.1f}")


def _a_page(rows: tuple[Row, ...]) -> str:
    return next((str(row.test.page) for row in rows if row.test.page is not None and row.test.sheet.total), "") or next(
        (str(row.test.page) for row in rows if row.test.page is not None), "—"
    )


def _a_recording(rows: tuple[Row, ...]) -> str:
    return str(rows[0].test.recording)
