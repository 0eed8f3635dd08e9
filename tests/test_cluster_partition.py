"""A probe in a network of its own, over TLS, is cut off in its call: unknown, then known, and dialled once."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import left_out
import pytest
from cluster_certificates import Authority
from cluster_rig import LIMIT_S, LONG, LONGEST_S, Rig, far_end_script, place, rig_for, until

from harness.cluster.head import Head
from harness.cluster.homecoming import is_kept
from harness.cluster.link import line_resource
from harness.errors import AttemptUnknown
from harness.ledger import UNKNOWN, claims

pytestmark = [pytest.mark.slow, pytest.mark.waits]
GIVEN_UP_S = 6.0


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def network(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A network namespace with one way out; its name, and our end's address."""
    name, part = f"thirdring-{os.getpid()}", os.getpid() % 250
    ours, theirs, at = f"tr{os.getpid()}a", f"tr{os.getpid()}b", f"10.213.{part}"
    try:
        ip("netns", "add", name)
    except (OSError, subprocess.CalledProcessError):
        left_out.leave_out("network namespace", "run the tests as root, with iproute2", request.config)
    try:
        ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", name)
        ip("addr", "add", f"{at}.1/30", "dev", ours)
        ip("link", "set", ours, "up")
        for words in (("addr", "add", f"{at}.2/30", "dev", theirs), ("link", "set", theirs, "up")):
            ip("-n", name, *words)
        ip("-n", name, "link", "set", "lo", "up")
        yield name, f"{at}.1"
    finally:
        ip("netns", "del", name)


@pytest.fixture
def cluster(tmp_path: Path, network: tuple[str, str]) -> Iterator[Rig]:
    """The scheduler here; the probe and its far end there."""
    name, host = network
    there = [str(shutil.which("ip")), "netns", "exec", name]
    far = [*there, sys.executable, "-m", "harness.cli", "switchboard", str(far_end_script(tmp_path)), "--json"]
    far += ["--truth", str(tmp_path / "truth.jsonl")]
    with subprocess.Popen(far, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as switchboard:
        assert switchboard.stdout is not None
        try:
            said = b"".join(iter(switchboard.stdout.readline, b"}\n")) + b"}"
            address = json.loads(said)["addresses"]["hq"]
            found = rig_for(tmp_path, address)
            found.host, found.tls = host, Authority().folder(tmp_path / "tls")
            try:
                found.scheduler()
                found.probe("p1", way_in=tuple(there))
                found.joined("p1")
                yield found
            finally:
                found.close()
        finally:
            switchboard.terminate()


def stranger(cluster: Rig) -> bytes:
    """What the scheduler says to somebody who trusts it and has no certificate."""
    assert cluster.tls is not None
    trusting = ssl.create_default_context(cafile=cluster.tls / "ca.pem")
    trusting.check_hostname = False
    with (
        socket.create_connection((cluster.host, cluster.port), LIMIT_S) as plain,
        trusting.wrap_socket(plain) as one,
    ):
        return one.recv(1)


def test_a_probe_that_is_cut_off_is_unknown_until_it_is_back_and_nobody_is_dialled_again(
    cluster: Rig, network: tuple[str, str]
) -> None:
    name, end = network[0], f"tr{os.getpid()}b"
    with pytest.raises(ssl.SSLError):
        stranger(cluster)
    with (
        Head(cluster.agency.folder, cluster.cluster, margin_s=GIVEN_UP_S - LONGEST_S) as head,
        ThreadPoolExecutor(1) as threads,
    ):
        until(lambda: head._link.probes(line_resource("l0")), "the probe is known")
        going = threads.submit(place, head, cluster, LONG, "f.1")
        until(lambda: cluster.dialogs() == 1, "the call is up")
        ip("-n", name, "link", "set", end, "down")
        with pytest.raises(AttemptUnknown):
            going.result(LIMIT_S)
        assert [one.outcome for one in claims(cluster.agency)] == [UNKNOWN]
        until(lambda: [*cluster.room.glob("p1/outbox/f.1-1.json")], "the call ends and waits at its probe")
        assert not is_kept("f.1-1", cluster.agency)
        ip("-n", name, "link", "set", end, "up")
        until(lambda: is_kept("f.1-1", cluster.agency), "the call comes home", limit_s=2 * LIMIT_S)
        until(lambda: not [*cluster.room.glob("p1/outbox/f.1-1.json")], "the probe lets it go")
    assert cluster.dialogs() == 1
    assert [path.suffix for path in sorted(cluster.agency.recordings.glob("*/f.1.*"))] == [".flac", ".json", ".sip"]
