"""What an examination was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from harness.doctor.line_look import WAIT_S

KEY = "key"
"""A person presses a key when the bell rings."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was asked for."""

    line: str = ""
    """Only this line; empty: every line."""
    call: bool = False
    """Whether to place a call."""
    test_number: str | None = None
    """Whom to call; None: the agency's own main number."""
    bell: str = ""
    """Who tells when the bell rings: `key`, the id of a second line, or nobody."""
    wait_s: float = WAIT_S
    """How long a server may take to answer."""
