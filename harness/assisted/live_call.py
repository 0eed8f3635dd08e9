"""One call as people see it while it lasts, and what they do in it. Made by `LiveCalls.begin`.

Whoever shows it reads states and gives commands from any thread; the call's own thread looks in (`look`), does the
commands, attends to the legs of the people, and draws the next picture. Nobody who looks on can hold the call up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.assisted.commands import Command, Commands
from harness.assisted.desk import Desk
from harness.assisted.drawing import known_of, phase_of
from harness.assisted.people import People
from harness.assisted.picture import picture
from harness.assisted.state import Asked, Countdown, LiveState, Phase
from harness.errors import Refused, TesterNotReached, ThirdringError
from harness.softphone.protocol import Call
from harness.walk.progress import CallInProgress
from harness.walk.taking_over import LOST, NOBODY

if TYPE_CHECKING:
    from harness.planned_call import Plan, TestCall
    from harness.record import Act

LOOKED_AT_S = 10.0
"""A picture is drawn while somebody asked for one so lately; drawing it costs the call's thread a millisecond."""


class LiveCall(Commands):
    """A call in progress; a `Watcher` to the walk."""

    def __init__(
        self, *, call_id: str, tester: str, plan: Plan, number: str, questions: tuple[Asked, ...], muted: bool
    ) -> None:
        super().__init__(tester=tester, muted=muted)
        self.call_id, self.attempt = call_id, 1
        self.call_ids = [call_id]
        """Of all its attempts: a page goes on under the id that it was opened with."""
        self.plan, self.number, self.questions = plan, number, questions
        self.phase_now: Phase = "waits"
        self.redial: Countdown | None = None
        self.outcome = self.sentence = ""
        self._muted = muted
        self._last = self._placed = False
        self._changed = threading.Condition()
        self._asked_at_s = float("-inf")
        self._state = picture(known_of(self, 1), None, ringing_s=None)

    # --- whoever shows it: any thread -----------------------------------------------------------------

    def state(self) -> LiveState:
        """The call as it is now."""
        with self._changed:
            self._asked_at_s = time.monotonic()
            return self._state

    def wait(self, seen: int, timeout_s: float) -> LiveState | None:
        """The next state after the one of serial `seen`; None when there was none in that time."""
        with self._changed:
            self._asked_at_s = time.monotonic()
            came = self._changed.wait_for(lambda: self._state.serial > seen, timeout_s)
            self._asked_at_s = time.monotonic()
            return self._state if came else None

    def dial_no_more(self) -> None:
        """The server ends: an attempt that is up comes to its end, and nothing is dialled after it."""
        with self._dialling:
            self._last = True
            if self._going is None:
                self.stopped = True

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self.phase_now == "over"

    @property
    def refused(self) -> str:
        """Why the last command was not done."""
        return self._refused

    @property
    def dialled_already(self) -> bool:
        """Whether the agency was dialled in this attempt."""
        return self._going is not None

    # --- whoever places it ----------------------------------------------------------------------------

    def rings(self, desk: Desk) -> Callable[[], bool]:
        """The tester's telephone is about to be rung; gives what is asked, now and then, whether to go on."""
        self.people.tester = desk
        self.phase("rings_tester")

        def go_on() -> bool:
            self._draw()
            return not self.stopped

        return go_on

    def dialled(self, call: Call) -> None:
        """The agency's telephone was dialled."""
        self.people.dialled(call)
        self.phase("dials")

    def phase(self, phase: Phase) -> None:
        """It has come so far."""
        self.phase_now = phase
        self._draw(always=True)

    @property
    def goes_on(self) -> bool:
        """Whether the test may be dialled again: nobody gave it up, and the server stays."""
        return not (self.stopped or self._last)

    def waits_to_redial(self, left_s: float, of_s: float) -> bool:
        """The test is dialled again in so many seconds; False when somebody does not want that any more."""
        self.redial = Countdown(what="redial", left_s=left_s, of_s=max(of_s, left_s))
        self.phase("redial")
        return self.goes_on

    def next_attempt(self, call_id: str, attempt: int) -> None:
        """Another attempt of the same test begins, with new legs."""
        self.call_id, self.attempt, self._going, self.redial = call_id, attempt, None, None
        self.call_ids.append(call_id)
        self.people = People(muted=self._muted)
        self._commands.clear()  # what was said of the attempt before is nothing of this one
        self._doings = []

    def came_to(self, test: TestCall) -> TestCall:
        """An attempt is over and kept; gives it back."""
        self._going = None
        lost = lost_tester(test.record.acts)
        self.outcome = "tester_lost" if lost else test.measured.outcome
        self.sentence = "\n".join(test.ending.sentence.values())
        return test

    def ends_with(self, test: TestCall, error: ThirdringError) -> None:
        """It is not dialled again, for what is told; what came of it is the last attempt that was kept."""
        self.call_id, self.attempt = test.record.call_id, self.call_ids.index(test.record.call_id) + 1
        self.sentence += f"\n{error.sentence()}"

    @contextmanager
    def until_over(self) -> Iterator[None]:
        """Whatever the block ends by, every leg is hung up and the call is over; within another such block that one
        sees to it."""
        if self._placed:
            yield
            return
        self._placed = True
        try:
            yield
        except ThirdringError as error:
            self.outcome, self.sentence = _outcome_of(error), error.sentence()
            raise
        except BaseException:
            self.outcome = "failed"
            raise
        finally:
            with self.spared("end"):
                self.people.end()
            self.phase("over")
            self._going = None  # the ear's samples: a call that is over is a picture

    # --- the walk: in the call's own thread -----------------------------------------------------------

    @property
    def looks_on(self) -> bool:
        """Whether somebody tests, listens in, has taken it over, or lately asked for a picture or gave a command."""
        return bool(self.tester or self.people.listeners) or self._asked_lately

    def look(self, call: CallInProgress) -> None:
        """Do what people want done, attend to their legs, and draw the call where somebody looks."""
        self._going = call
        self.obey(call)
        if call.unsent is not None:
            self._refused, call.unsent = call.unsent.sentence(), None
        if not call.released:
            with self.spared("attend"):
                came, gone = self.people.attend()
                for who in came:
                    call.act("listens", who=who)
                for who in gone:
                    call.act("leaves", who=who)
        self.phase_now = phase_of(self, call)
        self._draw()

    def _order(self, command: Command) -> bool:
        self._asked_at_s = time.monotonic()
        return super()._order(command)

    @property
    def _asked_lately(self) -> bool:
        return time.monotonic() - self._asked_at_s <= LOOKED_AT_S

    def _draw(self, *, always: bool = False) -> None:
        if not always and not self._asked_lately:
            return
        serial = self._state.serial + 1
        new = replace(self._state, serial=serial, phase=self.phase_now, outcome=self.outcome, sentence=self.sentence)
        with self.spared("draw"):  # a page that shows less costs the call nothing
            desk = self.people.speaker
            new = picture(known_of(self, serial), self._going, ringing_s=None if desk is None else desk.ringing_s)
        with self._changed:
            if replace(new, serial=self._state.serial) != self._state:
                self._state = new
                self._changed.notify_all()


def lost_tester(acts: Sequence[Act]) -> bool:
    """Whether the tester was lost in the conversation, and nobody came back."""
    told = [act.detail for act in acts if act.do == "tester"]
    return LOST in told and told[-1] == NOBODY


def _outcome_of(error: ThirdringError) -> str:
    if isinstance(error, TesterNotReached):
        return "tester_not_reached"
    return "refused" if isinstance(error, Refused) else "failed"
