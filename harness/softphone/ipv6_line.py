"""A line to a server that has only IPv6, through a relay process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

from harness.softphone.errors import SoftphoneError
from harness.softphone.line import Line

QUIT_S = 2.0


class Ipv6Way:
    """Starts the relay and says what becomes of the line's addresses."""

    def __init__(self, line: Line) -> None:
        found = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](?::(\d+))?", line.server)
        if found is None or line.transport != "udp" or line.proxy:
            raise SoftphoneError("softphone.no_ipv6", line=line.id)
        self._server = line.server
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.softphone.ipv6_relay"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([found[1], int(found[2] or 5060)]) + "\n")
        self._process.stdin.flush()
        told = self._process.stdout.readline()
        if not told:
            self.close()
            raise SoftphoneError("softphone.no_route", line=line.id, server=line.server)
        self._near = f"127.0.0.1:{json.loads(told)['port']}"

    def line(self, line: Line) -> Line:
        """Give the line as pjsip gets it."""
        return replace(line, ipv6=False, bind="127.0.0.1", registrar=self._through(line.registrar))

    def invite(self, invite: dict[str, Any]) -> dict[str, Any]:
        """Give a dial command with the relay in the server's place: it passes on to that server and to no other."""
        leads = invite["leads"]
        near = {"servers": ["127.0.0.1"], "template": self._through(leads["template"])}
        return {**invite, "uri": self._through(invite["uri"]), "leads": {**leads, **near}}

    def _through(self, uri: str) -> str:
        return uri.replace(f"@{self._server}", f"@{self._near}").replace(f"sip:{self._server}", f"sip:{self._near}")

    def close(self) -> None:
        """End the relay."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(QUIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
