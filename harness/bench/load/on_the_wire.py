"""What we say of a call beside what crossed the wire: the instants of its messages, its frames, its truth."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.agency import Agency
from harness.bench.load.capture import Captured, Said, call_id_of
from harness.bench.load.far_sound import RINGS
from harness.bench.load.lateness import LATE_S, Floats, late_s, unwrapped
from harness.planned_call import TestCall
from harness.softphone.signals import REQUEST, RESPONSE, SipSignal
from harness.test_call import call_folder

FEWEST_FRAMES = 50
"""A second of a stream: less says nothing of its soonest frame."""


@dataclass(frozen=True)
class Truth:
    """What crossed the wire of one call, monotonic seconds."""

    invited_s: float
    """Our INVITE."""
    onset_s: float | None
    """The first 18x without sound, else the first packet that is not silent."""
    answered_s: float | None
    """The 200."""
    released_s: float | None
    """The BYE."""
    port: int
    """Where we wanted to hear the far end."""


@dataclass(frozen=True)
class Frames:
    """Our frames within a window."""

    streams: int
    """How many streams they make."""
    count: int
    """How many there are."""
    late_s: Floats
    """How late each was."""
    missing: int
    """Sequence numbers that never came."""

    @property
    def late(self) -> int:
        """How many missed their turn."""
        return int((self.late_s > LATE_S).sum())


def by_call(captured: Captured) -> dict[str, list[Said]]:
    """The messages of each Call-ID, in order."""
    calls = defaultdict[str, list[Said]](list)
    for said in captured.said:
        calls[said.call].append(said)
    return dict(calls)


def truth_of(messages: Sequence[Said], captured: Captured) -> Truth | None:
    """The truth of a call from its messages and its first packet; None where its INVITE was not seen."""
    invite = next((one for one in messages if _is(one, "INVITE")), None)
    if invite is None:
        return None
    described = re.search(r"(?m)^m=audio (\d+)", invite.text)
    port = int(described[1]) if described else 0
    answer = next((one for one in messages if _is(one, "INVITE", 200)), None)
    rung = next((one.at_s for one in messages if 180 <= one.parsed.status <= 189 and not one.parsed.has_sdp), None)
    bye = next((one for one in messages if _is(one, "BYE")), None)
    return Truth(
        invited_s=invite.at_s,
        onset_s=rung if rung is not None else _first_packet(captured.sound, port, invite.at_s),
        answered_s=answer.at_s if answer else None,
        released_s=bye.at_s if bye else None,
        port=port,
    )


def _is(said: Said, method: str, status: int = 0) -> bool:
    return (said.parsed.method, said.parsed.status) == (method, status)


def _first_packet(sound: NDArray[np.void], port: int, after_s: float) -> float | None:
    found = np.flatnonzero((sound["target"] == port) & (sound["at_s"] >= after_s) & sound["sounds"])
    return float(sound["at_s"][found[0]]) if len(found) else None


def stamp_errors_s(test: TestCall, messages: Sequence[Said]) -> Iterator[float]:
    """How far our instants of the 18x, the 200 and the BYE are from the wire's, of one call."""
    wanted = [s for s in test.record.signals if _counts(s)]
    for signal in wanted:
        crossed = next((one.at_s for one in messages if _is(one, signal.method, signal.status)), None)
        if crossed is not None:
            yield test.record.zero_s + signal.latest_s - crossed


def _counts(signal: SipSignal) -> bool:
    if signal.kind == RESPONSE:
        return signal.method == "INVITE" and signal.direction == "rx" and signal.status in (*range(180, 190), 200)
    return signal.kind == REQUEST and signal.method == "BYE"


def wire_of(test: TestCall, agency: Agency, calls: dict[str, list[Said]]) -> list[Said]:
    """The messages of one of our calls, by the Call-ID in its own trace."""
    trace = call_folder(agency, test.record) / test.record.files["trace"]
    return calls.get(call_id_of(trace.read_text(encoding="utf-8", errors="replace")), [])


def faults(test: TestCall, truth: Truth | None) -> tuple[str, ...]:
    """What our measurement says and the wire does not, by name; empty for a call measured right."""
    legs = test.measured.legs
    if truth is None or truth.onset_s is None or truth.answered_s is None:
        return ("truth",)
    if test.measured.outcome != "answered" or len(legs) != 1:
        return ("outcome",)
    (leg,), took_s = legs, truth.answered_s - truth.onset_s
    wrong = {
        "interval": leg.answer_latency_s is None or took_s not in leg.answer_latency_s,
        "rings": leg.rings is None or not leg.rings[0] <= RINGS <= leg.rings[1],
    }
    return tuple(name for name, holds in wrong.items() if holds)


def our_frames(captured: Captured, ports: Sequence[int], *, begin_s: float, end_s: float) -> Frames:
    """The frames that left our ports within a window, each against the soonest of its stream."""
    sound = captured.sound
    inside = sound[(sound["at_s"] >= begin_s) & (sound["at_s"] <= end_s) & np.isin(sound["source"], ports)]
    late, missing, streams = [np.empty(0)], 0, 0
    for one in _streams(inside):
        if len(one) < FEWEST_FRAMES:
            continue
        streams += 1
        late.append(late_s(one["sequence"].astype(np.int64), one["at_s"]))
        missing += _missing(one["sequence"])
    found = np.concatenate(late)
    return Frames(streams, len(found), found, missing)


def _streams(rows: NDArray[np.void]) -> Iterator[NDArray[np.void]]:
    keys = rows["ssrc"].astype(np.uint64) << np.uint64(16) | rows["source"]
    for key in np.unique(keys):
        yield rows[keys == key]


def _missing(sequence: NDArray[np.uint16]) -> int:
    whole = unwrapped(sequence.astype(np.int64))
    return int(whole.max() - whole.min() + 1 - len(np.unique(whole)))
