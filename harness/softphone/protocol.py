"""The seam between the caller and a telephone, real or scripted: the same caller runs on both.

A call is one ordered stream of signals and one recording that grows from before the INVITE on. Its clock
counts seconds from sample 0 of that recording, so that a position in the file is a time on the call's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harness.number_gate import Permit
from harness.softphone.signals import SipSignal


@dataclass(frozen=True)
class Missing:
    """Sound that was sent and never came."""

    start_s: float
    """Where it begins in the recording."""
    end_s: float
    """Where it ends at the latest."""
    packets: int
    """RTP packets lost in it."""


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What is left of a call when it is over."""

    far: Path
    """What the far end said: 16-bit mono WAV."""
    near: Path
    """What we said: 16-bit mono WAV on the same clock."""
    trace: Path
    """The SIP messages, verbatim, each with its monotonic time."""
    zero_earliest_s: float
    """Earliest instant of sample 0 on the monotonic clock."""
    zero_latest_s: float
    """Latest instant of sample 0."""
    sample_rate_hz: int
    """Rate of both files."""
    wall_s: float | None
    """How long the recorders ran by the monotonic clock; None when the process that held them died."""
    missing: tuple[Missing, ...]
    """Where packets were lost."""
    packets: int
    """RTP packets that came."""
    lost: int
    """RTP packets that did not."""
    sent: int | None = None
    """RTP packets that we sent; None: not counted."""
    reports: int | None = None
    """RTCP reports of the far end about them (RFC 3550 §6.4)."""
    sent_lost: int | None = None
    """Packets of ours that, by its last report, it never got."""
    jitter_buffer_s: float = 0.0
    """Delay in the jitter buffer: its mean and two deviations."""
    fault: str = ""
    """Why the telephone lost the call: our side; empty when it did not."""


class Call(Protocol):
    """One call in progress. Times are seconds of the call's own clock unless they say monotonic."""

    sample_rate_hz: int

    @property
    def zero_s(self) -> float:
        """Monotonic instant of sample 0."""

    @property
    def over(self) -> bool:
        """Whether the call was released and its recording is complete."""

    def now_s(self) -> float:
        """Seconds since sample 0."""

    def advance(self, seconds: float) -> tuple[SipSignal, ...]:
        """Let time pass until something was signalled, at most `seconds`; give what was signalled."""

    def hear(self) -> tuple[NDArray[np.int16], tuple[Missing, ...]]:
        """Give the far end's samples recorded since the last time, and what was found missing since."""

    def play(self, wav: Path) -> None:
        """Begin to play a sound to the far end."""

    def send_digits(self, digits: str, *, method: str) -> None:
        """Send digits as RFC 4733 events or SIP INFO."""

    def bridge(self, other: Call, *, talk: bool = True) -> None:
        """Let another call of the same process hear this one, and with `talk` be heard; again, to change that."""

    def ask(self) -> None:
        """Ask the far end whether it is still there, in the dialog (OPTIONS); its answer is signalled."""

    def hang_up(self) -> None:
        """Release the call: CANCEL before the answer, BYE after it."""

    def finish(self) -> Recording:
        """Release the call if it is up, wait for its recording and give it."""


class Softphone(Protocol):
    """A telephone that can place calls."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate of its recordings, and of what it can play."""

    def dial(self, leave: Permit, *, call_id: str, folder: Path, headers: dict[str, str]) -> Call:
        """Begin recording under `folder` and send the INVITE that the number gate gave leave for."""
