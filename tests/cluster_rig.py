"""A cluster on loopback for the tests: a real scheduler, probes as processes, and the embedded agency for a far end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agency_folder import make_agency
from embedded_month import BEHAVIOURS

from harness.agency import Agency, load_agency
from harness.cluster.address import Cluster
from harness.cluster.head import Head
from harness.planned_call import TestCall
from harness.switchboard.serve import EmbeddedAgency
from harness.switchboard.truth import read_truth
from harness.test_call import plan_call

SHORT, LONG, OTHER = "0227000301", "0227000302", "0227000303"
HELD = BEHAVIOURS["stays on"]
LONGEST_S = 28.0
LIMIT_S = 60.0
SCHEDULER = "import sys; from distributed.cli.dask_scheduler import main; main(sys.argv[1:])"


NO_PAGES = {"DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES": "[]"}
"""As docs/operation.md has it."""


def until(holds: Callable[[], object], what: str, *, limit_s: float = LIMIT_S) -> None:
    """Wait for a condition, however busy the machine is."""
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Rig:
    """The cluster, its far end and its folders."""

    room: Path
    agency: Agency
    """The head's."""
    truth: Path
    """The embedded agency's own log."""
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    host: str = "127.0.0.1"
    """Where the scheduler listens."""
    tls: Path | None = None
    """Everybody's certificates."""

    @property
    def cluster(self) -> Cluster:
        return Cluster(host=self.host, port=self.port, tls=self.tls)

    @property
    def url(self) -> str:
        return f"{'tls' if self.tls else 'dask'}://{self.host}:{self.port}"

    def scheduler(self) -> None:
        """Start it, or start it again."""
        where = ["--host", self.cluster.address.rpartition(":")[0], "--port", str(self.port), "--no-dashboard"]
        if self.tls:
            files = {"--tls-ca-file": "ca.pem", "--tls-cert": "cert.pem", "--tls-key": "key.pem"}
            where += [word for option, name in files.items() for word in (option, str(self.tls / name))]
        command = [sys.executable, "-c", SCHEDULER, *where, "--dashboard-address", "127.0.0.1:0"]
        self.start("scheduler", command, **NO_PAGES)

    def probe(self, name: str, *more: str, way_in: tuple[str, ...] = ()) -> Path:
        """Start a probe with a copy of the head's folder, or the one that it had before; give its folder."""
        folder = self.room / name
        if not folder.exists():
            folder.mkdir()
            for one in ("agency.toml", "units.csv"):
                shutil.copy(self.agency.folder / one, folder / one)
        at = ("--cluster", self.url, *(("--tls", str(self.tls)) if self.tls else ()))
        command = [sys.executable, "-m", "harness.cli", "probe", str(folder), *at, "--name", name, "--lang", "en"]
        self.start(name, [*way_in, *command, "--ears", "0", *more])
        return folder

    def kill(self, name: str) -> None:
        """SIGKILL."""
        process = self.processes.pop(name)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(LIMIT_S)

    def said(self, name: str) -> str:
        return (self.room / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def joined(self, name: str, times: int = 1) -> None:
        """Wait until a probe has joined so often."""
        until(lambda: self.said(name).count("has joined") >= times, f"{name} joins")

    def dialogs(self) -> int:
        """INVITEs that came to the far end, each with a Call-ID of its own."""
        return len(read_truth(self.truth))

    def close(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, name: str, command: list[str], **variables: str) -> None:
        """Start a process of the cluster, its words in a log of its name."""
        with (self.room / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | variables)


def far_end_script(room: Path) -> Path:
    """Write what the far end does."""
    text = 'title = "far end"\n[[site]]\nid = "hq"\nport = 0\ntransport = "udp"\n'
    for number, steps in ((SHORT, BEHAVIOURS["first ring"]), (LONG, HELD), (OTHER, HELD)):
        text += f'[[extension]]\nnumber = "{number}"\nsite = "hq"\nsteps = {steps}\n'
    (script := room / "far.toml").write_text(text, encoding="utf-8")
    (room / "truth.jsonl").touch()
    return script


def rig_for(room: Path, far: str) -> Rig:
    """The head's folder with a far end there, and nothing started."""
    make_agency(room / "head", dict.fromkeys((SHORT, LONG, OTHER), far))
    path = room / "head" / "agency.toml"
    caps = f"[caps]\nlongest_call_s = {LONGEST_S}\n"
    path.write_text(path.read_text(encoding="utf-8").replace("[caps]\n", caps), encoding="utf-8")
    return Rig(room=room, agency=load_agency(room / "head"), truth=room / "truth.jsonl", port=free_port())


@contextmanager
def rig(room: Path) -> Iterator[Rig]:
    """A scheduler and the embedded agency, up."""
    script = far_end_script(room)
    with ExitStack() as stack:
        far = stack.enter_context(EmbeddedAgency(script, truth=room / "truth.jsonl"))
        found = rig_for(room, far.addresses["hq"])
        stack.callback(found.close)
        found.scheduler()
        yield found


def place(head: Head, rig: Rig, number: str, name: str) -> TestCall:
    """Have one attempt placed."""
    return head.place(plan_call(number, rig.agency), rig.agency, call_id=name, test_id=name)
