"""A probe's ear for kept calls: processes of their own, which step back for everything else on the machine."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.cluster.hearing_there import hear_there

NICE = 10
"""Calls that are up go before."""


class Ear:
    """Hears kept calls in so many processes, begun when the first is asked for."""

    def __init__(self, folder: Path, *, processes: int) -> None:
        self._folder, self._processes = folder, processes
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def hear(self, told: dict[str, Any], sound: bytes) -> Future[dict[str, Any]]:
        """Hear a kept call of which the head told, with the sound that it sent."""
        if self._pool is None:
            context = multiprocessing.get_context("spawn")  # this process has threads and telephones
            self._pool = ProcessPoolExecutor(self._processes, context, initializer=os.nice, initargs=(NICE,))
        return self._pool.submit(hear_there, self._folder, told, sound)
