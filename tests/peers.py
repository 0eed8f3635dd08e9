"""Telephones that are not ours, unpacked into folders of their own (tests/peers/fetch.sh) and run from there.

Where one cannot be had its tests are left out and the last lines of the run say so; with CI=true that is a failure.
"""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

import pytest
from left_out import leave_out

HERE = Path(__file__).parent
CACHE = HERE.parent / ".cache"
FETCH = HERE / "peers" / "fetch.sh"
FETCH_S = 300
"""Asterisk takes 34 s on two cores, SIPp and baresip 15 s."""
NAMES = {"asterisk": "Asterisk", "sipp": "SIPp", "baresip": "baresip"}


@cache
def fetch(peer: str) -> str:
    """Get a peer; returns why it cannot be had, empty when it is there."""
    try:
        done = subprocess.run(["bash", str(FETCH), peer], capture_output=True, text=True, timeout=FETCH_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip() or f"fetch.sh: {done.returncode}"


def need(peer: str, request: pytest.FixtureRequest) -> None:
    """Get a peer, or leave the tests out that need it and say so; with CI=true fail instead."""
    reason = fetch(peer)
    if not reason:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"no {NAMES[peer]}: {reason}", pytrace=False)
    leave_out(NAMES[peer], f"bash tests/peers/fetch.sh {peer}", request.config, reason=reason)


def command(peer: str, program: str) -> list[str]:
    """Give the beginning of a command line: the peer's own loader and libraries, whatever release this machine has."""
    root = CACHE / peer / "root"
    paths = [root / "usr/lib/x86_64-linux-gnu", root / "lib/x86_64-linux-gnu", root / "usr/lib"]
    loader = next(p / "ld-linux-x86-64.so.2" for p in paths if (p / "ld-linux-x86-64.so.2").exists())
    return [str(loader), "--library-path", ":".join(map(str, paths)), str(root / program)]
