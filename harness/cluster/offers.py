"""Offers: each attempt that a probe may make is offered once, and taken once or withdrawn once.

An offer is a file beside the attempt's claim in the head's ledger, and who takes or withdraws it creates a second
one that must not exist yet, forced to the disk: of two runs of one order, wherever Dask began them, one may dial.
What was withdrawn was never dialled and never will be: that is known, not supposed.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.directory_files import settle
from harness.errors import LedgerError
from harness.planned_call import INTERNAL

_OFFER, _TAKEN = ".offer", ".taken"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """An attempt that was offered, and what finds its call again whatever became of the head since."""

    attempt: str
    """The attempt."""
    call_id: str
    """What its call is called."""
    unit: str
    """The unit."""
    number: str
    """What is dialled."""
    line: str
    """The line."""
    scenario: str
    """The scenario."""
    series: str = INTERNAL
    """Who tests."""
    earlier: tuple[dict[str, Any], ...] = ()
    """The attempts before it of the same test."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Who took an offer."""

    run: str
    """The run of the order that may dial; empty: the head withdrew it."""
    probe: str
    """The probe."""
    at: str
    """When, by the head's clock, ISO 8601."""


class Offers:
    """The offers of an agency's ledger. Tokens are this process's: no order of an earlier head can be taken."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._tokens: dict[str, str] = {}

    def make(self, offer: Offer) -> str:
        """Offer a claimed attempt, and give the token that takes it. LedgerError where it was offered before."""
        if not self._create(offer.attempt, _OFFER, asdict(offer)):
            raise LedgerError("ledger.claimed_before", attempt_id=offer.attempt)
        self._tokens[offer.attempt] = secrets.token_hex(16)
        return self._tokens[offer.attempt]

    def take(self, attempt: str, token: str, *, run: str, probe: str, at: str) -> bool:
        """Whether this run, and no other, may dial; asked with what the probe sent, be it what it may."""
        known = self._tokens.get(attempt)
        if not known or not run or not hmac.compare_digest(known.encode(), token.encode("utf-8", "replace")):
            return False
        return self._create(attempt, _TAKEN, asdict(Taken(run=run, probe=probe, at=at)))

    def withdraw(self, attempt: str, *, at: str) -> bool:
        """Take an offer back; True: nobody dialled it, and nobody ever will."""
        self._tokens.pop(attempt, None)
        return self._create(attempt, _TAKEN, asdict(Taken(run="", probe="", at=at))) or self.is_withdrawn(attempt)

    def is_withdrawn(self, attempt: str) -> bool:
        """Whether an offer was taken back before anybody took it."""
        taken = self.taken(attempt)
        return taken is not None and not taken.run

    def taken(self, attempt: str) -> Taken | None:
        """Who took an offer; None: nobody has."""
        path = self._ledger / f"{attempt}{_TAKEN}"
        try:
            return Taken(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):  # cut off inside the write: whoever it was was never told yes
            return Taken(run="?", probe="?", at="")

    def of(self, attempt: str) -> Offer | None:
        """An offer that was made; None where there is none that can be read."""
        try:
            said = json.loads((self._ledger / f"{attempt}{_OFFER}").read_text(encoding="utf-8"))
            return Offer(**{**said, "earlier": tuple(said["earlier"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def open(self) -> Iterator[str]:
        """The attempts that were offered and neither taken nor withdrawn."""
        if self._ledger.is_dir():
            for path in sorted(self._ledger.glob(f"*{_OFFER}")):
                if not path.with_name(f"{path.name.removesuffix(_OFFER)}{_TAKEN}").exists():
                    yield path.name.removesuffix(_OFFER)

    def _create(self, attempt: str, suffix: str, data: dict[str, Any]) -> bool:
        try:
            handle = os.open(self._ledger / f"{attempt}{suffix}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.write(handle, json.dumps(data, ensure_ascii=False).encode())
                os.fsync(handle)
            finally:
                os.close(handle)
            settle(self._ledger)
        except FileExistsError:
            return False
        except OSError as error:
            raise LedgerError("ledger.disk", reason=error.strerror or type(error).__name__) from None
        return True
