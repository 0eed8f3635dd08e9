"""What people want done in a call that is up: said from any thread, done in the call's own, at its next look.

What cannot be done, or breaks while it is done, is refused and told; the agency's call goes on as if nobody had asked.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.assisted.as_tester import AsTester
from harness.assisted.people import People, Telephone
from harness.assisted.state import MARKS, REMARKS
from harness.errors import Refused, TesterNotReached, ThirdringError
from harness.number_gate.pressed_digits import permit_digits
from harness.walk.far_tester import Doing
from harness.walk.taking_over import press_for
from harness.words import say

if TYPE_CHECKING:
    from harness.assisted.desk import Desk
    from harness.walk.progress import CallInProgress

Command = Callable[["CallInProgress"], None]
_log = logging.getLogger("thirdring.assisted")


class Commands:
    """The commands of one call, in the order that they were given."""

    def __init__(self, *, tester: str, muted: bool) -> None:
        self.tester = tester
        self.people = People(muted=muted)
        self.stopped = False
        """Whether somebody gave the test up: nothing is dialled from now on."""
        self._refused = self._broke = ""
        self._going: CallInProgress | None = None
        self._commands: deque[Command] = deque()
        self._doings: list[Doing] = []
        self._dialling = threading.Lock()

    # --- whoever shows it: any thread -----------------------------------------------------------------

    def mark(self, what: str, *, who: str) -> bool:
        """Mark a moment, or say something of the whole call: one of MARKS and REMARKS; ValueError for another. Gives
        whether there is a call to mark it in, as `press` and `done` do."""
        if what not in (*MARKS, *REMARKS):
            raise ValueError(f"no such mark: {what}")
        return self._order(lambda call: call.act("marked", detail=what, who=who))

    def press(self, digits: str, *, who: str) -> bool:
        """Press digits in the call; Refused at once for what may never be pressed."""
        if len(digits) <= 2:
            permit_digits(digits)  # with what was pressed before, and extensions, it is judged in the call's own thread
        return self._order(lambda call: _press(Doing("digits", digits, who), call))

    def mute(self, muted: bool, *, who: str) -> None:
        """Whether the agency hears the person who has the call."""
        if self._going is None:
            self.people.mute(None, muted)
        else:
            self._order(lambda call: self._mute(call, muted, who))

    def done(self, *, who: str) -> bool:
        """The conversation is over; from now on nobody speaks, to see who hangs up first."""
        return self._order(lambda _: self._doings.append(Doing("done", who=who)))

    def hang_up(self, *, who: str) -> None:
        """End the call, or give up before there is one: an agency that is not being dialled yet never rings."""
        with self._dialling:
            self.stopped = True
        self._order(lambda call: self._hang_up(call, who))

    def listen(self, telephone: Telephone, *, who: str) -> None:
        """Ring somebody's telephone, who then hears the call and is not heard in it. A function is asked at each ring
        where the telephone is then; it may not wait."""
        self._order(lambda call: self._listen(call, telephone, who))

    def take_over(self, telephone: Telephone | None = None, *, who: str) -> None:
        """Let somebody speak in an automated call; without a telephone they listen in already."""
        self._order(lambda call: self._take_over(call, telephone, who))

    def leave(self, *, who: str) -> None:
        """Hang up the leg of somebody who listens in."""
        self._order(lambda call: self._leave(call, who))

    # --- whoever dials --------------------------------------------------------------------------------

    @contextmanager
    def may_dial(self, desk: Desk | None) -> Iterator[None]:
        """The agency is dialled in the block; raises TesterNotReached where the tester is gone, or gave up, before."""
        with self._dialling:
            self.still_there(desk)
            yield

    def still_there(self, desk: Desk | None) -> None:
        """Raise TesterNotReached where somebody gave the test up, or the tester's leg was lost."""
        if self.stopped:
            raise TesterNotReached("telephone.given_up", tester=self.tester)
        if desk is not None:
            desk.attend()
            if not desk.here:
                raise TesterNotReached("telephone.lost", tester=desk.name)

    # --- in the call's own thread ---------------------------------------------------------------------

    def doings(self) -> tuple[Doing, ...]:
        """What whoever has the call did since the last time; marks and digits were done at once."""
        new, self._doings = tuple(self._doings), []
        return new

    def obey(self, call: CallInProgress) -> None:
        """Do everything that was wanted since the last time."""
        while self._commands:
            command = self._commands.popleft()
            self._refused = ""
            try:
                command(call)
            except ThirdringError as error:  # what a person wanted and cannot have costs the call nothing
                self._refused = error.sentence()
            except Exception as error:
                _log.exception("a command")
                self._refused = say("assisted.broke", why=f"{type(error).__name__}: {error}")

    @contextmanager
    def spared(self, what: str) -> Iterator[None]:
        """Let nothing that breaks for people's sake break the call: it is logged, once for the same fault."""
        try:
            yield
        except Exception as error:
            told = f"{what}: {type(error).__name__}: {error}"
            if told != self._broke:
                _log.exception("%s", what)
            self._broke = told

    def _order(self, command: Command) -> bool:
        """Have it done at the next look; False where there is no call that it could be done in."""
        if self._going is None and not self.stopped:
            return False
        self._commands.append(command)
        return True

    def _mute(self, call: CallInProgress, muted: bool, who: str) -> None:
        self.people.mute(call.call, muted)
        call.act("muted" if muted else "unmuted", who=who)

    def _hang_up(self, call: CallInProgress, who: str) -> None:
        if not call.released:
            if not self.people.handed:
                call.act("marked", detail="abandoned", who=who)
            call.hang_up(detail="tester", who=who)

    def _listen(self, call: CallInProgress, telephone: Telephone, who: str) -> None:
        self.people.listen(call.call, telephone, who)  # of the evidence once they have answered

    def _take_over(self, call: CallInProgress, telephone: Telephone | None, who: str) -> None:
        if self.people.taker == who:
            return  # pressed twice
        self.people.may_take(who, tester=self.tester)
        if telephone is not None:
            self._listen(call, telephone, who)
        self.people.take_over(call.call, who)
        call.act("takes_over", who=who)
        call.who, call.tester, call.taken = who, AsTester(self), True

    def _leave(self, call: CallInProgress, who: str) -> None:
        if self.people.leave(who):
            call.act("leaves", who=who)


def _press(doing: Doing, call: CallInProgress) -> None:
    refused: Refused | None = press_for(doing, call)
    if refused is not None:
        raise refused
