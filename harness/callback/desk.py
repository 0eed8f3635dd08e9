"""What is done with incoming calls: a sentence for the test number, a refusal for all else; never for long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from harness.number_text import digits_of, target_of
from harness.softphone.message import Message
from harness.softphone.signals import MEDIA, RELEASED, SipSignal

OK, FORBIDDEN, NOT_FOUND, BUSY = 200, 403, 404, 486
QUIET_S = 0.4
"""Before the sentence and behind it: a telephone's sound is not there at the instant of the answer."""
SPELL_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much is answered."""

    at_once: int = 2
    """Calls that may be up; the next one finds the number engaged."""
    per_hour: int = 60
    """Calls answered in any hour; more is no unit that calls back."""
    longest_s: float = 60.0
    """A call is ended after so many seconds, whatever the caller does."""
    told_per_hour: int = 200
    """Refused calls that are told of in any hour: whoever scans the network fills no disk."""


@dataclass(frozen=True, kw_only=True)
class CallBack:
    """One incoming call, when it is over."""

    at: str
    """When it came, ISO 8601, UTC."""
    line: str
    """Line that it came in on."""
    caller: str
    """Who called, as the far end says; digits where it is a number."""
    called: str
    """The number that was called."""
    status: int
    """What it was answered with: 200, or why not."""
    duration_s: float
    """From our answer to the release; 0 when it was refused."""
    released_by: str = ""
    """far, near or network; empty when it was refused."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form for the log."""
        return dict(vars(self))


class Telephone(Protocol):
    """What the desk needs of the SIP endpoint."""

    def answer(self, leg_id: str, status: int) -> None:
        """Send a response."""

    def play(self, leg_id: str, wav: Path) -> None:
        """Begin to play a sound."""

    def hang_up(self, leg_id: str) -> None:
        """Release the call."""


@dataclass(kw_only=True)
class _Up:
    """A call that was answered."""

    call: CallBack
    answered_s: float
    media_s: float | None = None
    plays_until_s: float | None = None
    leaving: bool = field(default=False)


class Desk:
    """Answers, plays, hangs up and tells; all instants are seconds of one monotonic clock."""

    def __init__(
        self,
        telephone: Telephone,
        *,
        line: str,
        numbers: frozenset[str],
        sentence: Path,
        sentence_s: float,
        tell: Callable[[CallBack], None],
        limits: Limits | None = None,
    ) -> None:
        self._telephone, self._line, self._numbers = telephone, line, numbers
        self._sentence, self._sentence_s, self._tell = sentence, sentence_s, tell
        self._limits = limits or Limits()
        self._up: dict[str, _Up] = {}
        self._answered: list[float] = []
        self._refused: list[float] = []

    @property
    def calls_up(self) -> tuple[str, ...]:
        """Legs that are up."""
        return tuple(self._up)

    def came(self, leg_id: str, invite: Message, *, now_s: float) -> None:
        """Take an INVITE: answer it, or refuse it and tell."""
        status = self._status(invite, now_s)
        call = CallBack(
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            line=self._line,
            caller=caller_of(invite),
            called=_short(invite.called),
            status=status,
            duration_s=0.0,
        )
        if status == OK:
            self._up[leg_id] = _Up(call=call, answered_s=now_s)
            self._answered.append(now_s)
        self._telephone.answer(leg_id, status)
        if status != OK:
            self._tell_refused(call, now_s)

    def _tell_refused(self, call: CallBack, now_s: float) -> None:
        self._refused = [one for one in self._refused if one > now_s - SPELL_S]
        if len(self._refused) < self._limits.told_per_hour:
            self._refused.append(now_s)
            self._tell(call)

    def _status(self, invite: Message, now_s: float) -> int:
        if not self._numbers:
            return FORBIDDEN
        if (digits_of(invite.called) or invite.called) not in self._numbers:
            return NOT_FOUND
        self._answered = [one for one in self._answered if one > now_s - SPELL_S]
        full = len(self._up) >= self._limits.at_once or len(self._answered) >= self._limits.per_hour
        return BUSY if full else OK

    def take(self, leg_id: str, signal: SipSignal, *, now_s: float) -> None:
        """Take what was signalled of a call."""
        up = self._up.get(leg_id)
        if up is None:
            return
        if signal.kind == MEDIA and signal.status and up.media_s is None:
            up.media_s = now_s
        if signal.kind == RELEASED:
            del self._up[leg_id]
            by = {"rx": "far", "tx": "near"}.get(signal.direction, "network")
            duration = round(now_s - up.answered_s, 1)
            self._tell(CallBack(**{**vars(up.call), "duration_s": duration, "released_by": by}))

    def turn(self, *, now_s: float) -> None:
        """Do what is due: begin the sentence, end the call behind it."""
        for leg_id, up in list(self._up.items()):
            if up.plays_until_s is None and up.media_s is not None and now_s >= up.media_s + QUIET_S:
                up.plays_until_s = now_s + self._sentence_s
                self._telephone.play(leg_id, self._sentence)
            over = up.plays_until_s is not None and now_s >= up.plays_until_s + QUIET_S
            if not up.leaving and (over or now_s >= up.answered_s + self._limits.longest_s):
                up.leaving = True
                self._telephone.hang_up(leg_id)


def caller_of(invite: Message) -> str:
    """Who calls, as the far end says: the network's word first (RFC 3325), then the From header."""
    named = {name: value for name, value in reversed(invite.headers)}
    for header in ("p-asserted-identity", "from"):
        value = named.get(header, "")
        target = target_of(value)
        if target is not None and target.digits:
            return target.digits
        if value:
            return _short(value)
    return ""


def _short(text: str) -> str:
    """A far end's text for a log line."""
    return "".join(one if one.isprintable() else "?" for one in text[:80])
