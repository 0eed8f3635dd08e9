"""Fixtures of a browser's telephone, a plugin: a test module says `pytest_plugins = ("browser_fixtures",)`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser_sounds import Caller

from harness.softphone.line import Line
from harness.softphone.pool import WorkerPool


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(Line(bind="127.0.0.1"), most_calls=4) as one:
        one.warm_up()
        yield one


@pytest.fixture(scope="module")
def caller(pool: WorkerPool, tmp_path_factory: pytest.TempPathFactory) -> Caller:
    return Caller(pool, tmp_path_factory.mktemp("browser"))
