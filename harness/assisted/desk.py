"""A person's own leg of a call: their telephone is rung, bridged with the agency's call, and rung again when lost.

Everything is done at the looks of the call's own thread; nothing here waits, but for the INVITE to go out. Whatever
becomes of this leg, the agency's call stays up: its recording, its signals and its clock are its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from harness.assisted.level import Level
from harness.assisted.silence import Silence
from harness.errors import TesterNotReached, ThirdringError
from harness.number_gate import Permit
from harness.softphone.protocol import Call
from harness.softphone.signals import RELEASED, REQUEST, RESPONSE, SipSignal
from harness.walk.taking_over import BACK_S

RINGS_S = 25.0
"""So long a person's telephone rings before it is given up: eight rings."""
AGAIN_S = 2.0
"""A lost telephone that is engaged yet, or was not lifted, is rung again so much later, until BACK_S after it was lost
or its person was wanted."""
MOST_ANSWERS = 6
"""So often a leg that was answered is lost in one call; then whoever, or whatever, has it does not want it."""


class Rings(Protocol):
    """How a leg is dialled: on the telephone that the call is on, and beside it when it is up."""

    def __call__(self, leave: Permit, *, call_id: str, folder: Path, beside: Call | None) -> Call:
        """Send the INVITE."""


class Desk:
    """One person's leg. `Desk.here` tells whether they are on the line."""

    def __init__(
        self,
        name: str,
        *,
        ring: Rings,
        leave: Callable[[], Permit],
        free: Callable[[], None] = lambda: None,
        own_folder: TemporaryDirectory[str],
    ) -> None:
        """`name` is the person's; `leave` asks the number gate each time, `free` is told when the telephone is free
        again; sound of the leg lies in `own_folder`.

        What the person says to the agency is on our side of the call's recording; what they say unheard by it is
        nobody's business, and goes with that folder.
        """
        self.name = name
        self._ring, self._leave, self._free, self._folder = ring, leave, free, own_folder
        self._call: Call | None = None
        self._calls: list[Call] = []
        self._beside: Call | None = None
        self._talks = False
        self._answers = 0
        self._rung_at_s = self._over_at_s = self._until_s = float("-inf")
        self._answered = self._given_up = False
        self._signals: list[SipSignal] = []
        self._silence, self.level = Silence(), Level()

    # --- before the agency is dialled -----------------------------------------------------------------

    def reach(self, look: Callable[[], bool]) -> None:
        """Ring until somebody answers; TesterNotReached says what came instead. `look` is told now and then, and says
        whether to go on."""
        self._begin()
        while not self.here:
            if not look():
                self.end()
                raise TesterNotReached("telephone.given_up", tester=self.name)
            self._pump(0.1)
            if self._call is None:
                raise self._why()

    def _why(self) -> TesterNotReached:
        final = [s.status for s in self._signals if s.kind == RESPONSE and s.method == "INVITE" and s.status >= 200]
        status = final[-1] if final else 0
        if self._answered:
            return TesterNotReached("telephone.lost", tester=self.name)
        if self._given_up or status in (408, 480):
            return TesterNotReached("telephone.unanswered", tester=self.name, seconds=f"{RINGS_S:g}")
        if status in (486, 600):
            return TesterNotReached("telephone.busy", tester=self.name)
        return TesterNotReached("telephone.refused", tester=self.name, status=status or "—")

    def ring_beside(self, call: Call) -> None:
        """Ring the telephone of somebody who joins a call that is up; raises what keeps it from being rung."""
        self._beside, self._talks = call, False
        self._wait_for_them()
        self._begin()

    @property
    def first(self) -> Call | None:
        """The leg as it was rung first: whoever joins does so in its process."""
        return self._calls[0] if self._calls else None

    # --- beside the agency's call ---------------------------------------------------------------------

    def join(self, call: Call, *, talks: bool) -> None:
        """Let the person hear a call, and with `talks` be heard in it; also after the leg was lost and came back."""
        self._beside, self._talks = call, talks
        if self.here and self._call is not None:
            self._bridge(call, self._call)
        else:
            self._wait_for_them()

    def attend(self) -> None:
        """Take what happened on the leg; ring a lost one again."""
        if self._call is not None:
            self._pump(0.0)
        elif self._beside is not None and not self.given_up and time.monotonic() - self._over_at_s > AGAIN_S:
            try:
                self._begin()
            except ThirdringError:  # no room, no permit: the agency's call goes on all the same
                self._over_at_s = time.monotonic()

    @property
    def here(self) -> bool:
        """Whether somebody has answered and is there."""
        return self._call is not None and self._answered

    @property
    def was_answered(self) -> bool:
        """Whether somebody ever answered, though they be gone again."""
        return self._answers > 0

    @property
    def up(self) -> bool:
        """Whether the telephone is rung, or somebody has answered."""
        return self._call is not None

    @property
    def ringing_s(self) -> float | None:
        """How long it has been rung; None: it is not."""
        return time.monotonic() - self._rung_at_s if self._call is not None and not self._answered else None

    @property
    def given_up(self) -> bool:
        """Whether it will not be rung again."""
        return self._call is None and (self._answers >= MOST_ANSWERS or time.monotonic() > self._until_s)

    @property
    def talks(self) -> bool:
        """Whether the agency hears the person."""
        return self._talks

    def end(self) -> None:
        """Hang up, whatever it was at."""
        self._answers, self._beside = MOST_ANSWERS, None
        call, self._call = self._call, None
        if call is not None:
            call.hang_up()  # its BYE is not waited for: a telephone that is gone answers none
        self._free()
        over, self._calls = [one for one in self._calls if one.over], self._calls[:1]
        if Path(self._folder.name).exists():
            for one in over:
                one.finish()  # whose process died: its farewell is said first
            self._folder.cleanup()

    # --- the leg --------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._answered = self._given_up = False
        self._signals, self._silence, self.level = [], Silence(), Level()
        self._rung_at_s = time.monotonic()
        folder = Path(self._folder.name)
        call_id = f"{folder.name}-{len(self._calls) + 1}"
        try:
            self._call = self._ring(self._leave(), call_id=call_id, folder=folder, beside=self._beside)
        except BaseException:
            self._free()
            raise
        self._calls.append(self._call)

    def _pump(self, seconds: float) -> None:
        call = self._call
        assert call is not None
        try:
            new = call.advance(seconds)
        except ThirdringError:  # what failed on this leg is told by its end
            new = ()
        self._signals += new
        for signal in new:
            self._take(signal, call)
        samples, _ = call.hear()
        self.level.feed(samples, rate=call.sample_rate_hz)
        if call.over or any(s.kind == RELEASED or (s.kind == REQUEST and s.method == "BYE") for s in new):
            self._lost()
        elif not self._answered and time.monotonic() - self._rung_at_s > RINGS_S:
            self._given_up = True
            self._drop(call)
        elif self._is_gone(call):
            self._drop(call)

    def _take(self, signal: SipSignal, call: Call) -> None:
        if signal.kind == RESPONSE and signal.method == "INVITE" and 200 <= signal.status < 300:
            self._answered, self._answers = True, self._answers + 1
            if self._beside is not None:
                self._bridge(self._beside, call)
        self._silence.take(signal, time.monotonic())

    def _is_gone(self, call: Call) -> bool:
        try:
            return self._silence.gone(time.monotonic(), call.ask)
        except ThirdringError:  # its process: nobody can be asked there
            return True

    def _bridge(self, beside: Call, own: Call) -> None:
        """Join the leg with the agency's call; one that cannot be joined is as good as lost, and rung again."""
        try:
            beside.bridge(own, talk=self._talks)
        except ThirdringError:
            self._drop(own)

    def _drop(self, call: Call) -> None:
        call.hang_up()  # its BYE is not waited for: a telephone that is gone answers none
        self._lost()

    def _wait_for_them(self) -> None:
        self._until_s = time.monotonic() + BACK_S

    def _lost(self) -> None:
        self._call, self._over_at_s = None, time.monotonic()
        if self._answered:
            self._wait_for_them()
        self._free()
