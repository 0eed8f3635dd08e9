"""The agency that the pages are measured with: a year of calls, one of them with its sound, a drawn month, people."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import soundfile

from harness.agency import Agency
from harness.bench.listening import a_call
from harness.bench.peers import RATE_HZ
from harness.bench.year import make_year
from harness.imported.keep import import_files
from harness.imported.read import Given, Told
from harness.programme.follow_up import deficiencies
from harness.programme.month import draw_and_seal
from harness.programme.settings import read_programme
from harness.scenario import USUAL_SCENARIO
from harness.store import open_store
from harness.web.passwords import hashed
from harness.web.rights import Role

NOW = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
"""The pages' clock: the first of December, in the morning."""
MONTHS, PERIOD, UNIT = ("2026-12", "2026-11"), "2026-Q4", "u1"
"""The month that runs, and one that is over."""
PASSWORD = "a sentence for the bench 42"
STARTED = "2026-11-20T10:05:00+08:00"
SOUND_S = 90
SINCE = date(2026, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Furnished:
    """The agency and what a page's address may name in it."""

    agency: Agency
    """The agency."""
    examples: dict[str, tuple[str, ...]]
    """For each name in braces of a path: what stands there, the first that somebody may see is taken."""


def furnish(folder: Path, *, calls: int) -> Furnished:
    """Make it. Every call carries the record and the measurement of the one whose sound there is."""
    heard: list[dict[str, Any]] = []

    def like(agency: Agency) -> dict[str, Any]:
        heard.append(_import(agency))
        return {name: heard[0][name] for name in ("record", "measured")}

    agency = make_year(folder, calls=calls, whole=True, like=like)
    with open_store(agency.database) as store:
        kept = hashed(PASSWORD, login="bench")
        for role in Role:
            store.people.add(role.value, name=role.value, unit=UNIT, roles=[role.value], password=kept)
        for month in MONTHS[::-1]:
            draw_and_seal(agency, month, store, seed="bench", now=NOW)
        own = store.list_calls(unit=UNIT, limit=1)[0]["call_id"]
        rules = read_programme(folder).improvement
        found = deficiencies(agency, store, rules, today=NOW.date(), since=SINCE)
    examples = {"call_id": (heard[0]["call_id"], own, *(one.call_id for one in found[:1])), "unit": (UNIT,)}
    examples |= {"month": MONTHS, "period": (PERIOD,), "login": (Role.TESTER.value,), "plan": ("tw",)}
    examples |= {"line": (agency.line().id,), "form": (agency.settings.form,), "scenario": (USUAL_SCENARIO,)}
    return Furnished(agency=agency, examples=examples)


def _import(agency: Agency) -> dict[str, Any]:
    """Bring in a call of 90 seconds as if a call recorder had kept it; its sheet waits for somebody."""
    with tempfile.TemporaryDirectory() as folder, open_store(agency.database) as store:
        path = Path(folder) / "call.wav"
        soundfile.write(path, a_call()[: SOUND_S * RATE_HZ], RATE_HZ)
        told = Told(unit="u2", started=STARTED, far="mixed")
        (test,) = import_files([Given(path=path, name=path.name)], told, agency, store, who="bench", now=NOW)
        return store.get_call(test.record.call_id)
