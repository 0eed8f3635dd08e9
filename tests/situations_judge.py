"""Is what was measured of a situation what happened in it? The relay's instants are the truth."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle, islice, pairwise

from situations import FRAME_S, WHOLE, Situation
from steadiness import taken_in_time

from dsp.tone_plan import Tone
from harness.bench.relay import Passed
from harness.interval import Interval, hull
from harness.measure import Measured
from harness.measured_leg import HEARD, MeasuredLeg
from harness.record import CallRecord
from harness.softphone.message import parse_message
from harness.softphone.signals import RESPONSE

SAME_HZ = 5.0
IN_TIME_S = 0.120
"""A jitter buffer that held no more had its packets in time; on a machine with more to do than it can none has."""
LATE_S, PAUSE_S = 0.06, 1.0
"""A sender whose next packet comes so late was stalled; one that pauses for longer was told to."""
CLOCK_S = 0.001
"""Two processes read one clock, and a message is sent between two readings of it."""


@dataclass(frozen=True)
class Happened:
    """One situation, placed."""

    situation: Situation
    """What was to happen."""
    record: CallRecord
    """What our telephone kept."""
    measured: Measured
    """What was measured of it."""
    passed: list[Passed]
    """The far end's messages, as they went on to us."""
    sound_s: list[float]
    """When each packet of the far end's sound came to the relay."""
    status: int | None
    """How SIPp ended; 0: every message came that the scenario expects, and no other."""
    said: str
    """What SIPp complained of."""

    def sent(self, *statuses: int) -> Interval | None:
        """When the first response of these to the INVITE went on to us; call's clock."""
        for one in self.passed:
            message = parse_message(one.text)
            if message.method == "INVITE" and message.status in statuses:
                return Interval(one.earliest_s, one.latest_s).widened(self.record.zero_s, -self.record.zero_s)
        return None

    def played(self, at_s: float) -> Interval | None:
        """When this instant of the sound came by; call's clock."""
        packet = int(at_s / FRAME_S)
        if packet >= len(self.sound_s):
            return None
        came_s = self.sound_s[packet] - self.record.zero_s + at_s - packet * FRAME_S
        return Interval(came_s, came_s)


@dataclass(frozen=True)
class Verdict:
    """One situation, judged."""

    situation: Situation
    """What was to happen."""
    wrong: tuple[str, ...]
    """What is not as it happened, in words; empty: all is right."""
    outcome: str
    """As measured."""
    true_latency_s: float | None
    """Ring onset to pick-up, as it happened."""
    latency_s: Interval | None
    """The same, measured."""
    rings: tuple[int, int] | None
    """As measured."""
    heard: bool
    """Whether the rings were heard."""
    in_time: bool
    """Whether no machine was stalled: every packet was sent, taken and played when it was due."""
    signals_s: tuple[tuple[Interval, Interval], ...]
    """Each signalled instant as our telephone gives it, and between which two instants the relay sent the message."""

    @property
    def signal_errors_s(self) -> tuple[float, ...]:
        """How far the middle of each signalled instant is from when the message was sent."""
        return tuple(_apart_s(told.middle, sent) for told, sent in self.signals_s)


def judge(happened: Happened) -> Verdict:
    """Lay the measured leg beside the truth."""
    leg, kind = happened.measured.legs[-1], happened.situation.kind
    true = _latency(happened)
    wrong = [*_ended(happened, leg)]
    if leg.outcome == "answered" and kind.outcome == "answered":
        wrong += [*_latency_wrong(happened, leg, true), *_rings_wrong(happened, leg)]
    elif leg.answer_latency_s is not None:
        wrong.append(f"a latency where nobody answered: {leg.answer_latency_s}")
    return Verdict(
        situation=happened.situation,
        wrong=tuple(wrong),
        outcome=leg.outcome,
        true_latency_s=None if true is None else true.middle,
        latency_s=leg.answer_latency_s,
        rings=leg.rings,
        heard=leg.rings_source == HEARD and leg.outcome == "answered",
        in_time=_in_time(happened),
        signals_s=tuple(_signals(happened)),
    )


def _in_time(happened: Happened) -> bool:
    halted = any(LATE_S < later - one < PAUSE_S for one, later in pairwise(sorted(happened.sound_s)))
    return taken_in_time(happened.record) and not halted


def _ended(happened: Happened, leg: MeasuredLeg) -> list[str]:
    kind, wrong = happened.situation.kind, []
    if leg.outcome not in outcomes(happened.situation):
        wrong.append(f"outcome {leg.outcome}, not {kind.outcome}")
    if kind.release and happened.measured.first_release != kind.release:
        wrong.append(f"{happened.measured.first_release} hung up first, not {kind.release}")
    if happened.record.fault:
        wrong += [f"fault {happened.record.fault}: {a.detail}" for a in happened.record.acts if a.do == "fault"]
    if leg.forwarded != kind.forwarded:
        wrong.append("forwarded" if leg.forwarded else "not marked as forwarded")
    if happened.status != 0:
        wrong.append(f"SIPp {happened.status}: {' '.join(happened.said.split())[:300]}")
    return wrong


def outcomes(situation: Situation) -> tuple[str, ...]:
    """What the leg may be called: some exchanges send one and the same tone for busy and for congestion.

    Australia's differ in level; the tables that everybody copies write that as 420 Hz beside 425.
    """
    outcome, tones = situation.kind.outcome, situation.tones
    alike = tones.busy is not None and tones.congestion is not None and _alike(tones.busy, tones.congestion)
    return ("busy", "congestion") if outcome == "congestion" and alike else (outcome,)


def _alike(one: Tone, other: Tone) -> bool:
    """Whether every other burst of a tone is 5 Hz off at most, and all else is the same."""
    steps = list(islice(cycle(one.steps), max(len(one.steps), len(other.steps))))
    return len(steps) == len(other.steps) and all(
        mine.duration_s == theirs.duration_s
        and len(mine.frequencies_hz) == len(theirs.frequencies_hz)
        and all(abs(a - b) <= SAME_HZ for a, b in zip(mine.frequencies_hz, theirs.frequencies_hz, strict=True))
        for mine, theirs in zip(steps, other.steps, strict=True)
    )


def _latency(happened: Happened) -> Interval | None:
    """Ring onset to pick-up as it happened; from none to all of it where nothing says when it began to ring."""
    situation, answered = happened.situation, happened.sent(200)
    if situation.kind.outcome != "answered" or answered is None:
        return None
    match situation.kind.rings:
        case "told":
            onset, picked = happened.sent(180), answered
        case "heard":
            onset, picked = happened.played(0.0), answered
        case "either":
            onset, picked = _hull(happened.sent(180), happened.played(0.0)), answered
        case "gateway":
            onset, picked = happened.played(0.0), happened.played(situation.rang_s)
        case _:
            alerted = happened.sent(183)
            return None if alerted is None else Interval(0.0, (answered - alerted).earliest)
    return None if onset is None or picked is None else picked - onset


def _hull(one: Interval | None, other: Interval | None) -> Interval | None:
    return None if one is None or other is None else hull([one, other])


def _latency_wrong(happened: Happened, leg: MeasuredLeg, true: Interval | None) -> list[str]:
    measured = leg.answer_latency_s
    if measured is None:
        return ["no latency"] if _must_be_measured(happened) else []
    if true is None:
        return [f"no truth for {measured}"]
    wide = measured.widened(CLOCK_S, CLOCK_S)
    # Where the ringing may have begun at any time, all of it must be left open.
    unknown = happened.situation.kind.rings == "unknown"
    held = (true.earliest in wide and true.latest in wide) if unknown else wide.meet(true) is not None
    return [] if held else [f"latency {measured.earliest:.3f} to {measured.latest:.3f}, not {true.middle:.3f}"]


def _rings_wrong(happened: Happened, leg: MeasuredLeg) -> list[str]:
    true, kind = happened.situation.rings, happened.situation.kind
    if kind.silent:
        # Heard once; how often it rang unheard behind that nobody knows.
        open_ = leg.rings is None or (leg.rings[0] <= 1 and leg.rings[1] >= true)
        return [] if open_ else [f"{leg.rings} rings where ringing stopped"]
    if leg.rings is None:
        return ["no rings"] if _must_be_measured(happened) else []
    held = leg.rings[0] <= true <= leg.rings[1]
    return [] if held else [f"rings {leg.rings}, not {true}"]


def _must_be_measured(happened: Happened) -> bool:
    """Whether a missing number is wrong: of a burst or two that were torn on the way nothing need be known."""
    in_time = happened.situation.network in WHOLE and happened.record.jitter_buffer_s < IN_TIME_S
    return in_time or happened.situation.kind.rings == "told"


def _apart_s(at_s: float, sent: Interval) -> float:
    return max(sent.earliest - at_s, at_s - sent.latest, 0.0)


def _signals(happened: Happened) -> list[tuple[Interval, Interval]]:
    """Each response to the INVITE, as our telephone has it and as the relay sent it; in the order of each status."""
    told = [s for s in happened.record.signals if s.kind == RESPONSE and s.method == "INVITE" and s.direction == "rx"]
    sent: dict[int, list[Interval]] = {}
    for one in happened.passed:
        message = parse_message(one.text)
        if message.method == "INVITE" and message.status:
            at = Interval(one.earliest_s, one.latest_s).widened(happened.record.zero_s, -happened.record.zero_s)
            sent.setdefault(message.status, []).append(at)
    pairs = []
    for status in {s.status for s in told}:
        ours = [Interval(s.earliest_s, s.latest_s) for s in told if s.status == status]
        pairs += list(zip(ours, sent.get(status, []), strict=False))
    return pairs
