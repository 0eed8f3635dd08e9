"""What an agency's monitoring reads (Prometheus' text): counts and times only, nobody's name and no number."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from math import ceil

from harness.agency import Agency
from harness.ledger import claims
from harness.programme.service import runs
from harness.redial import VOID
from harness.store import Store

NEWEST = 200
"""Calls whose measuring is looked at."""
DAY = timedelta(hours=24)
Sample = tuple[dict[str, str], float]


def gauges(agency: Agency, store: Store, *, now: datetime) -> list[str]:
    """Every gauge; one that cannot be known is absent, never zero."""
    found: list[str] = []
    for name, samples in _all(agency, store, now):
        lines = [f"thirdring_{name}{_labels(labels)} {value:g}" for labels, value in samples]
        found += [f"# TYPE thirdring_{name} gauge", *lines] if lines else []
    return found


def _all(agency: Agency, store: Store, now: datetime) -> Iterator[tuple[str, Iterable[Sample]]]:
    yield "calls", [({"outcome": name}, n) for name, n in sorted(store.call_list.outcomes().items())]
    yield "tests_up", [({}, len(store.plans.claimed()))]
    yield "tests_due", [({}, len(store.plans.waiting(now)))]
    yield "programme_running", [({}, runs(agency.folder))]
    yield from _measuring(store)
    yield from _lines(agency, now)
    disk = os.statvfs(agency.folder)
    yield "disk_free_bytes", [({}, disk.f_bavail * disk.f_frsize)]
    yield "disk_bytes", [({}, disk.f_blocks * disk.f_frsize)]
    yield "database_bytes", [({}, agency.database.stat().st_size)]
    head = store.evidence.head()
    yield "evidence_entries", [] if head is None else [({}, head.n)]


def _measuring(store: Store) -> Iterator[tuple[str, Iterable[Sample]]]:
    """How well the newest calls were measured; nothing where there is none."""
    newest = store.recent.measured(NEWEST)
    errors = sorted(one.timing_error_s for one in newest)
    quantiles = [(q, errors[max(0, ceil(q * len(errors)) - 1)]) for q in (0.5, 0.99, 1.0)] if errors else []
    yield "timing_error_seconds", [({"quantile": f"{q:g}"}, value) for q, value in quantiles]
    yield "late_frames", [({}, sum(one.late_frames for one in newest))] if newest else []
    packets = sum(one.packets + one.lost for one in newest)
    yield "rtp_lost_ratio", [({}, sum(one.lost for one in newest) / packets)] if packets else []


def _lines(agency: Agency, now: datetime) -> Iterator[tuple[str, Iterable[Sample]]]:
    """Each line's calls that are up, how many it may have, and what came of the attempts of 24 hours."""
    lately = claims(agency, since=now - DAY)
    settings = agency.settings
    up = Counter(one.line for one in lately if one.in_flight)
    yield "line_calls_up", [({"line": one.id}, up[one.id]) for one in settings.lines]
    allowed = [(one.id, min(one.max_calls or settings.at_once, settings.at_once)) for one in settings.lines]
    yield "line_calls_allowed", [({"line": name}, most) for name, most in allowed]
    came = Counter((one.line, one.outcome) for one in lately if one.outcome is not None)
    yield "line_attempts", [({"line": line, "outcome": str(outcome)}, n) for (line, outcome), n in sorted(came.items())]
    faults = 0
    for one in reversed([one for one in lately if one.outcome is not None]):
        if one.outcome != VOID:
            break
        faults += 1
    yield "our_faults_in_a_row", [({}, faults)]


def _labels(labels: dict[str, str]) -> str:
    told = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{told}}}" if told else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
