"""Many writers at one database at once: each waits for its turn, none fails, nothing is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.store import open_store


def keep(path: Path, n: int) -> None:
    """What a call leaves in the database, as the harness writes it."""
    call_id = f"call-{n:03}"
    sheet = {"form": "keelung-102", "items": [], "open": []}
    with open_store(path) as store:
        row = {"call_id": call_id, "started_at": f"2026-11-22T00:00:{n:02}+00:00"}
        row |= {"unit": "u", "number": "1", "scenario": "s", "outcome": "busy"}
        store.add_call(row, record={"n": n})
        answers = store.add_answers(call_id, {}, who="tester")
        store.add_sheet(call_id, sheet, facts={}, answers_id=answers)
        store.add_sheet(call_id, sheet, facts={})


def test_twelve_writers_on_a_database_that_does_not_exist_yet(tmp_path: Path) -> None:
    path = tmp_path / "thirdring.db"
    with ThreadPoolExecutor(12) as threads:
        list(threads.map(lambda n: keep(path, n), range(48)))
    with open_store(path) as store:
        assert len(store.list_calls()) == 48
        assert all(len(store.sheets(f"call-{n:03}")) == 2 for n in range(48))
