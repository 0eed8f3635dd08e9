"""An archive heard again by all ears of a cluster; the head compares and keeps, as it does alone."""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from distributed import Future

from harness.agency import Agency
from harness.cluster import tasks
from harness.cluster.address import Cluster
from harness.cluster.link import EAR, Link
from harness.cluster.order import fingerprint_of_ear
from harness.errors import EnvironmentFailed, WrongInput
from harness.record import record_from_dict
from harness.rehearing import NOT_HEARD, Heard, Rehearing, compare, ear_of_today, every_call, facts_before, same_sound
from harness.store import Store

AHEAD = 3
"""Calls an ear has before it, so that it does not wait for the next; more would only fill memory."""
ALONE_S = 60.0
"""After so long without any ear it is given up."""
Row = dict[str, Any]
Begun = tuple[str, Row, Future[Any]]
"""A call that is being heard: its id, what was kept of it, the task."""


def rehear_all_there(
    agency: Agency, store: Store, cluster: Cluster, *, each: Callable[[Rehearing], None] = lambda _: None
) -> list[Rehearing]:
    """Hear every kept call again on the probes, oldest first; one that cannot be heard does not stop the others.

    `each` is told of each as soon as it is there. To hear a call changes nothing: Dask may begin one again whose
    probe was lost.
    EnvironmentFailed where no probe has an ear.
    """
    with Link(cluster) as link:
        if not link.probes(EAR):
            raise EnvironmentFailed("cluster.no_ear")
        heard = list[Rehearing]()
        for one in _heard(agency, store, link):
            each(one)
            heard.append(one)
        return heard


def _heard(agency: Agency, store: Store, link: Link) -> Iterator[Rehearing]:
    batch, under_way = secrets.token_hex(8), deque[Begun | Rehearing]()
    for call_id in every_call(store):
        under_way.append(_begin(call_id, batch, agency, store, link))
        while len(under_way) > AHEAD * sum(link.probes(EAR).values()) + 1:
            yield _end(under_way.popleft(), agency, store, link)
    while under_way:
        yield _end(under_way.popleft(), agency, store, link)


def _begin(call_id: str, batch: str, agency: Agency, store: Store, link: Link) -> Begun | Rehearing:
    kept = store.get_call(call_id)
    try:
        told, sound = to_be_heard(kept, batch, agency)
    except WrongInput as error:
        return Rehearing(call_id=call_id, status=NOT_HEARD, problem=error)
    return call_id, kept, link.client().submit(tasks.hear, told, sound, pure=False, resources={EAR: 1}, priority=-1)


def to_be_heard(kept: Row, batch: str, agency: Agency) -> tuple[Row, bytes]:
    """What an ear needs of a kept call, as `hear_there` takes it. WrongInput where its sound is not what was kept."""
    path = same_sound(kept, agency)
    told = {
        "record": kept["record"],
        "facts": facts_before(kept),
        "file": path.name,
        "sha256": kept["recording_sha256"],
        "ear": ear_of_today(),
        "goes_by": fingerprint_of_ear(record_from_dict(kept["record"]), agency),
        "batch": batch,
    }
    return told, path.read_bytes()


def _end(one: Begun | Rehearing, agency: Agency, store: Store, link: Link) -> Rehearing:
    if isinstance(one, Rehearing):
        return one
    call_id, kept, task = one
    said = _result(task, link)
    if "problem" in said:
        problem = WrongInput(said["problem"]["key"], **said["problem"]["values"])
        return Rehearing(call_id=call_id, status=NOT_HEARD, problem=problem)
    return compare(kept, Heard(**said["heard"]), agency, store)


def _result(task: Future[Any], link: Link) -> Row:
    last_s = time.monotonic()
    while True:
        try:
            return dict(task.result(timeout=5))
        except TimeoutError:
            if link.probes(EAR):
                last_s = time.monotonic()
            elif time.monotonic() - last_s > ALONE_S:
                raise EnvironmentFailed("cluster.no_ear") from None
        except Exception as error:  # Dask raises whatever it likes
            raise EnvironmentFailed("cluster.ear_lost", reason=type(error).__name__) from None
