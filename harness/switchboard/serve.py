"""The embedded agency as a whole: one process for each of its trunks, started and ended together."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.errors import LineError
from harness.switchboard.script import load_script

END_S = 5.0
"""How long a trunk may take to end before it is killed."""


class EmbeddedAgency:
    """Runs a script's trunks as processes of their own; `addresses` says where each listens."""

    def __init__(self, script: Path, *, truth: Path) -> None:
        self._script, self._truth = script, truth
        self._processes: list[subprocess.Popen[bytes]] = []
        self.addresses: dict[str, str] = {}

    def __enter__(self) -> Self:
        sites = [site.id for site in load_script(self._script).site]
        try:
            self._processes = [self._start(site) for site in sites]
            for site, process in zip(sites, self._processes, strict=True):
                self.addresses[site] = f"127.0.0.1:{self._port(site, process)}"
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self, site: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "harness.switchboard.site", str(self._script)]
        with self._log(site).open("wb") as log:
            return subprocess.Popen(
                [*command, "--site", site, "--truth", str(self._truth)], stdout=subprocess.PIPE, stderr=log
            )

    def _log(self, site: str) -> Path:
        return self._truth.with_name(f"{self._truth.stem}-{site}.log")

    def _port(self, site: str, process: subprocess.Popen[bytes]) -> int:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            why = self._log(site).read_text(encoding="utf-8", errors="replace")[-400:]
            raise LineError("switchboard.not_started", site=site, why=why)
        return int(json.loads(line)["port"])

    @property
    def pids(self) -> tuple[int, ...]:
        """The trunks' processes."""
        return tuple(process.pid for process in self._processes)

    def running(self) -> bool:
        """Whether every trunk still runs."""
        return all(process.poll() is None for process in self._processes)

    def stop(self) -> None:
        """End every trunk: ask first, then kill; only processes of our own."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self._processes.clear()


def serve(script: Path, *, truth: Path, ready: Callable[[dict[str, str]], None]) -> None:
    """Run an embedded agency until interrupted; `ready` is told each trunk's address."""
    with EmbeddedAgency(script, truth=truth) as agency:
        ready(agency.addresses)
        while agency.running():
            time.sleep(0.2)
