"""A line's telephone with people beside its call: the agency is dialled in the process of the tester's leg."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import clocks
from harness.agency import Agency
from harness.assisted.desk import Desk
from harness.assisted.own_folder import own_folder
from harness.assisted.own_unit import refuse_own_unit
from harness.desk_legs import forget_leg, note_leg
from harness.ledger import one_at_a_time
from harness.lines import softphone_line
from harness.number_gate import Permit, permit_telephone
from harness.number_gate.desk_telephone import readings
from harness.number_text import PLAIN_ADDRESS
from harness.softphone.line import Line
from harness.softphone.protocol import Call
from harness.tester_telephones import DeskTelephone

if TYPE_CHECKING:
    from harness.assisted.live_call import LiveCall
    from harness.softphone.pool import WorkerPool


EVERYBODYS = ("PCMA/8000", "PCMU/8000")
"""What every telephone understands, a browser's among them (RFC 3551 §6), though the line be in wide band alone."""
PATIENCE_S = 2.0
"""A call that is up waits no longer for another process's look at the ledger."""
PLAIN = "telephone"
"""Telephones that are invited at their own address are called from this line, which is nobody's."""


class LivePhone:
    """The softphone of one call that people see, and may be on."""

    def __init__(self, pool: WorkerPool, agency: Agency, live: LiveCall, *, desk: Desk | None = None) -> None:
        self._pool, self._agency, self._live, self._desk = pool, agency, live, desk

    @property
    def sample_rate_hz(self) -> int:
        """Rate of its recordings, and of what it can play."""
        return self._pool.sample_rate_hz

    def dial(self, leave: Permit, *, call_id: str, folder: Path, headers: dict[str, str]) -> Call:
        """Dial the agency, beside the tester's leg where there is one; TesterNotReached when that is gone again."""
        people, how = self._live.people, dict[str, Any]()
        if self._desk is not None:
            how["beside"] = self._desk.first
        with self._live.may_dial(self._desk):
            call = self._pool.dial(leave, call_id=call_id, folder=folder, headers=headers, **how)
            self._live.dialled(call)
        people.make_desk = lambda telephone, who: desk_of(telephone, who, self._pool, self._agency, leave)
        people.refuse_taker = lambda who: refuse_own_unit(who, leave.unit.unit, self._agency)
        return call


def desk_of(
    telephone: DeskTelephone | Callable[[], DeskTelephone],
    who: str,
    pool: WorkerPool,
    agency: Agency,
    of: Permit,
    *,
    first: bool = False,
) -> Desk:
    """Make the leg of somebody's telephone, on a line's pool; `of` is the permit of the call that it is for.

    A function is asked at each ring where the telephone is then, in the call's own thread: it must not wait, and
    raises TesterNotReached while there is none. `first`: it is rung before the agency is dialled.
    """
    noted, other = list[str](), list[Line | None]()

    def ring(leave: Permit, *, call_id: str, folder: Path, beside: Call | None) -> Call:
        how: dict[str, Any] = {"apart": True} if beside is None else {"beside": beside}
        return pool.dial(leave, call_id=call_id, folder=folder, headers={}, line=other[-1], **how)

    def leave() -> Permit:
        """Before the agency is dialled on the same line there must be a channel for it, too."""
        now = telephone() if callable(telephone) else telephone
        on_line = "" if now.address else now.line or of.line_id
        channels = 1 + (first and not noted and on_line == of.line_id)
        with one_at_a_time(agency, patience_s=PATIENCE_S):
            found = permit_telephone(now, agency, beside=of, now=clocks.now(), channels=channels)
            name = f"{folder.name.rpartition('/')[2]}-{len(noted) + 1}"
            note_leg(agency, name, line=on_line, numbers=readings(now, agency))
        noted.append(name)
        other.append(_line_of(now, agency, pool))
        return found

    def free() -> None:
        for name in noted:
            forget_leg(agency, name)

    folder = own_folder()
    return Desk(who, ring=ring, leave=leave, free=free, own_folder=folder)


def _line_of(telephone: DeskTelephone, agency: Agency, pool: WorkerPool) -> Line | None:
    """The line that a telephone is rung on; None: the call's own."""
    found = PLAIN_ADDRESS.fullmatch(telephone.address)
    if found is None:
        own = not telephone.line or telephone.line == pool.line.id
        return None if own else _plain(softphone_line(agency.line(telephone.line), folder=agency.folder))
    here = found["host"] == "127.0.0.1"
    return Line(
        id=PLAIN,  # one account for all of them: a process has room for eight
        transport=found["how"] or "udp",
        bind=found["host"] if here else "",
        from_uri=f"sip:thirdring@{found['host']}" if here else pool.line.from_uri,
        codecs=tuple(dict.fromkeys((*_wide_first(pool.line, here=here), *EVERYBODYS))),
    )


def _wide_first(line: Line, *, here: bool) -> tuple[str, ...]:
    """A line's codecs; for a browser, which takes what is offered first, wide band before all where the line has it."""
    return tuple(sorted(line.codecs, key=lambda one: not one.startswith("G722"))) if here else line.codecs


def _plain(line: Line) -> Line:
    """Another line of the agency's for a single call: not registered a second time."""
    return replace(line, registrar="", port=0)
