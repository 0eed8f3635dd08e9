"""A call in progress: what was signalled, heard and done so far, and time that passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dsp.tone_plan import TonePlan
from harness.errors import ThirdringError
from harness.live_ear import LiveEar
from harness.number_gate import Keys
from harness.prompts.marks import Mark
from harness.record import Act
from harness.softphone.protocol import Call
from harness.softphone.signals import RELEASED, REQUEST, RESPONSE, SipSignal
from harness.walk.far_tester import FarTester, NoTester

STEP_S = 0.1
"""How long the caller sleeps between two looks; the ear is ≤ 0.5 s behind anyway."""
LONGEST_CALL_S = 300.0
"""No call lasts longer, whatever its scenario says, unless the agency sets another limit."""

Progress = Callable[[Act], None]


class CallInProgress:
    """One call: every step looks at it and acts on it."""

    def __init__(
        self,
        call: Call,
        plan: TonePlan,
        progress: Progress,
        *,
        longest_s: float = LONGEST_CALL_S,
        sounds: Mapping[int, Path] | None = None,
        marks: Sequence[Mark] = (),
        tester: FarTester | None = None,
        keys: Keys | None = None,
    ) -> None:
        self._longest_s, self._progress = longest_s, progress
        self.call, self.ear = call, LiveEar(call, plan, marks)
        self.sounds = sounds or {}
        self.tester, self.keys = tester or NoTester(), keys or Keys()
        self.signals: list[SipSignal] = []
        self.acts: list[Act] = []
        self.answered_s: float | None = None
        self.asked_s: float | None = None
        """Since when the next telephone may ring: keys were pressed, or somebody was asked for a transfer."""
        self.moved_s: float | None = None
        """Since when the call is put through to somebody else, who may have answered already."""
        self.released = False
        self.fault = ""

    @property
    def now_s(self) -> float:
        """Seconds of the call's clock."""
        return self.call.now_s()

    def pump(self) -> None:
        """Let a little time pass; hear and take what came."""
        self.take(self.call.advance(STEP_S))
        self.ear.listen()
        if self.call.over:
            self.released = True
        elif self.now_s > self._longest_s and not self.released:
            self.hang_up(detail="longest_call_s")

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

    def since(self, at_s: float) -> list[SipSignal]:
        """Give what was signalled from an instant of the call's clock on."""
        return [one for one in self.signals if one.latest_s - self.call.zero_s >= at_s]

    def act(self, what: str, *, leg: str = "", detail: str = "") -> None:
        """Keep what we did, and tell whoever watches."""
        done = Act(at_s=round(self.now_s, 4), do=what, leg=leg, detail=detail)
        self.acts.append(done)
        self._progress(done)

    def hang_up(self, *, leg: str = "", detail: str = "") -> None:
        """End the call from our side."""
        self.act("hang_up", leg=leg, detail=detail)
        self.call.hang_up()
        self.released = True

    def failed(self, key: str, what: str = "") -> None:
        """Keep what went wrong on our side; nobody is told, for telling may be what failed."""
        self.fault = key
        self.acts.append(Act(at_s=round(self.now_s, 4), do="fault", detail=what or key))

    def come_to_an_end(self) -> None:
        """Keep what was signalled while the call was released; what failed then changes no number any more."""
        try:
            self.take(self.call.advance(0))
        except ThirdringError:
            self.take(self.call.advance(0))
