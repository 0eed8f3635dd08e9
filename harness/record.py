"""What is kept of one attempt: everything that happened, on the call's own clock, before anything is judged.

The call's clock counts seconds from sample 0 of its recording, so that every time here is a position in it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from harness.softphone.protocol import Missing
from harness.softphone.signals import SipSignal, signal_from_dict

SCHEMA = "thirdring.call/1"
OURS, IMPORTED = "ours", "imported"
LEFT, RIGHT, MIXED = "left", "right", "mixed"
CUT = "softphone.recording_cut"
"""The fault of a call whose recording was."""
CUT_S = 0.25
"""A recorder writes blocks of 0.26 s at 8 kHz: where less is missing, no block is."""


@dataclass(frozen=True, kw_only=True)
class Act:
    """One thing that the scenario did or decided."""

    at_s: float
    """When, on the call's clock."""
    do: str
    """dial, wait, answered, gave_up, pressed, said, held, hang_up, released, fault; of people: marked, tester, …"""
    leg: str = ""
    """The leg it belongs to: ivr, operator, unit."""
    detail: str = ""
    """Digits, file, or what ended the wait."""
    who: str = ""
    """The person who did it; empty: the scenario."""


@dataclass(frozen=True, kw_only=True)
class CallRecord:
    """One attempt, whole: signals, acts and where its sound is."""

    call_id: str
    """Our own id; also the stem of its files in recordings/."""
    unit: str
    """Id of the unit in units.csv."""
    number: str
    """What was dialled."""
    scenario: str
    """Name of the scenario."""
    started_at: str
    """Wall-clock time of the INVITE, ISO 8601 with offset: says when, never how long."""
    zero_s: float
    """Monotonic instant of sample 0."""
    zero_error_s: float
    """Half the width of what is known of it."""
    sample_rate_hz: int
    """Rate of the recording."""
    duration_s: float
    """Length of the recording."""
    wall_s: float | None
    """How long the recorders ran by the monotonic clock; None when their process died."""
    signals: tuple[SipSignal, ...]
    """What was signalled, `earliest_s` and `latest_s` on the call's clock."""
    acts: tuple[Act, ...]
    """What we did."""
    legs: tuple[str, ...]
    """The legs that the scenario waits for, in order."""
    tone_plan: str = "tw"
    """The tones that the ear listened for."""
    missing: tuple[Missing, ...] = ()
    """Where packets were lost."""
    packets: int = 0
    """RTP packets that came."""
    lost: int = 0
    """RTP packets that did not."""
    sent: int | None = None
    """RTP packets that we sent; None: not counted."""
    reports: int | None = None
    """RTCP reports of the far end about them; None: not counted."""
    sent_lost: int | None = None
    """Packets of ours that, by its last report, it never got."""
    jitter_buffer_s: float = 0.0
    """Delay in the jitter buffer, mean and two deviations: so much later than its packet a sound may stand."""
    fault: str = ""
    """What failed on our side: a key of the catalogue; empty when nothing did."""
    files: dict[str, str] = field(default_factory=dict)
    """far, near, trace and, after the call, recording: paths below the agency's folder."""
    source: str = OURS
    """`ours`, or `imported`: a recording of somebody else's, of which nothing was signalled to us."""
    far: str = ""
    """Of an imported recording: on which side the far end is, left, right or mixed with ours."""
    from_dialling: bool = False
    """Of an imported recording: whether somebody said that it begins with the dialling, before any ring."""

    @property
    def imported(self) -> bool:
        """Whether it is a recording from elsewhere."""
        return self.source == IMPORTED

    @property
    def clock_error_s(self) -> float:
        """How far the recording's length is from the time that it ran: sound lost while the machine was busy."""
        return 0.0 if self.wall_s is None else abs(self.duration_s - self.wall_s)

    @property
    def cut(self) -> bool:
        """Whether sound is missing that nobody knows the place of, as where the disk was full: what is in the recording
        may have come later than it stands there."""
        return self.wall_s is not None and self.wall_s - self.duration_s > CUT_S

    @property
    def sip_call_id(self) -> str:
        """Call-ID of the dialog; empty when no INVITE was sent."""
        ids = [value for s in self.signals for name, value in s.headers if name == "call-id"]
        return ids[0] if ids else ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with its schema."""
        data = asdict(self) | {"signals": [s.to_dict() for s in self.signals]}
        return {"schema": SCHEMA, **data}


def record_from_dict(data: dict[str, Any]) -> CallRecord:
    """Read what `CallRecord.to_dict` wrote."""
    kept = {k: v for k, v in data.items() if k != "schema"}
    kept["signals"] = tuple(signal_from_dict(s) for s in data["signals"])
    kept["acts"] = tuple(Act(**a) for a in data["acts"])
    kept["missing"] = tuple(Missing(**m) for m in data["missing"])
    kept["legs"] = tuple(data["legs"])
    return CallRecord(**kept)


def on_call_clock(signals: tuple[SipSignal, ...], zero_s: float) -> tuple[SipSignal, ...]:
    """Move signals from the monotonic clock to the call's."""
    return tuple(
        replace(s, earliest_s=round(s.earliest_s - zero_s, 6), latest_s=round(s.latest_s - zero_s, 6)) for s in signals
    )
