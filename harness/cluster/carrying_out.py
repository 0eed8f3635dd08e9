"""A probe carries out an order: its own gate, its own claim, the head's offer taken, and only then the INVITE."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness import clocks
from harness.agency import Agency, load_agency
from harness.cluster.order import Order, fingerprint
from harness.cluster.outbox import Outbox
from harness.errors import AttemptUnknown, Refused, ThirdringError, WrongInput
from harness.number_gate import Permit
from harness.planned_call import Plan
from harness.telephones import Telephones
from harness.test_call import dial_permit, plan_call, record_call

RECORDED, NOT_DIALLED, LOST = "recorded", "not_dialled", "lost"
YES, NO, CLOCK = "yes", "no", "clock"
"""What the head answers: dial; do not; this machine's clock is not the head's."""
Ask = Callable[[dict[str, Any]], str]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of a run of an order."""

    run: str
    """The run."""
    came: str
    """recorded: it is in the outbox; not_dialled: this run dialled nobody; lost: it did, and has no record."""
    zh: str = ""
    """Why, in Chinese."""
    en: str = ""
    """Why, in English."""


def carry_out(order: Order, *, folder: Path, probe: str, telephones: Telephones, ask: Ask) -> Answer:
    """Make the one attempt of an order, unless anything speaks against it; never raises.

    `ask` asks the head for leave to dial; whatever it raises is no leave.
    """
    run, may_dial, over = secrets.token_hex(8), _MayDial(order, ask, probe), False
    try:
        agency = _no_longer(load_agency(folder), order.longest_s)
        plan = _same_plan(order, agency)
        _same_call(order, dial_permit(plan, agency, now=clocks.now()))
        with telephones.line(agency, order.line) as phone:
            record = record_call(
                plan,
                agency,
                phone,
                now=clocks.now(),
                call_id=order.call_id,
                attempt=order.attempt,
                before_dialling=lambda leave: may_dial(leave, run),
            )
        over = True
        Outbox(folder).put(record, agency, attempt=order.attempt, run=run, probe=probe)
        return Answer(run=run, came=RECORDED)
    except AttemptUnknown as error:
        return Answer(run=run, came=LOST, zh=error.sentence("zh"), en=error.sentence("en"))
    except ThirdringError as error:  # also of the telephone itself, before its INVITE (place_call)
        return Answer(run=run, came=LOST if over else NOT_DIALLED, zh=error.sentence("zh"), en=error.sentence("en"))
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        return Answer(run=run, came=LOST if may_dial.said_yes else NOT_DIALLED, zh=why, en=why)


class _MayDial:
    """Takes the head's offer for a run; raises Refused where it may not dial."""

    def __init__(self, order: Order, ask: Ask, probe: str) -> None:
        self._order, self._ask, self._probe = order, ask, probe
        self.said_yes = False

    def __call__(self, leave: Permit, run: str) -> None:
        _same_call(self._order, leave)
        said = {"attempt": self._order.attempt, "token": self._order.token, "run": run, "probe": self._probe}
        answer = self._ask(said | {"at": clocks.now().isoformat()})
        if answer == CLOCK:
            raise Refused("cluster.clock", probe=self._probe)
        if answer != YES:
            raise Refused("cluster.not_ours", attempt=self._order.attempt)
        self.said_yes = True


def _no_longer(agency: Agency, longest_s: float) -> Agency:
    """The agency with calls no longer than the head waits for."""
    caps = agency.settings.caps
    caps = caps.model_copy(update={"longest_call_s": min(longest_s, caps.longest_call_s)})
    return replace(agency, settings=agency.settings.model_copy(update={"caps": caps}))


def _same_plan(order: Order, agency: Agency) -> Plan:
    """The call as this machine's folder has it; WrongInput where that is not what the head has."""
    plan = plan_call(order.unit, agency, scenario=order.scenario, series=order.series)
    if plan.unit.unit != order.unit or plan.to != order.to or fingerprint(plan) != order.plan:
        raise WrongInput("cluster.other_plan", unit=order.unit, scenario=order.scenario)
    return plan


def _same_call(order: Order, leave: Permit) -> None:
    """This machine's own gate came to the number and the line that the head's did, or nothing is dialled."""
    if (leave.number, leave.line_id) != (order.number, order.line):
        raise WrongInput("cluster.other_number", unit=order.unit, number=leave.number, line=leave.line_id)
