"""What Dask runs on a probe. Plain data comes and goes; whatever else a worker could be told to run is not ours."""

from __future__ import annotations

import time
from concurrent.futures import Future, wait
from functools import partial
from typing import TYPE_CHECKING, Any

from distributed import Client, Queue, Worker, get_client, get_worker

if TYPE_CHECKING:
    from harness.cluster.probe import Probe

ASK_S = 15.0
"""An answer that took longer is not gone by: the head may be cut off from here, and think so."""
LOOK_S = 0.5
Row = dict[str, Any]


def place(order: Row) -> Row:
    """Carry an order out, and tell what came of it and where the recording waits."""
    from harness.cluster.order import Order  # not above: a scheduler reads this file too, and needs no telephone

    worker, client = get_worker(), get_client()
    given = Order(**order)
    answer = probe_of(worker).carry_out(given, partial(ask_head, client, given.ask))
    told: Row = vars(_result(answer, worker))
    return told | {"address": worker.address}


def waiting() -> list[Row]:
    """Everything in the probe's outbox."""
    return probe_of(get_worker()).outbox.waiting()


def piece(attempt: str, name: str, offset: int) -> bytes:
    """A piece of a file of a waiting call."""
    return probe_of(get_worker()).outbox.piece(attempt, name, offset)


def forget(attempt: str) -> bool:
    """The head has a call."""
    probe_of(get_worker()).outbox.forget(attempt)
    return True


def hear(told: Row, sound: bytes) -> Row:
    """Hear a kept call in a process of the probe's ear."""
    worker = get_worker()
    return dict(_result(probe_of(worker).hear(told, sound), worker))


def probe_of(worker: Worker) -> Probe:
    """The probe that a worker belongs to."""
    probe: Probe = worker.plugins["thirdring"].probe  # type: ignore[attr-defined]
    return probe


def ask_head(client: Client, queue: str, said: Row) -> str:
    """Ask the head, and give its answer; TimeoutError where it came too late to be gone by."""
    began = time.monotonic()
    Queue(queue, client=client).put(said, timeout=ASK_S)
    answer = Queue(f"{queue}.{said['run']}", client=client).get(timeout=ASK_S)
    if time.monotonic() - began > ASK_S:
        raise TimeoutError
    return str(answer)


def _result(going: Future[Any], worker: Worker) -> Any:
    """Wait for it as long as the worker is one; the call itself goes on, whatever becomes of the worker."""
    while not going.done():
        if worker.status.name not in ("running", "paused", "closing_gracefully"):
            raise ConnectionError("the worker left the cluster")
        wait([going], timeout=LOOK_S)
    return going.result()
