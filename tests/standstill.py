"""A machine that stood still while a test held real telephones against the clock: the test is done again, and said.

A number that is exact to milliseconds can be shown only where processes run when they are due. A witness, a process of
its own that does nothing but sleep, tells how late it woke at worst while a test ran. Where it woke late and the test
failed, the machine was measured and not the product: the test begins anew with all that it stands on, at most twice,
and the last lines of the run tell which one, how long the machine stood still, and what had failed. Where the machine
did not stand still a failure is a failure at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from _pytest.runner import runtestprotocol
from left_out import told
from witness import Witness

STILL_S = 0.025
"""A packet of sound is due every 20 ms: who wakes later than this has missed one."""
MOST, MOST_TESTS = 2, 12
"""So often a test is done again, and so many tests of a process: more failures than that are none of the machine's."""
CALM_S, PATIENCE_S = 1.0, 15.0
"""Before it is, the machine has run evenly for so long, or that was waited for in vain for so long."""


WITNESS: pytest.StashKey[Witness] = pytest.StashKey()
AGAIN: pytest.StashKey[list[str]] = pytest.StashKey()


def protocol(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Do a test, and again where the machine stood still and it failed."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    witness = _witness(item.config)
    reports = watched(
        lambda: (witness.worst_s(), runtestprotocol(item, nextitem=nextitem, log=False))[1],
        stood_still_s=witness.worst_s,
        may_again=lambda: len({*item.config.stash.setdefault(AGAIN, []), item.nodeid}) <= MOST_TESTS,
        begin_anew=lambda failed, stood_s: _begin_anew(item, failed, stood_s, witness),
    )
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


def watched(
    do: Callable[[], list[pytest.TestReport]],
    *,
    stood_still_s: Callable[[], float],
    may_again: Callable[[], bool] = lambda: True,
    begin_anew: Callable[[list[pytest.TestReport], float], None],
) -> list[pytest.TestReport]:
    """The reports of a test as it went at last: done anew while it fails on a machine that stood still meanwhile."""
    for _ in range(MOST):
        reports = do()
        failed, stood_s = [one for one in reports if one.failed], stood_still_s()
        if not failed or stood_s < STILL_S or not may_again():
            return reports
        begin_anew(failed, stood_s)
    return do()


def end(config: pytest.Config) -> None:
    """End the witness of this process, where there is one."""
    witness = config.stash.get(WITNESS, None)
    if witness is not None:
        witness.end()


def _witness(config: pytest.Config) -> Witness:
    if WITNESS not in config.stash:
        config.stash[WITNESS] = Witness()
    return config.stash[WITNESS]


def _begin_anew(item: pytest.Item, failed: list[pytest.TestReport], stood_s: float, witness: Witness) -> None:
    crash = getattr(failed[0].longrepr, "reprcrash", None)
    why = (crash.message if crash else failed[0].longreprtext).strip()[:300]
    item.config.stash.setdefault(AGAIN, []).append(item.nodeid)
    told(item.config).setdefault(item.nodeid, []).append(
        f"機器停頓 {stood_s * 1000:.0f} ms，重做。The machine stood still, done anew: {item.nodeid}: {why}"
    )
    item.session._setupstate.teardown_exact(None)  # what it stands on was made on that machine, too
    item._initrequest()  # type: ignore[attr-defined]
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        witness.worst_s()
        time.sleep(CALM_S)
        if witness.worst_s() < STILL_S:
            return
