"""What can go wrong with the telephone itself: our fault, never the unit's.

LineError (3)
└── SoftphoneError        something the SIP stack refused; `key` says what
    ├── LineFull          the worker process has no free leg
    ├── BadAddress        the far end's SIP URI cannot be read
    ├── DigitsNotSent     the far end takes no digits of this kind, or there is no sound to carry them
    └── WorkerLost        the worker process ended; its calls are void
        └── MayHaveDialled    it ended, or was silent, while it dialled: its INVITE may be out
"""

from __future__ import annotations

from errno import EADDRINUSE
from typing import Any

from harness.errors import LineError

TOO_MANY_CALLS = 70010  # PJ_ETOOMANY
PORTS_TAKEN = 120_000 + EADDRINUSE  # as pjlib counts the system's errors
BAD_URIS = (171039, 171040, 171042)  # PJSIP_EINVALIDURI and its neighbours


class SoftphoneError(LineError):
    """The telephone failed."""


class LineFull(SoftphoneError):
    """The worker process has no free leg."""


class BadAddress(SoftphoneError):
    """The SIP URI cannot be dialled."""


class DigitsNotSent(SoftphoneError):
    """Digits could not be sent in a call that goes on."""


class WorkerLost(SoftphoneError):
    """The worker process that held the call has ended."""


class MayHaveDialled(WorkerLost):
    """The worker process did not say whether it dialled: somebody may have been rung."""


KINDS: dict[str, type[SoftphoneError]] = {
    "softphone.line_full": LineFull,
    "softphone.bad_address": BadAddress,
    "softphone.digits_not_sent": DigitsNotSent,
}


def error_of(key: str, **values: Any) -> SoftphoneError:
    """Give the error that a worker process reported by its key."""
    return KINDS.get(key, SoftphoneError)(key, **values)


def softphone_error(what: str, status: int, reason: str) -> SoftphoneError:
    """Give the error of ours that stands for a status of pjsip's."""
    if status == TOO_MANY_CALLS:
        return LineFull("softphone.line_full", what=what)
    if status in BAD_URIS:
        return BadAddress("softphone.bad_address", what=what, reason=reason)
    return SoftphoneError("softphone.refused", what=what, status=status, reason=reason)
