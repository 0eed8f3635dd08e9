"""What the telephone's library on this machine was made of, as it says itself; nothing here loads it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

from harness.softphone.errors import SoftphoneError

OLDEST_OPENSSL = 0x30000000
"""OPENSSL_VERSION_NUMBER of 3.0.0: what came before gets no security updates any more."""
START_S = 60.0
"""Starting an interpreter and pjsua2 on a loaded machine."""


@dataclass(frozen=True)
class Library:
    """What a pjsua2 is able to do."""

    openssl: int | None
    """OPENSSL_VERSION_NUMBER of the OpenSSL that it speaks TLS with; None: not to be known."""
    most_calls: int
    """Calls that a process of it holds, by the way it was compiled."""

    @property
    def old_openssl(self) -> bool:
        """Whether its TLS is of an OpenSSL that nobody mends; one that cannot be known is taken for old."""
        return self.openssl is None or self.openssl < OLDEST_OPENSSL

    @property
    def openssl_text(self) -> str:
        """The version as OpenSSL writes it: `1.0.2k`, `3.0.19`."""
        return "?" if self.openssl is None else version_text(self.openssl)


def version_text(number: int) -> str:
    """Write an OPENSSL_VERSION_NUMBER: 0xMNNFFPPS, from 3.0 on 0xMNN00PP0 (OPENSSL_VERSION_NUMBER(3))."""
    major, minor, fix, patch = number >> 28, number >> 20 & 0xFF, number >> 12 & 0xFF, number >> 4 & 0xFF
    if major >= 3:
        return f"{major}.{minor}.{patch}"
    return f"{major}.{minor}.{fix}" + (chr(ord("a") + patch - 1) if patch else "")


@cache
def library() -> Library:
    """Ask the library in a process of its own, once: what it loads and may do has no place in ours."""
    command = [sys.executable, "-m", "harness.softphone.pjsip"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=START_S, check=True)
        return Library(**json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError) as error:
        raise SoftphoneError("softphone.no_library", reason=type(error).__name__) from None
