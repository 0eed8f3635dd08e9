"""A list of hundreds of calls costs what one of some dozens does: statements, steps of the database, bytes of the page.

Counted, not timed: a count is the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from web_pages import NOW, Client, Running

from harness.agency import Agency
from harness.store import Store, open_store
from harness.web import gate
from harness.web.pages.calls import A_PAGE
from harness.web.rights import Role

pytest_plugins = ("web_fixtures",)
FEW, MANY = 60, 560
A_TICK = 100
"""Instructions of SQLite's machine between two counts."""
PATHS = ("/", "/calls", "/calls?page=2", "/calls?open=1", "/calls?outcome=busy", "/calls?unit=u2", "/reviews")
ROLES = (Role.TESTER, Role.CONVENER, Role.REVIEWER, Role.UNIT, Role.AUDITOR)


@dataclass
class Cost:
    """What the requests since the last look cost the database."""

    statements: list[str] = field(default_factory=list)
    """As they were run."""
    ticks: int = 0
    """How often A_TICK instructions went by."""

    def tick(self) -> None:
        self.ticks += 1


@pytest.fixture
def cost(monkeypatch: pytest.MonkeyPatch) -> Cost:
    """Counts what each request's own connection does."""
    made = Cost()

    @contextmanager
    def counted(*told: Any) -> Iterator[Store]:
        with open_store(*told) as store:
            connection = store._db.conn
            connection.set_trace_callback(made.statements.append)
            connection.set_progress_handler(made.tick, A_TICK)
            yield store
            connection.set_trace_callback(None)
            connection.set_progress_handler(None, 0)

    monkeypatch.setattr(gate, "open_store", counted)
    return made


def add(agency: Agency, begin: int, end: int) -> None:
    """Calls of three units with every outcome, some of them open, one an hour."""
    with open_store(agency.database) as store, store.writing():
        for n in range(begin, end):
            row = {"call_id": f"m{n:03d}", "unit": f"u{n % 3 + 1}", "number": "1", "scenario": "s"}
            row |= {"started_at": (NOW - timedelta(hours=n)).isoformat(), "open_items": n % 2}
            store.add_call(row | {"outcome": ("answered", "busy")[n % 4 // 2]}, record={"padding": "x" * 10_000})


def asked(client: Client, path: str, cost: Cost) -> tuple[int, int, int, int]:
    """Statements, instructions, bytes and rows of a page that was asked for before."""
    client.get(path)
    cost.statements.clear()
    cost.ticks = 0
    answer = client.get(path)
    assert answer.status in (200, 403)
    rows = len(set(re.findall(r'href="/calls/(m\d+)', answer.text)))
    return len(cost.statements), cost.ticks * A_TICK, len(answer.body), rows


def test_ten_times_as_many_calls_cost_no_more_than_looking_through_an_index(
    server: Running, agency: Agency, cost: Cost
) -> None:
    clients = {role: server.client(role) for role in ROLES}
    add(agency, 0, FEW)
    few = {(role, path): asked(client, path, cost) for role, client in clients.items() for path in PATHS}
    add(agency, FEW, MANY)
    whole = max(size for (_, path), (_, _, size, rows) in few.items() if path == "/calls" and rows == A_PAGE)
    for (role, path), (statements, steps, _, _) in few.items():
        now = asked(clients[role], path, cost)
        assert (role, path, now[0]) == (role, path, statements)  # none for each call
        assert (role, path, now[1] <= 1.5 * steps * MANY / FEW + 5_000) == (role, path, True)
        assert (role, path, now[2] <= 1.25 * whole) == (role, path, True)
        assert now[3] <= A_PAGE
    assert asked(clients[Role.CONVENER], "/calls", cost)[3] == A_PAGE


def test_the_counting_would_see_a_statement_for_each_call(
    server: Running, agency: Agency, cost: Cost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the test above would let pass if it counted nothing."""
    client = server.client(Role.CONVENER)
    add(agency, MANY, MANY + FEW)
    before = asked(client, "/calls", cost)
    whole = gate.run_in_threadpool

    async def slow(work: Any, *told: Any) -> Any:
        def each() -> Any:
            with gate.open_store(agency.database) as store:
                for one in store.list_calls(limit=A_PAGE):
                    store.get_call(one["call_id"])
            return work(*told)

        return await whole(each)

    monkeypatch.setattr(gate, "run_in_threadpool", slow)
    after = asked(client, "/calls", cost)
    assert after[0] >= before[0] + A_PAGE
    assert after[1] > before[1]
