"""Who may join a cluster over TLS: nobody without a certificate of its CA that holds, at no port of it."""

from __future__ import annotations

import json
import os
import pickle
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from cluster_certificates import DAY, Authority
from cluster_rig import LIMIT_S, Rig, free_port, rig_for, until

from harness.cluster import link
from harness.cluster.address import Cluster
from harness.cluster.link import PROBE, Link
from harness.errors import EnvironmentFailed

pytestmark = [pytest.mark.slow, pytest.mark.waits]
HOST = "127.0.0.1"
KINDS = ("none", "foreign", "run out")
"""Certificates that open nothing."""


@dataclass
class Guarded:
    """A cluster over TLS with one probe, and the folders of those who want in."""

    rig: Rig
    folders: dict[str, Path]

    def cluster(self, kind: str) -> Cluster:
        """The scheduler as somebody with such a certificate would speak to it."""
        return Cluster(host=HOST, port=self.rig.port, tls=self.folders[kind])

    def probe_port(self) -> int:
        """Where the probe listens."""
        with Link(self.rig.cluster) as one:
            until(lambda: one.probes(PROBE), "the probe is known")
            (address,) = one.probes(PROBE)
        assert address.startswith("tls://")
        return int(address.rpartition(":")[2])


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    room = tmp_path_factory.mktemp("strangers")
    ours = Authority()
    folders = {"own": ours.folder(room / "own"), "foreign": Authority().folder(room / "foreign")}
    folders["run out"] = ours.folder(room / "run out", ends=-DAY)
    found = rig_for(room, f"{HOST}:{free_port()}")
    found.tls = folders["own"]
    try:
        found.scheduler()
        found.probe("p1")
        found.joined("p1")
        yield Guarded(found, folders)
    finally:
        found.close()


def port_of(guarded: Guarded, where: str) -> int:
    return guarded.rig.port if where == "scheduler" else guarded.probe_port()


def context_of(guarded: Guarded, kind: str) -> ssl.SSLContext:
    """Trusts whoever answers, and shows such a certificate."""
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found.check_hostname, found.verify_mode = False, ssl.CERT_NONE
    if kind != "none":
        found.load_cert_chain(guarded.folders[kind] / "cert.pem", guarded.folders[kind] / "key.pem")
    return found


def heard(guarded: Guarded, where: str, kind: str) -> bytes:
    """What is said to whoever shows such a certificate: Dask greets first."""
    with (
        socket.create_connection((HOST, port_of(guarded, where)), LIMIT_S) as plain,
        context_of(guarded, kind).wrap_socket(plain) as one,
    ):
        return one.recv(1)


def still_serves(guarded: Guarded) -> bool:
    with Link(guarded.cluster("own")) as one:
        return len(one.probes(PROBE)) == 1


@pytest.mark.parametrize("where", ["scheduler", "probe"])
def test_only_a_certificate_of_the_cluster_that_holds_is_greeted(guarded: Guarded, where: str) -> None:
    for kind in KINDS:
        with pytest.raises(ssl.SSLError):
            heard(guarded, where, kind)
    assert heard(guarded, where, "own")


@pytest.mark.parametrize("kind", ["plain", "foreign", "run out"])
def test_a_head_without_such_a_certificate_does_not_connect(
    guarded: Guarded, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "CONNECT_S", 2.0)
    wanted = Cluster(host=HOST, port=guarded.rig.port) if kind == "plain" else guarded.cluster(kind)
    with pytest.raises(EnvironmentFailed), Link(wanted):
        pass
    assert still_serves(guarded)


def test_a_probe_without_such_a_certificate_joins_nothing(guarded: Guarded) -> None:
    rig, names = guarded.rig, {"p-foreign": "foreign", "p-late": "run out"}
    own = rig.tls
    try:
        for name, kind in names.items():
            rig.tls = guarded.folders[kind]
            rig.probe(name)
        for name in names:  # both at once: each tries for half a minute
            until(lambda name=name: rig.cluster.address in rig.said(name), "it says that it is alone")
    finally:
        rig.tls = own
        for name in names:
            rig.kill(name)
    assert [name for name in names if "has joined" in rig.said(name)] == []
    assert still_serves(guarded)


class Leaves:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("where", ["scheduler", "probe"])
def test_what_is_said_without_tls_is_read_by_nobody(guarded: Guarded, where: str, tmp_path: Path) -> None:
    told = pickle.dumps(Leaves(tmp_path / "mark"))
    framed = (1).to_bytes(8, "little") + len(told).to_bytes(8, "little") + told
    for said in (b"", told, framed, b"GET / HTTP/1.1\r\n\r\n", b"\0" * 65536, b"\xff" * 65536, b"\x16\x03\x01" * 500):
        with socket.create_connection((HOST, port_of(guarded, where)), LIMIT_S) as plain, suppress(OSError):
            plain.sendall(said)
            plain.shutdown(socket.SHUT_WR)
            while answer := plain.recv(4096):
                assert answer[0] == 0x15  # an alert of TLS, and nothing else
    assert not (tmp_path / "mark").exists()
    assert still_serves(guarded)


def test_who_is_a_member_is_trusted_with_everything_as_the_documents_say(guarded: Guarded, tmp_path: Path) -> None:
    """No boundary, and none is promised: Dask runs what its members send, on each machine and at the head."""

    class WhereRead:
        """Is, once read, the process that reads it."""

        def __reduce__(self) -> Any:
            return os.getpid, ()

    with Link(guarded.cluster("own")) as one:
        one.client().submit(Path.touch, tmp_path / "there", pure=False).result(timeout=LIMIT_S)
        (address,) = one.probes(PROBE)
        assert one.run_there(address, os.getpid) == guarded.rig.processes["p1"].pid
        assert one.run_there(address, WhereRead) == os.getpid()  # what comes back is unpickled here
    assert (tmp_path / "there").exists()
    said = (Path(__file__).parent.parent / "SECURITY.md").read_text(encoding="utf-8")
    assert "Who has a certificate of the cluster" in said


@contextmanager
def false_scheduler(folder: Path, taken: list[bytes]) -> Iterator[int]:
    """Says by TLS that it is one, and keeps what it is told."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    with socket.create_server((HOST, 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    plain, _ = listening.accept()
                    with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as one:
                        taken.append(one.recv(4096))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(LIMIT_S)


@pytest.mark.parametrize("kind", ["foreign", "run out"])
def test_a_false_scheduler_is_told_nothing(guarded: Guarded, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "CONNECT_S", 2.0)
    taken: list[bytes] = []
    with false_scheduler(guarded.folders[kind], taken) as port:
        with pytest.raises(EnvironmentFailed), Link(Cluster(host=HOST, port=port, tls=guarded.folders["own"])):
            pass
        assert [one for one in taken if one] == []


PAGES = ("/", "/status", "/info/main/workers.html", "/json/identity.json", "/metrics", "/health", "/sitemap.json")
"""What Dask would have there."""


def test_what_listens_without_tls_tells_nothing(guarded: Guarded) -> None:
    """Dask opens a port for HTTP wherever it runs: on this machine only, and with no page behind it."""
    found = {port: at for one in guarded.rig.processes.values() for port, at in listening(one.pid).items()}
    assert set(found.values()) == {HOST}
    tls = {guarded.rig.port, guarded.probe_port()}
    assert len(set(found) - tls) == len(guarded.rig.processes)
    for port in set(found) - tls:
        assert {path for path in PAGES if shown(port, path)} == {"/sitemap.json"}
        assert json.loads(shown(port, "/sitemap.json")) == {"paths": ["/sitemap.json"]}


def shown(port: int, path: str) -> bytes:
    """What is there; empty where nothing is."""
    with closing(HTTPConnection(HOST, port, timeout=LIMIT_S)) as wire:
        wire.request("GET", path)
        answer = wire.getresponse()
        return answer.read() if answer.status == 200 else b""


def listening(pid: int) -> dict[int, str]:
    """TCP ports on which a process listens, and at which address."""
    links = [str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir()]
    rows = (
        Path(f"/proc/{pid}/net/tcp").read_text().splitlines() + Path(f"/proc/{pid}/net/tcp6").read_text().splitlines()
    )
    places = [row[1].split(":") for row in map(str.split, rows) if row[3] == "0A" and f"socket:[{row[9]}]" in links]
    return {int(port, 16): socket.inet_ntoa(bytes.fromhex(at)[::-1]) if len(at) == 8 else at for at, port in places}
