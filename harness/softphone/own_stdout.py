"""pjlib prints on standard output while it starts: keep that for our own lines, and send the rest to stderr."""

from __future__ import annotations

import os


def claim_stdout() -> int:
    """Give a descriptor of the real standard output; what libraries print goes to standard error from now on."""
    own = os.dup(1)
    os.dup2(2, 1)
    return own
