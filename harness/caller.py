"""Places one call: walks a scenario's steps on a telephone, real or scripted, and keeps all that happened.

Nothing is judged here. The caller only decides when to go on; every number is measured afterwards from the
record. All times are seconds of the call's own clock.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from dsp.tone_plan import TonePlan
from harness import scenario as do
from harness.errors import ThirdringError
from harness.live_ear import MUSIC_KNOWN_S, NOTE_S, LiveEar
from harness.number_gate import Permit
from harness.record import Act, CallRecord, on_call_clock
from harness.said import make_ready, said_files
from harness.softphone.protocol import Call, Recording, Softphone
from harness.softphone.signals import RELEASED, REQUEST, RESPONSE, SipSignal

STEP_S = 0.1
"""How long the caller sleeps between two looks; the ear is ≤ 0.5 s behind anyway."""
SETTLE_S = 4.0
"""A gateway that answers early rings on: no ringback for longer than any national period and its margin
(Taiwan 3 s) after a 200 means that the 200 was the pick-up."""
SILENT_S = 10.0
"""Where nothing at all was heard behind a 200: so long an exchange may take until it rings."""
UNHEARD_S = 0.6
"""A burst is known when it is over: so long after one should be, and 15 % of its cadence, it is missed for certain."""
STILL_S = 0.5
"""A burst that begins so shortly before the end of the wait shows that nobody has picked up."""
NO_SIGNAL_S = 36.0
"""Longest wait for anything at all after the INVITE: SIP's own transaction ends after 64 × T1 = 32 s."""
LONGEST_CALL_S = 300.0
"""No call lasts longer, whatever its scenario says, unless the agency sets another limit."""

Progress = Callable[[Act], None]


def place_call(
    scenario: do.Scenario,
    softphone: Softphone,
    *,
    leave: Permit,
    call_id: str,
    folder: Path,
    plan: TonePlan,
    started: datetime,
    longest_s: float = LONGEST_CALL_S,
    headers: dict[str, str] | None = None,
    progress: Progress = lambda _: None,
) -> CallRecord:
    """Dial and walk the scenario to its end; the only step that touches the world.

    Busy, no answer and refusals are in the record, as are failures on our side (`fault`). Raises only what
    kept the call from beginning at all.
    """
    said = said_files(scenario)
    sounds = {
        name: make_ready(path, folder / f"{call_id}.say{n}.wav", sample_rate_hz=softphone.sample_rate_hz)
        for n, (name, path) in enumerate(said.items())
    }
    call = softphone.dial(leave, call_id=call_id, folder=folder, headers=headers or {})
    walk = Walk(call, plan, progress, longest_s=longest_s, sounds=sounds)
    try:
        walk.act("dial", detail=leave.number)
        walk.through(scenario.steps)
    except ThirdringError as error:
        walk.failed(error.key)
    except Exception as error:  # a fault of this program itself: the record is kept, so that it can be heard again
        walk.failed("softphone.broke", f"{type(error).__name__}: {error}")
    finally:
        recording = call.finish()  # whatever went wrong: nobody is left ringing or on the line
        for sound in sounds.values():
            sound.unlink()
    walk.come_to_an_end()
    return _record(walk, recording, scenario, leave, call_id=call_id, plan=plan, started=started)


class Walk:
    """A call in progress and how far its scenario has got."""

    def __init__(
        self,
        call: Call,
        plan: TonePlan,
        progress: Progress,
        *,
        longest_s: float = LONGEST_CALL_S,
        sounds: dict[str, Path] | None = None,
    ) -> None:
        self._longest_s = longest_s
        self._sounds = sounds or {}
        self.call, self.ear = call, LiveEar(call, plan)
        self.signals: list[SipSignal] = []
        self.acts: list[Act] = []
        self.answered_s: float | None = None
        self.released = False
        self.fault = ""
        self._progress = progress

    # --- time passes --------------------------------------------------------------------------------

    def through(self, steps: tuple[do.Step, ...]) -> None:
        """Walk the steps until the last or until the far end is gone."""
        for step in steps:
            if self.released:
                break
            self._walk(step)
        if self.released:
            self.act("released")

    def take(self, signals: tuple[SipSignal, ...]) -> None:
        """Keep signals and note what they mean for the walk."""
        for signal in signals:
            self.signals.append(signal)
            if signal.kind == RESPONSE and signal.method == "INVITE" and 200 <= signal.status < 300:
                if self.answered_s is None:
                    self.answered_s = signal.latest_s - self.call.zero_s
                    self.ear.answered_at(self.answered_s)
            elif signal.kind == RELEASED or (signal.kind == REQUEST and signal.method == "BYE"):
                self.released = True

    def come_to_an_end(self) -> None:
        """Keep what was signalled while the call was released; what failed then changes no number any more."""
        try:
            self.take(self.call.advance(0))
        except ThirdringError:
            self.take(self.call.advance(0))

    def failed(self, key: str, what: str = "") -> None:
        """Keep what went wrong on our side; nobody is told, for telling may be what failed."""
        self.fault = key
        self.acts.append(Act(at_s=round(self.now_s, 4), do="fault", detail=what or key))

    def pump(self) -> None:
        """Let a little time pass; hear and take what came."""
        self.take(self.call.advance(STEP_S))
        self.ear.listen()
        if self.call.over:
            self.released = True
        elif self.now_s > self._longest_s and not self.released:
            self.act("hang_up", detail="longest_call_s")
            self.call.hang_up()
            self.released = True

    @property
    def now_s(self) -> float:
        """Seconds of the call's clock."""
        return self.call.now_s()

    def act(self, what: str, *, leg: str = "", detail: str = "") -> None:
        """Keep what we did, and tell whoever watches."""
        done = Act(at_s=round(self.now_s, 4), do=what, leg=leg, detail=detail)
        self.acts.append(done)
        self._progress(done)

    # --- steps --------------------------------------------------------------------------------------

    def _walk(self, step: do.Step) -> None:
        match step:
            case do.WaitForAnswer():
                self._wait_for_answer(step)
            case do.Listen():
                self._listen(step)
            case do.Press():
                self.act("pressed", leg=step.then_leg or "", detail=step.digits)
                self.call.send_digits(step.digits, method=step.method)
            case do.HoldSilent():
                self._hold(step.seconds)
            case do.HangUp():
                self.act("hang_up")
                self.call.hang_up()
            case do.Dial():
                pass  # the INVITE was sent when the call began

    def _wait_for_answer(self, step: do.WaitForAnswer) -> None:
        begin = self.now_s if self.answered_s is not None else 0.0
        self.act("wait", leg=step.leg)
        ended = ""
        while not ended and not self.released:
            self.pump()
            ended = self._ended(step, begin)
        self.act("answered" if ended == "answered" else "gave_up", leg=step.leg, detail=ended or "released")
        if ended not in ("", "answered") and not self.released:
            self.act("hang_up", leg=step.leg)
            self.call.hang_up()
            self.released = True

    def _ended(self, step: do.WaitForAnswer, begin: float) -> str:
        """Why the wait is over: answered, no_answer, busy, congestion, no_signal; empty while it is not."""
        refused = self.ear.refused(begin)
        if refused:
            return refused
        bursts = self.ear.bursts(begin)
        if self._picked_up(begin, bursts):
            return "answered"
        onset = bursts[0] if bursts else self._alerted_s()
        if onset is not None and self._given_up(step, onset, bursts):
            return "no_answer"
        if onset is None and self.now_s - begin > max(NO_SIGNAL_S, step.give_up_s):
            return "no_signal"
        return ""

    def _given_up(self, step: do.WaitForAnswer, onset: float, bursts: list[float]) -> bool:
        enough = step.give_up_rings is None or len(bursts) >= step.give_up_rings or not bursts
        if self.answered_s is not None and bursts:
            # No 200 will tell any more: a pick-up in the last gap shows only when the next burst does not come.
            enough = enough and bursts[-1] >= onset + step.give_up_s - STILL_S
        late = self.now_s - onset
        # What rings unheard, or stops ringing for ever, is given up by the clock alone.
        return late >= step.give_up_s and (enough or late >= 2 * step.give_up_s)

    def _picked_up(self, begin: float, bursts: list[float]) -> bool:
        if self.answered_s is None:
            return False
        since = max(begin, self.answered_s)
        ringing = [b for b in bursts if b > since - 0.2] if begin == 0.0 else bursts
        if not ringing:
            return self._settled(since, direct=begin == 0.0)
        if begin == 0.0 and any(since <= start < ringing[0] for start, _ in self.ear.voices(since)):
            return True  # somebody spoke first: what rings now is the telephone behind them
        last = ringing[-1]
        if any(start > last for start, _ in self.ear.voices(last)) or self.ear.now == "speech":
            return True
        over = last + 1.15 * (self.ear.period_s + self.ear.burst_s) + UNHEARD_S
        return self.ear.heard_s > over and not self.ear.music(last)

    def _settled(self, since: float, *, direct: bool) -> bool:
        """Nothing rings behind the answer: at once where somebody speaks, after a while where nobody does.

        Behind a menu or an operator a voice may announce the transfer, so there the ringback gets its time.
        """
        voices = self.ear.voices(since)
        # A brief voice may yet turn out to be the first note of a queue's music.
        if direct and any(e - s >= NOTE_S or self.ear.heard_s >= e + MUSIC_KNOWN_S for s, e in voices):
            return True
        quiet_since = max([since, *[end for _, end in voices], *[end for _, end in self.ear.music(since)]])
        speaking = self.ear.now in ("speech", "music")
        enough = SETTLE_S if quiet_since > since else SILENT_S
        return not speaking and self.ear.heard_s - quiet_since > enough and (direct or bool(voices))

    def _alerted_s(self) -> float | None:
        rings = [s for s in self.signals if s.kind == RESPONSE and s.method == "INVITE" and 180 <= s.status < 200]
        if not rings or self.answered_s is not None:
            return None
        return rings[0].latest_s - self.call.zero_s

    def _listen(self, step: do.Listen) -> None:
        begin = max([a.at_s for a in self.acts if a.do in ("pressed", "wait")], default=0.0)
        if step.say:
            self.act("said", detail=step.say)
            self.call.play(self._sounds[step.say])
        end = self.now_s + step.timeout_s
        while not self.released and self.now_s < end and not self._heard(step.until, begin):
            self.pump()

    def _heard(self, until: str, begin: float) -> bool:
        voices = self.ear.voices(begin)
        if until == "voice":
            return bool(voices) or self.ear.now == "speech"
        if until == "silence":
            last = max([begin, *[end for _, end in voices]])
            return self.ear.now is None and self.ear.heard_s - last >= 1.0
        return bool(voices) and self.ear.now != "speech"

    def _hold(self, seconds: float) -> None:
        """Say nothing until `seconds` after the far end's last word, to see who hangs up first."""
        begin = self.now_s
        self.act("held", detail=f"{seconds:g}")
        while not self.released and self.now_s < begin + 60:
            self.pump()
            quiet_since = max([begin, *[end for _, end in self.ear.voices(begin)]])
            if self.ear.refused(quiet_since) or (self.ear.now != "speech" and self.now_s >= quiet_since + seconds):
                return


def _record(
    walk: Walk,
    recording: Recording,
    scenario: do.Scenario,
    leave: Permit,
    *,
    call_id: str,
    plan: TonePlan,
    started: datetime,
) -> CallRecord:
    zero = (recording.zero_earliest_s + recording.zero_latest_s) / 2
    samples = max(recording.far.stat().st_size - 44, 0) // 2 if recording.far.exists() else 0
    return CallRecord(
        call_id=call_id,
        unit=leave.unit.unit,
        number=leave.number,
        scenario=scenario.name,
        started_at=started.isoformat(timespec="milliseconds"),
        zero_s=zero,
        zero_error_s=(recording.zero_latest_s - recording.zero_earliest_s) / 2,
        sample_rate_hz=recording.sample_rate_hz,
        duration_s=samples / recording.sample_rate_hz,
        wall_s=recording.wall_s,
        signals=on_call_clock(tuple(walk.signals), zero),
        acts=tuple(walk.acts),
        legs=scenario.legs,
        tone_plan=plan.name,
        missing=recording.missing,
        packets=recording.packets,
        lost=recording.lost,
        sent=recording.sent,
        reports=recording.reports,
        sent_lost=recording.sent_lost,
        jitter_buffer_s=recording.jitter_buffer_s,
        fault=recording.fault or walk.fault,
        files={"far": recording.far.name, "near": recording.near.name, "trace": recording.trace.name},
    )
