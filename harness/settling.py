"""An attempt is settled in the ledger whatever happens to it: void before its INVITE, unknown behind it until judged.

An attempt that is void is dialled again by itself; one that is unknown never is, for somebody may have been rung.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from harness.agency import Agency
from harness.errors import AttemptUnknown, ThirdringError
from harness.ledger import UNKNOWN, settle
from harness.record import Act
from harness.redial import VOID
from harness.softphone.errors import MayHaveDialled

Progress = Callable[[Act], None]


@dataclass
class Came:
    """What came of an attempt, as far as is known."""

    outcome: str = VOID
    """Its outcome for the ledger."""

    def noting(self, progress: Progress) -> Progress:
        """Note that the INVITE is out, which is a call's first act, and tell whoever watches."""

        def noted(act: Act) -> None:
            self.outcome = UNKNOWN
            progress(act)

        return noted


@contextmanager
def settled(agency: Agency, attempt: str) -> Iterator[Came]:
    """Settle a claimed attempt by what came of it when the block is left."""
    came = Came()
    try:
        yield came
    except BaseException as error:
        # An interrupt may come anywhere in the dialling.
        maybe = isinstance(error, MayHaveDialled) or not isinstance(error, Exception)
        came.outcome = UNKNOWN if maybe and came.outcome == VOID else came.outcome
        raise
    finally:
        settle(agency, attempt, came.outcome)


@contextmanager
def unknown_behind_the_invite(attempt: str, came: Came) -> Iterator[None]:
    """Raise AttemptUnknown in the place of what goes wrong where somebody may have been rung."""
    try:
        yield
    except Exception as error:
        if came.outcome != UNKNOWN and not isinstance(error, MayHaveDialled):
            raise
        came.outcome = UNKNOWN
        raise AttemptUnknown("ledger.unknown", attempt_id=attempt, reason=_why(error)) from error


def _why(error: Exception) -> dict[str, str]:
    if isinstance(error, ThirdringError):
        return {lang: error.sentence(lang) for lang in ("zh", "en")}
    return dict.fromkeys(("zh", "en"), f"{type(error).__name__}: {error}")
