"""What the embedded agency really did, on the clock that the caller uses too (CLOCK_MONOTONIC is the system's)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

RING_ONSET = "ring_onset"
"""A ringback burst was sent: the first of a leg is its ring onset."""
ALERTING = "alerting"
"""A 180 was sent: the ring onset of a leg that has no ringback."""
PICK_UP = "pick_up"
VOICE = "voice"
MUSIC = "music"
RECORDING = "recording"
BUSY = "busy"
CONGESTION = "congestion"
REJECTED = "rejected"
RELEASED = "released"
HUNG_UP = "hung_up"
DIGIT = "digit"

RING_PERIOD_S = 3.0
"""Taiwan's cadence: 1 s on, 2 s off."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """One thing that the agency did on one call."""

    call: str
    """Call-ID of the SIP dialog."""
    site: str
    """The trunk it came in on."""
    number: str
    """The number that was called."""
    what: str
    """One of this module's constants."""
    leg: str
    """ivr, operator or unit."""
    at_s: float
    """Seconds of the monotonic clock."""
    detail: str = ""
    """Status code, digit or file."""
    until_s: float | None = None
    """By when a message had gone out that was being sent at `at_s`; None: nothing was sent then."""

    @property
    def late_s(self) -> float:
        """How much later than logged it may have happened: a busy machine puts a sender off between log and socket."""
        return 0.0 if self.until_s is None else max(self.until_s - self.at_s, 0.0)

    def write(self, path: Path) -> None:
        """Append one line of JSON."""
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(self), ensure_ascii=False) + "\n")


@dataclass(frozen=True)
class TrueLeg:
    """What really happened on one leg, drawn from the log."""

    leg: str
    """ivr, operator or unit."""
    ring_onset_s: float | None
    """Monotonic instant of the first ringback burst, else of the 180; None when nothing rang."""
    pick_up_s: float | None
    """Monotonic instant of the pick-up; None when nobody did."""
    rings_audible: bool
    """Whether ringback was sent."""
    onset_late_s: float = 0.0
    """How much later the ring onset may have been."""
    pick_up_late_s: float = 0.0
    """How much later the pick-up may have been."""

    @property
    def answer_latency_s(self) -> float | None:
        """Ring onset to pick-up."""
        if self.ring_onset_s is None or self.pick_up_s is None:
            return None
        return self.pick_up_s - self.ring_onset_s

    @property
    def rings(self) -> int | None:
        """Cadence periods begun before the pick-up."""
        latency = self.answer_latency_s
        return None if latency is None else int(latency // RING_PERIOD_S) + 1


def read_truth(path: Path) -> dict[str, list[Truth]]:
    """Read a log: Call-ID → what happened, in order of time."""
    calls: dict[str, list[Truth]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = Truth(**json.loads(line))
        calls.setdefault(entry.call, []).append(entry)
    return {call: sorted(entries, key=lambda e: e.at_s) for call, entries in calls.items()}


def true_leg(entries: list[Truth], leg: str) -> TrueLeg | None:
    """Draw one leg from a call's log; None when that leg never began."""
    own = [e for e in entries if e.leg == leg]
    if not own:
        return None
    picked = next((e for e in own if e.what == PICK_UP), None)
    heard = [e for e in own if e.what == RING_ONSET and (picked is None or e.at_s < picked.at_s)]
    alerted = [e for e in own if e.what == ALERTING]
    onset = next(iter(heard or alerted), None)
    return TrueLeg(
        leg,
        None if onset is None else onset.at_s,
        None if picked is None else picked.at_s,
        bool(heard),
        onset_late_s=0.0 if onset is None else onset.late_s,
        pick_up_late_s=0.0 if picked is None else picked.late_s,
    )
