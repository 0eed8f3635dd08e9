"""What stands on a ladder: messages, digits, our acts, and sounds; seconds from the INVITE, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.interval import Interval

SCHEMA = "thirdring.ladder/1"
MESSAGE, DIGIT, PORT, ACT, FAULT, RELEASED = "message", "digit", "media", "act", "fault", "released"
EVENT = "event"


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One thing that happened at an instant."""

    at_s: Interval
    """When, seconds from the INVITE; negative: before it."""
    kind: str
    """message, digit, media (a port of ours opened), act (of the scenario), event (a hold, a transfer, RTP that stops),
    released or fault."""
    direction: str
    """`tx` by us, `rx` from the far end, `own` for what crosses no wire."""
    what: str
    """The message, the digits, the codec, or the act."""
    peer: str = ""
    """Whom it was exchanged with, `host:port`; empty where nothing was sent."""
    branch: str = ""
    """A, B … where the far end forked: which branch a response belongs to; empty: there is one only."""
    dialog: int = 0
    """Which of the calls it belongs to: 0 the first, 1 the one that a redirection or transfer led to, …"""
    sdp: bool = False
    """Whether it carried a session description."""
    again: bool = False
    """Whether it was sent before: a retransmission."""
    note: str = ""
    """What else matters of it: where a transfer leads, why it was refused, a leg."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form; what is empty is left out."""
        kept = {key: value for key, value in vars(self).items() if value not in ("", False, 0)}
        return kept | {"at_s": self.at_s.to_dict()}


@dataclass(frozen=True, kw_only=True)
class Sound:
    """One stretch that was heard from the far end, or is missing."""

    start_s: Interval
    """When its packets began to come, seconds from the INVITE."""
    end_s: Interval
    """When they ended."""
    sound: str
    """ringback, busy, congestion, sit, dial, dtmf, tone, speech, music or missing."""
    ring: int | None = None
    """Which ring of its leg it begins, from 1."""
    detail: str = ""
    """The digit of a key tone, or how many packets are missing."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form; what is empty is left out."""
        kept = {key: value for key, value in vars(self).items() if value not in ("", None)}
        return kept | {"start_s": self.start_s.to_dict(), "end_s": self.end_s.to_dict()}


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """One call, drawn up."""

    call_id: str
    """Our id of it."""
    unit: str
    """Whom it called, by units.csv."""
    number: str
    """What was dialled."""
    started_at: str
    """Wall clock, ISO 8601."""
    peers: tuple[str, ...]
    """Everybody that messages were exchanged with, in the order of their first; never empty."""
    rungs: tuple[Rung, ...]
    """What happened, by time."""
    sounds: tuple[Sound, ...]
    """What was heard, by time."""
    ends_s: float
    """Where the recording or the last message ends, whichever is later."""
    outcome: str
    """How the call ended: answered, busy …"""
    ending: dict[str, str]
    """The same as a sentence, zh and en: what happened and whose doing it was."""
    verbatim: bool
    """Whether the messages are those of the trace; else only those that were signalled to us are known."""
    invited: bool
    """Whether an INVITE was sent; without one the seconds count from the beginning of the recording."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with its schema."""
        return {
            "schema": SCHEMA,
            **{key: value for key, value in vars(self).items() if key not in ("rungs", "sounds", "peers")},
            "ends_s": round(self.ends_s, 4),
            "peers": list(self.peers),
            "rungs": [one.to_dict() for one in self.rungs],
            "sounds": [one.to_dict() for one in self.sounds],
        }
