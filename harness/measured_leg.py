"""One leg of a call measured: what rang, how often, when it was picked up, and how that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.interval import Interval

HEARD, NOMINAL = "heard", "nominal"
SIGNALLED = "signalled"


@dataclass(frozen=True, kw_only=True)
class MeasuredLeg:
    """What was measured on one leg. Times are on the call's clock; None: it did not happen or cannot be known."""

    leg: str
    """ivr, operator or unit."""
    outcome: str
    """answered, busy, congestion, no_answer, rejected, fault_theirs, fault_ours, none."""
    ring_onset_s: Interval | None = None
    """First ringback burst heard, else the first 18x."""
    rings: tuple[int, int] | None = None
    """Fewest and most ringback periods that began before the pick-up, or before we gave up."""
    rings_source: str | None = None
    """`heard`, or `nominal` when only the time is known."""
    pick_up_s: Interval | None = None
    """When it was picked up."""
    pick_up_source: str | None = None
    """`signalled` by a 200, or `heard`."""
    answer_latency_s: Interval | None = None
    """接聽速度: ring onset → pick-up."""
    waited_s: Interval | None = None
    """Ring onset → our giving up, on a leg that nobody answered."""
    voice_onset_s: Interval | None = None
    """First voice after the pick-up."""
    greeting_latency_s: Interval | None = None
    """Pick-up → first voice."""
    transfer_delay_s: Interval | None = None
    """Digits pressed, or the last word before → ringback or music."""
    provisional: bool = False
    """The voice may be a recording: a person has to say 真人 or 錄音."""
    music: bool = False
    """Music came where ringback or a person was expected."""
    forwarded: bool = False
    """The cadence began anew, or a 181 came: possibly forwarded."""
    recording: str | None = None
    """The kind of known recording heard on it (`harness.prompts.kinds`); None: none."""
    answerer: str | None = None
    """`recording` where a known recording answered and nobody behind it."""
    evidence: tuple[str, ...] = ()
    """What the numbers were drawn from, as `source:what@seconds`."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form; what is not known is null."""
        data = dict(vars(self))
        for name, value in data.items():
            if isinstance(value, Interval):
                data[name] = value.to_dict()
        data["rings"] = None if self.rings is None else {"earliest": self.rings[0], "latest": self.rings[1]}
        return {**data, "evidence": list(self.evidence)}
