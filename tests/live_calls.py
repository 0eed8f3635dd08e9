"""A call in progress for the pages' tests: says what it is told to, and notes what is done in it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from harness.assisted.state import Asked, Countdown, LiveState, Marked


def state(**changes: Any) -> LiveState:
    """A call that rings for the fourth time."""
    usual: dict[str, Any] = {name: None for name in LiveState.__dataclass_fields__}
    usual |= {"serial": 1, "call_id": "c-live", "attempt": 1, "tester": "陳小華", "unit": "u2", "name": "二課"}
    usual |= {"number": "0227000302", "scenario": "switchboard-then-extension", "phase": "walks", "tester_is": "muted"}
    usual |= {"steps": ("dial", "wait_for_answer operator", "tester", "hold_silent", "hang_up"), "step": 1}
    usual |= {
        "questions": (
            Asked(question="幾點開門？", answer="八點。", source="本所網站"),
            Asked(question="<b>", answer="&"),
        )
    }
    usual |= {"now_s": 14.0, "ring_onset_s": 2.0, "rings": 4, "leg": "operator", "hears": "ringback"}
    usual |= {"hears_since_s": 13.0, "signalling": "180 Ringing", "far_dbfs": -23.4, "tester_dbfs": -64.0}
    usual |= {"marks": (), "pressed": (), "refused": "", "listeners": (), "taken_by": "", "outcome": "", "sentence": ""}
    usual |= {"countdowns": (Countdown(what="gives_up", left_s=48.0, of_s=60.0),)}
    return LiveState(**usual | changes)


class Shelf:
    """Stands for `LiveCalls`: one call, found by the id that it began with."""

    def __init__(self, live: StandIn) -> None:
        self._live = live

    def up(self) -> tuple[StandIn, ...]:
        return () if self._live.state().phase == "over" else (self._live,)

    def find(self, call_id: str) -> StandIn | None:
        return self._live if call_id in (self._live.call_id, self._live.state().call_id) else None


class StandIn:
    """Stands for a `LiveCall`."""

    def __init__(self, **changes: Any) -> None:
        self._now, self._changed = state(**changes), threading.Condition()
        self.call_id, self.did = self._now.call_id, list[tuple[Any, ...]]()
        self.deaf = False
        """Set, there is no call that anything could be done in."""

    def state(self) -> LiveState:
        return self._now

    def wait(self, seen: int, timeout_s: float) -> LiveState | None:
        with self._changed:
            return self._now if self._changed.wait_for(lambda: self._now.serial > seen, timeout_s) else None

    def become(self, **changes: Any) -> None:
        with self._changed:
            self._now = replace(self._now, serial=self._now.serial + 1, **changes)
            self._changed.notify_all()

    def mark(self, what: str, *, who: str) -> bool:
        if self.deaf:
            return False
        with self._changed:
            self.become(marks=(*self._now.marks, Marked(at_s=self._now.now_s or 0.0, what=what, who=who)))
            self.did.append(("mark", what, who))
        return True

    def press(self, digits: str, *, who: str) -> bool:
        with self._changed:
            self.become(pressed=(*self._now.pressed, *digits))
            self.did.append(("press", digits, who))
        return True

    def mute(self, is_muted: bool, *, who: str) -> None:
        self.become(tester_is="muted" if is_muted else "here")
        self.did.append(("mute", is_muted, who))

    def done(self, *, who: str) -> bool:
        self.become(phase="holds", countdowns=(Countdown(what="stay_silent", left_s=5.0, of_s=5.0),))
        self.did.append(("done", who))
        return True

    def hang_up(self, *, who: str) -> None:
        self.did.append(("hang_up", who))

    def listen(self, telephone: Any, *, who: str) -> None:
        self.did.append(("listen", _where(telephone).address.split(":")[0], who))
        self.become(listeners=(who,))

    def take_over(self, telephone: Any = None, *, who: str) -> None:
        self.did.append(("take_over", telephone is not None, who))
        self.become(taken_by=who)

    def leave(self, *, who: str) -> None:
        self.did.append(("leave", who))


def _where(telephone: Any) -> Any:
    """A telephone, or what tells where it is now."""
    return telephone() if callable(telephone) else telephone
