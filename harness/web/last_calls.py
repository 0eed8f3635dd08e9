"""Before the server goes down: nothing more is dialled, and whoever talks on a call keeps it, and the page that they
talk by, until that is over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from harness.errors import ThirdringError

if TYPE_CHECKING:
    from harness.web.daemon import Daemon
    from harness.web.site import Site

KEEPING_S = 90.0
"""What a call needs around its conversation: a telephone that is rung (25 s), the ear, the recording that is kept."""
LONGEST_CALL_S = 1800.0
"""Where the agency's settings cannot be read any more: no agency may set more."""
LOOK_S = 0.1


def let_calls_end(site: Site, daemon: Daemon | None) -> None:
    """Dial nothing more, then wait for every call of this process, no longer than the longest may be; the programme's
    calls are waited for too, since a convener may listen to one by the browser or have taken it over."""
    site.assisted.dial_no_more()
    if daemon:
        daemon.dial_no_more()
    end = time.monotonic() + _longest_s(site) + KEEPING_S
    while (site.assisted.running or site.calls.up()) and time.monotonic() < end:
        time.sleep(LOOK_S)


def _longest_s(site: Site) -> float:
    try:
        return site.agency().settings.caps.longest_call_s
    except ThirdringError:
        return LONGEST_CALL_S
