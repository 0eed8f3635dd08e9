"""The head's connection to the cluster, made anew when it broke; and who is there."""

from __future__ import annotations

import threading
from asyncio import CancelledError
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import dask
from distributed import Client, Security

from harness.cluster.address import CA, CERTIFICATE, KEY, Cluster
from harness.errors import EnvironmentFailed

CONNECT_S = 10.0
ENDS = ("client", "worker")
EAR, PROBE = "ear", "probe"
"""Resources: of a probe that hears kept calls; of every probe, for questions beside its calls. Lines': `line.ID`."""
QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.allowed-failures": 0,
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.worker.memory.terminate": False,
    "distributed.worker.http.routes": [],  # its port has no page: every account of the machine could read them
    "distributed.admin.large-graph-warning-threshold": "200MB",
}


def line_resource(line: str) -> str:
    """What a line is called among a worker's resources."""
    return f"line.{line}"


def security_of(cluster: Cluster) -> Security:
    """The cluster's certificates as Dask takes them: both ends show one that the CA signed."""
    if cluster.tls is None:
        return Security(require_encryption=False)
    ca, certificate, key = (str((cluster.tls / name).resolve()) for name in (CA, CERTIFICATE, KEY))
    own = {f"tls_{end}_cert": certificate for end in ENDS} | {f"tls_{end}_key": key for end in ENDS}
    return Security(tls_ca_file=ca, require_encryption=True, **own)


class Link:
    """A client of the cluster. Every method may be called from any thread."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self._lock = cluster, threading.Lock()
        self._client: Client | None = None

    def __enter__(self) -> Self:
        """Connect. EnvironmentFailed where nobody is there."""
        self.client()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._let_go()

    def client(self) -> Client:
        """A client that is connected. EnvironmentFailed where the scheduler does not answer."""
        with self._lock:
            if self._client is not None and self._client.status != "running":
                self._let_go()
            if self._client is None:
                self._client = self._connected()
            return self._client

    def probes(self, resource: str) -> dict[str, float]:
        """The addresses of who has a resource, and how much of it; nobody where the scheduler does not answer."""
        try:
            found = self.client().scheduler_info(n_workers=-1)["workers"]
        except (OSError, EnvironmentFailed):
            return {}
        have = {address: one["resources"] for address, one in found.items()}
        return {address: float(what[resource]) for address, what in have.items() if resource in what}

    def run_there(self, address: str, task: Any, *values: Any, wait_s: float = 60.0) -> Any:
        """Run a task on one probe and give its result; ConnectionError where that cannot be had."""
        try:
            options = {"workers": [address], "allow_other_workers": False, "pure": False, "resources": {PROBE: 1}}
            return self.client().submit(task, *values, **options).result(timeout=wait_s)
        except (Exception, CancelledError) as error:  # Dask and a task on the other side raise whatever they like
            raise ConnectionError(f"{address}: {type(error).__name__}: {error}") from error

    def _connected(self) -> Client:
        cluster = self._cluster
        try:
            with dask.config.set(QUIET):
                return Client(
                    cluster.address, security=security_of(cluster), timeout=CONNECT_S, set_as_default=False, name="head"
                )
        except (OSError, ValueError) as error:
            raise EnvironmentFailed("cluster.no_scheduler", url=cluster.address, reason=type(error).__name__) from None

    def _let_go(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):  # of a scheduler that is gone
                client.close(timeout=2)
