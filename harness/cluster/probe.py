"""A probe: a machine with lines of its own that carries out a head's orders, and keeps what it recorded.

It belongs to a cluster for as long as there is one and comes back by itself; a call that is up when the cluster is
lost goes on to its end and waits in the outbox.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import Any

import dask
from distributed import Worker, WorkerPlugin

from harness import clocks
from harness.agency import Agency
from harness.cluster.address import Cluster
from harness.cluster.carrying_out import Answer, Ask, carry_out
from harness.cluster.ear import Ear
from harness.cluster.left_there import sweep_left
from harness.cluster.link import EAR, PROBE, QUIET, line_resource, security_of
from harness.cluster.order import Order
from harness.cluster.outbox import Outbox
from harness.errors import WrongInput
from harness.lines import MOST_AT_ONCE
from harness.telephones import Telephones

QUESTIONS = 2
"""Questions of the head that are answered beside the calls."""
AGAIN_S = 1.0
Say = Callable[[str, dict[str, Any]], None]


class Probe:
    """What is the same however often the cluster is lost: lines, calls that are up, the outbox, the ear."""

    def __init__(self, agency: Agency, *, name: str, telephones: Telephones, ear: Ear) -> None:
        self.name, self.outbox = name, Outbox(agency.folder)
        self._folder, self._telephones, self._ear = agency.folder, telephones, ear
        self._calls = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="call")
        self.up: set[Future[Answer]] = set()

    def carry_out(self, order: Order, ask: Ask) -> Future[Answer]:
        """Begin an order in a thread of its own."""
        values = {"folder": self._folder, "probe": self.name, "telephones": self._telephones, "ask": ask}
        going = self._calls.submit(carry_out, order, **values)  # type: ignore[arg-type]
        self.up.add(going)
        going.add_done_callback(self.up.discard)
        return going

    def hear(self, told: dict[str, Any], sound: bytes) -> Future[Any]:
        """Hear a kept call."""
        return self._ear.hear(told, sound)

    def close(self) -> None:
        """Wait for the calls that are up."""
        self._calls.shutdown()


class _Plugin(WorkerPlugin):
    """What a task finds the probe by."""

    name = "thirdring"

    def __init__(self, probe: Probe) -> None:
        self.probe = probe


def lines_of(agency: Agency, wanted: tuple[str, ...]) -> dict[str, int]:
    """The lines that a probe announces, each with the calls it carries; WrongInput for one that is not there."""
    known = {line.id: line.max_calls or agency.settings.at_once for line in agency.settings.lines}
    for one in wanted:
        if one not in known:
            raise WrongInput("cluster.no_line", line=one, known=", ".join(known))
    return {line: calls for line, calls in known.items() if not wanted or line in wanted}


def serve(agency: Agency, cluster: Cluster, *, name: str, lines: dict[str, int], ears: int, say: Say) -> None:
    """Be a probe until SIGTERM or SIGINT; calls that are up are let to end."""
    _sweep(agency, say)
    hearing = ears + 1 if ears else 0  # one more lies ready, so that no ear waits for the way
    with Telephones(several=True) as telephones, Ear(agency.folder, processes=ears) as ear:
        probe = Probe(agency, name=name, telephones=telephones, ear=ear)
        resources = {line_resource(line): float(calls) for line, calls in lines.items()}
        resources |= {PROBE: QUESTIONS} | ({EAR: hearing} if ears else {})
        threads = sum(lines.values()) + QUESTIONS + hearing
        try:
            with TemporaryDirectory(prefix="thirdring-") as room:
                asyncio.run(_attend(probe, cluster, resources, threads, room, say))
        finally:
            probe.close()


def _sweep(agency: Agency, say: Say) -> None:
    """Tell of the sound of calls that this probe was stopped over, and let go of what was kept long enough."""
    swept = sweep_left(agency, today=agency.day_of(clocks.now().isoformat()))
    for files, key in ((swept.kept, "left"), (swept.deleted, "left_deleted")):
        if files:
            say(key, {"files": ", ".join(str(one.relative_to(agency.folder)) for one in files)})


async def _attend(
    probe: Probe, cluster: Cluster, resources: dict[str, float], threads: int, room: str, say: Say
) -> None:
    stopped = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stopped.set)
    stop = asyncio.create_task(stopped.wait())
    told = ""
    while not stopped.is_set():
        try:
            async with _worker(probe, cluster, resources, threads, room) as worker:
                say("joined", {"url": cluster.address, "name": probe.name})
                told = ""
                await asyncio.wait([stop, asyncio.create_task(worker.finished())], return_when=asyncio.FIRST_COMPLETED)
                if stopped.is_set():
                    await worker.close(timeout=2, executor_wait=False)
        except (OSError, TimeoutError, RuntimeError, ValueError) as error:
            reason = type(error).__name__
            if told != reason:
                say("alone", {"url": cluster.address, "reason": reason})
            told = reason
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(stop), AGAIN_S)


def _worker(probe: Probe, cluster: Cluster, resources: dict[str, float], threads: int, room: str) -> Worker:
    dask.config.set(QUIET)
    return Worker(
        cluster.address,
        # A cluster that was cut off may still know the last one: no two are called the same.
        name=f"{probe.name}.{secrets.token_hex(3)}",
        nthreads=threads,
        resources=resources,
        memory_limit=0,
        local_directory=room,
        silence_logs=logging.WARNING,
        security=security_of(cluster),
        host="127.0.0.1" if cluster.on_loopback else None,
        dashboard_address="127.0.0.1:0",
        dashboard=False,
        plugins=(_Plugin(probe),),
        death_timeout=30,
    )
