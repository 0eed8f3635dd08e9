"""How a telephone's calls are shared out among its processes."""

from __future__ import annotations

import os

from harness.softphone.line import LEGS_PER_WORKER, MOST_LEGS_PER_WORKER

CORES = max(2, os.cpu_count() or 1)
"""Processes that few calls are spread over, where one could hold them all."""


def legs_of_process(held: int, *, spare: int = 0) -> int:
    """Calls that a process is given: what its library holds, no more than a crash may cost, less what is spare."""
    return min(held, MOST_LEGS_PER_WORKER) - spare


def processes_for(calls: int, *, held: int, spare: int = 0, cores: int = CORES) -> int:
    """Processes for so many calls: a core each as long as few share one, and then fuller ones."""
    apart = -(-calls // (LEGS_PER_WORKER - spare))
    return max(min(apart, cores), -(-calls // legs_of_process(held, spare=spare)))
