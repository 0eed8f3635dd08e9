"""A call in progress: what was signalled, heard and done so far, and time that passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dsp.tone_plan import TonePlan
from harness.errors import ThirdringError
from harness.hearing_together import TOGETHER
from harness.live_ear import LiveEar
from harness.number_gate.pressed_digits import Keys
from harness.prompts.marks import Mark
from harness.record import Act
from harness.softphone.errors import DigitsNotSent
from harness.softphone.protocol import Call
from harness.softphone.signals import MEDIA, NO_EVENTS, RELEASED, REQUEST, RESPONSE, SipSignal
from harness.walk.far_tester import FarTester, NoTester
from harness.walk.watching import Nobody, TakenOver, Watcher

if TYPE_CHECKING:
    from harness.walk.answer import Wait

STEP_S = 0.1
"""How long the caller sleeps between two looks; the ear is ≤ 0.5 s behind anyway."""
CROWDED_STEP_S = 0.5
"""The same where nobody looks on and a crowd of calls is up: to wake 150 threads ten times a second cost as much as
their ears. What is signalled wakes a caller at once all the same, what is heard does within a second, and every instant
is measured by the sound."""
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
        watcher: Watcher | None = None,
        tones: Callable[[str], Path] | None = None,
    ) -> None:
        self._longest_s, self._progress = longest_s, progress
        self.call, self.ear = call, LiveEar(call, plan, marks)
        self.sounds = sounds or {}
        self.tones = tones
        """Makes the tones of digits ready to be played; None: nobody presses anything by tones."""
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
        self.step: int | None = None
        """Which of the scenario's steps is walked, from 0."""
        self.wait: Wait | None = None
        """The leg that is waited for, or was last."""
        self.silent: tuple[float, float] | None = None
        """Since when nobody has said anything, and how long that is waited for."""
        self.who = ""
        """Who has the call when it is handed over; empty: nobody that is known by name."""
        self.taken = False
        """Whether somebody takes the call over as soon as its step may end."""
        self.may_end_step = False
        """Whether the step that is walked may end in the middle."""
        self.excuses = False
        """Whether the courtesy sentence is said to whoever waits for somebody who does not come."""
        self.unsent: ThirdringError | None = None
        """Why what a person pressed last could not be sent; whoever shows the call takes it."""
        self._watcher = watcher or Nobody()

    @property
    def longest_s(self) -> float:
        """When the call is ended, whatever it is at."""
        return self._longest_s

    @property
    def now_s(self) -> float:
        """Seconds of the call's clock."""
        return self.call.now_s()

    def pump(self) -> None:
        """Let a little time pass; hear and take what came."""
        try:
            self.take(self.call.advance(self._step_s()))
        except DigitsNotSent as error:
            self._refuse_press(error)
        self.ear.listen(at_once=self._watcher.looks_on)
        if self.call.over:
            self.released = True
        elif self.now_s > self._longest_s and not self.released:
            self.hang_up(detail="longest_call_s")
        self._watcher.look(self)
        if self.taken and self.may_end_step and not self.released:
            raise TakenOver

    def _step_s(self) -> float:
        return CROWDED_STEP_S if TOGETHER.crowded and not self._watcher.looks_on else STEP_S

    @property
    def takes_events(self) -> bool:
        """Whether digits go to the far end as events; what is described without them gets tones in the sound."""
        media = [one for one in self.signals if one.kind == MEDIA and one.status]
        return not media or NO_EVENTS not in media[-1].headers

    def _refuse_press(self, error: DigitsNotSent) -> None:
        """What a person pressed and cannot be sent costs the call nothing; a scenario's digits void it."""
        pressed = [act for act in self.acts if act.do == "pressed"]
        if not pressed or not pressed[-1].who:
            raise error
        self.act("refused", detail=pressed[-1].detail, who=pressed[-1].who)
        self.unsent = error

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

    def act(self, what: str, *, leg: str = "", detail: str = "", who: str = "") -> None:
        """Keep what we did, or what a person did (`who`), and tell whoever watches."""
        done = Act(at_s=round(self.now_s, 4), do=what, leg=leg, detail=detail, who=who)
        self.acts.append(done)
        self._progress(done)

    def hang_up(self, *, leg: str = "", detail: str = "", who: str = "") -> None:
        """End the call from our side."""
        self.act("hang_up", leg=leg, detail=detail, who=who)
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
