"""Errors of pjsua2 as errors of ours."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import pjsua2 as pj

from harness.softphone.errors import softphone_error


@contextmanager
def mapped(what: str) -> Any:
    """Turn what pjsua2 raises into a `SoftphoneError` that says what was tried."""
    try:
        yield
    except pj.Error as error:
        raise softphone_error(what, error.status, error.reason) from None
