"""Places the demonstration's calls, several at once, and lays what was measured beside the truth."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.agency import Agency, load_agency
from harness.demo.compare import Comparison, compare
from harness.demo.folder import ANSWERS, SCRIPT, clear_folder, write_agency
from harness.directory import Unit
from harness.errors import BELOW_STANDARD, DONE, FactsError
from harness.lines import softphone_line
from harness.planned_call import Plan, TestCall
from harness.softphone.line import LEGS_PER_WORKER
from harness.softphone.pool import WorkerPool
from harness.switchboard.serve import EmbeddedAgency
from harness.switchboard.truth import read_truth
from harness.test_call import plan_call, run_call
from harness.toml_file import read_json

ANSWERED_BY_SAMPLE = "d203"
"""The unit whose sheet is filled with the sample answers."""


@dataclass(frozen=True)
class Row:
    """One call of the demonstration."""

    unit: Unit
    """Who was called."""
    test: TestCall
    """What was measured."""
    legs: tuple[Comparison, ...]
    """Each leg beside its truth."""

    @property
    def right(self) -> bool:
        """Whether every interval holds its truth."""
        return all(leg.right for leg in self.legs)


def demonstrate(folder: Path, *, as_json: bool, picture: Path | None) -> int:
    """Run the demonstration and print it; 0 only if every measured interval holds the truth."""
    from harness.demo.show import show_json, show_start, show_table

    clear_folder(folder)
    truth = folder / "truth.jsonl"
    truth.touch()
    with EmbeddedAgency(SCRIPT, truth=truth) as embedded:
        write_agency(folder, embedded.addresses)
        agency = load_agency(folder)
        show_start(len(agency.units))
        tests = _call_all(agency)
    log = read_truth(truth)
    rows = tuple(
        Row(unit, test, compare(test.record, test.measured, log.get(test.record.sip_call_id, [])))
        for unit, test in tests
    )
    if as_json:
        show_json(rows, folder)
    else:
        show_table(rows, folder, picture=picture)
    return DONE if all(row.right for row in rows) else BELOW_STANDARD


def _call_all(agency: Agency) -> list[tuple[Unit, TestCall]]:
    """Place all calls, at most four at once on a line; units.csv lists the longest first."""
    from harness.demo.show import show_progress

    plans = [plan_call(unit.unit, agency, said=_said(unit, agency)) for unit in agency.units]
    with _telephones(agency) as (pools, lines), show_progress(len(plans)) as tick:
        placed: list[Future[TestCall]] = []
        for plan in plans:
            line = line_of(plan, agency)
            placed.append(lines[line].submit(run_call, plan, agency, pools[line], now=datetime.now(UTC)))
            placed[-1].add_done_callback(tick)
        return [(plan.unit, one.result()) for plan, one in zip(plans, placed, strict=True)]


def line_of(plan: Plan, agency: Agency) -> str:
    """Id of the line that a planned call goes out on: the switchboard's own, else the unit's."""
    site = agency.site(plan.unit.site) if plan.to == "switchboard" else None
    return agency.line((site.line if site else None) or plan.unit.line).id


def _said(unit: Unit, agency: Agency) -> dict[str, Any] | None:
    if unit.unit != ANSWERED_BY_SAMPLE:
        return None
    return read_json(agency.folder / ANSWERS, fault=FactsError)


@contextmanager
def _telephones(agency: Agency) -> Iterator[tuple[dict[str, WorkerPool], dict[str, ThreadPoolExecutor]]]:
    """A telephone and as many threads as it has legs, for each line."""
    with ExitStack() as stack:
        pools, lines = {}, {}
        for settings in agency.settings.lines:
            line = softphone_line(settings, folder=agency.folder)
            pools[line.id] = stack.enter_context(WorkerPool(line, most_calls=LEGS_PER_WORKER))
            lines[line.id] = stack.enter_context(ThreadPoolExecutor(LEGS_PER_WORKER))
        for pool in pools.values():
            pool.warm_up()
        yield pools, lines
