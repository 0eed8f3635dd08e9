"""A test is done anew only where it failed and the machine stood still; then with all that it stands on."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from standstill import MOST, STILL_S, Witness, watched

pytest_plugins = ("pytester",)
CONFTEST = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
import left_out, standstill

class Stood:
    told = [0.0, 0.3]
    def worst_s(self): return self.told.pop(0) if self.told else 0.0

standstill.CALM_S, standstill.Witness = 0.01, Stood

def pytest_runtest_protocol(item, nextitem):
    standstill.protocol(item, nextitem)
    return True

def pytest_terminal_summary(terminalreporter, config):
    left_out.write(config, terminalreporter)
"""
"""Of a suite whose machine stands still in its first test."""


def _tried(*goes: tuple[bool, float]) -> tuple[list[Any], list[float]]:
    """What is reported of a test that went so each time (failed, longest standstill), and the standstills told of."""
    left, stood, anew = list(goes), [0.0], list[float]()

    def do() -> list[Any]:
        failed, stood[0] = left.pop(0)
        return [SimpleNamespace(failed=failed)]

    reports = watched(do, stood_still_s=lambda: stood[0], begin_anew=lambda failed, stood_s: anew.append(stood_s))
    return reports, anew


def test_a_failure_on_a_machine_that_ran_evenly_is_a_failure_at_once() -> None:
    reports, anew = _tried((True, STILL_S - 0.001), (False, 0.0))
    assert (reports[0].failed, anew) == (True, [])


def test_what_passes_is_done_once_however_the_machine_stood_still() -> None:
    reports, anew = _tried((False, 1.0), (True, 0.0))
    assert (reports[0].failed, anew) == (False, [])


def test_a_failure_on_a_machine_that_stood_still_is_done_anew_and_at_last_believed() -> None:
    assert _tried((True, 0.05), (False, 0.0)) == ([SimpleNamespace(failed=False)], [0.05])
    reports, anew = _tried(*[(True, 0.05)] * (MOST + 1))
    assert (reports[0].failed, len(anew)) == (True, MOST)


def test_where_too_many_tests_failed_so_no_more_is_done_anew() -> None:
    reports = watched(
        lambda: [SimpleNamespace(failed=True)],
        stood_still_s=lambda: 1.0,
        may_again=lambda: False,
        begin_anew=lambda failed, stood_s: pytest.fail("begun anew"),
    )
    assert reports[0].failed


def test_the_witness_tells_how_long_it_stood_still() -> None:
    witness = Witness()
    try:
        time.sleep(0.3)
        assert witness.worst_s() < 10.0
        os.kill(witness._process.pid, signal.SIGSTOP)
        time.sleep(0.2)
        os.kill(witness._process.pid, signal.SIGCONT)
        time.sleep(0.2)
        assert witness.worst_s() > 0.15
    finally:
        witness.end()


def test_what_a_test_stands_on_is_made_anew_and_the_last_lines_tell_of_it(pytester: pytest.Pytester) -> None:
    """A fixture of the whole module was made on that machine, too."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(
        """
        import pytest
        made = []
        @pytest.fixture(scope="module")
        def measured():
            made.append(1)
            yield len(made)
        def test_one(measured):
            assert measured == 2, "heard late"
        def test_two(measured):
            assert measured == 2
        def test_three(measured):
            assert measured == 1
        """
    )
    found = pytester.runpytest_subprocess("-p", "no:xdist", "-p", "no:hypothesispytest")
    found.assert_outcomes(passed=2, failed=1)
    found.stdout.fnmatch_lines(["*300 ms*test_one*heard late*"])
