"""Placing a planned test from the command line: its telephone, its tester, its attempts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness import clocks
from harness.cli.output import tell
from harness.errors import WrongInput
from harness.words import label, say

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.planned_call import Plan, TestCall
    from harness.record import Act
    from harness.redial import Again
    from harness.redialling import Earlier
    from harness.walk.far_tester import FarTester


def place_test(
    plan: Plan, agency: Agency, *, redial: bool, by_tester: bool, placed: Callable[[TestCall], None]
) -> tuple[TestCall, ...]:
    """Place a test with all its attempts, the last one counts; `placed` is told of each when it is over.

    Without `redial` it has one. Refused when the number gate says no, to any of them.
    """
    from harness.redial import Rules, rules_of
    from harness.redialling import WallClock, until_settled
    from harness.test_call import new_call_id

    test_id = new_call_id(clocks.now())
    with _tester(plan, wanted=by_tester) as tester:
        tests: list[TestCall] = []

        def place(earlier: Earlier) -> TestCall:
            tests.append(_placed(plan, agency, test_id, earlier, tester))
            placed(tests[-1])
            return tests[-1]

        rules = rules_of(plan.form) if redial else Rules(void_retries=0)
        try:
            return until_settled(place, rules, clock=WallClock(), waiting=_Waiting())
        except KeyboardInterrupt:
            if tests:
                tell(say("redial.stopped", attempts=len(tests)))
            raise


def warn_of_robots(plan: Plan) -> None:
    """Tell of everything that a synthesiser will say."""
    for number, sound in plan.sounds.items():
        if sound.by_robot:
            tell(say("said.robot", number=number, name=sound.name))


def _placed(plan: Plan, agency: Agency, test_id: str, earlier: Earlier, tester: FarTester | None) -> TestCall:
    from harness.telephones import Telephones
    from harness.test_call import new_call_id

    name = new_call_id(clocks.now()) if earlier else test_id
    with Telephones() as telephones:
        return telephones.place(
            plan, agency, call_id=name, progress=_progress, test_id=test_id, earlier=earlier, tester=tester
        )


@contextmanager
def _tester(plan: Plan, *, wanted: bool) -> Iterator[FarTester | None]:
    if not wanted:
        yield None
        return
    from harness.cli.terminal_tester import terminal_tester
    from harness.scenario import HandOver

    if not any(isinstance(step, HandOver) for step in plan.scenario.steps):
        raise WrongInput("walk.no_tester_step", scenario=plan.scenario.name)
    with terminal_tester() as tester:
        yield tester


def _progress(act: Act) -> None:
    where = f" {act.leg}" if act.leg else ""
    tell(f"{act.at_s:7.2f} s  {label(f'act.{act.do}')}{where} {act.detail}".rstrip())


class _Waiting:
    """Says when it dials again: at the beginning of a wait, and then once a minute."""

    def __init__(self) -> None:
        self._told: tuple[Again, int] | None = None

    def __call__(self, again: Again, left_s: float) -> None:
        minutes = round(left_s / 60)
        if self._told == (again, minutes):
            return
        self._told = again, minutes
        why = {lang: say(f"redial.{again.why}", lang) for lang in ("zh", "en")}
        values = {"why": why, "tries": again.tries, "most": again.most, "minutes": minutes}
        tell(say("redial.waiting", at=f"{again.at.astimezone():%H:%M:%S}", clause=again.clause or "—", **values))
