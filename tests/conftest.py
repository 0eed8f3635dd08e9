"""One seed for the whole suite, and which of it a person's run leaves to CI.

Hypothesis derives its examples from the test, so that a run can be repeated; with CI=true it takes three times as
many. Tests marked `slow` run with CI=true, or where nothing else was asked for.
"""

from __future__ import annotations

import os
from typing import Any

import left_out
import pytest
import standstill
from hypothesis import HealthCheck, settings

CI = os.environ.get("CI") == "true"

settings.register_profile(
    "repeatable",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60 if CI else 20,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the slow ones to CI."""
    slow = [item for item in items if item.get_closest_marker("slow")]
    if not CI and len(slow) < len(items):
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Hold real telephones, pages and processes against the clock only on a machine that does not stand still."""
    marked = any(item.get_closest_marker(name) for name in ("realtime", "waits"))
    if not marked and "browser" not in getattr(item, "fixturenames", ()):
        return None
    standstill.protocol(item, nextitem)
    return True


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what this process began."""
    standstill.end(config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take from a testing process what it left out."""
    left_out.take_over(node.config, getattr(node, "workeroutput", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was left out."""
    left_out.write(config, terminalreporter)
