"""`thirdring assist`: a test call in which a tester speaks, from a telephone of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import click

from harness.cli.calls import show_test
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_table, tell
from harness.errors import BELOW_STANDARD, DONE, WrongInput
from harness.words import label, say

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.assisted.live_call import LiveCall
    from harness.assisted.state import LiveState
    from harness.planned_call import Plan, TestCall
    from harness.tester_telephones import DeskTelephone


@click.command()
@click.argument("target", metavar="[NUMBER|UNIT]", required=False)
@click.option("--tester", required=True, metavar="NAME", help="測試人員（agency.toml 的 [[telephones]]）。Who tests.")
@click.option("--scenario", metavar="NAME", help="情境（預設：名冊裡的）。Scenario (default: the directory's).")
@click.option(
    "--muted/--open",
    default=None,
    help="接通前，機關聽不聽得到測試人員（預設照 agency.toml）。Whether the agency hears the tester before it answers.",
)
@click.option("--redial", is_flag=True, help="照量表的規定隔幾分鐘重撥。Dial again as the form says.")
@click.option("--planned", is_flag=True, help="做本月排定的測試。Do the test that the month has planned.")
@asked_for
def assist(
    asked: Asked, target: str | None, tester: str, scenario: str | None, muted: bool | None, redial: bool, planned: bool
) -> int:
    """測試人員通話：先響測試人員的話機，再撥給機關。A test call in which a tester speaks: their telephone rings first.

    \b
    鍵 Keys: o 總機說話 operator speaks  t 轉接 transfer  u 單位說話 unit speaks
             h 保留 hold  b 回線 back  e 結束語 ending
             0-9 按鍵 digits  m 靜音 mute  q 談完了 done  x 掛斷 hang up
    沒有給單位而有 --planned 時，列出等著做的測試。With --planned and no unit the tests that wait are listed.
    """
    from harness.agency import load_agency
    from harness.assisted.live_calls import CALLS
    from harness.refusal_log import refusals_logged
    from harness.test_call import plan_call
    from harness.tester_telephones import telephone_of

    agency = load_agency(asked.agency)
    if target is None:
        return _list_waiting(asked, agency, tester, planned=planned)
    with refusals_logged(asked.agency, asked=target):
        telephone = telephone_of(tester, agency)
        plan = plan_call(target, agency, scenario=scenario, by_tester=True)
        hears_only = telephone.muted if muted is None else muted
        live = CALLS.begin(plan=plan, agency=agency, tester=tester, muted=hears_only)
        _show_questions(live)
        with _told(live), _keys(live, tester):
            tests = _placed(plan, agency, telephone, live, planned=planned, redial=redial)
    if asked.as_json:
        print_json({"schema": "thirdring.test/1", "attempts": [one.to_dict() for one in tests]})
    else:
        for test in tests:
            show_test(test)
    return BELOW_STANDARD if tests[-1].sheet.below_standard else DONE


def _placed(
    plan: Plan, agency: Agency, telephone: DeskTelephone, live: LiveCall, *, planned: bool, redial: bool
) -> tuple[TestCall, ...]:
    from harness.assisted.assist import assist as place
    from harness.assisted.planned import assist_planned, waiting_test
    from harness.telephones import Telephones

    if planned and redial:
        raise WrongInput("assisted.planned_redial")
    with Telephones() as telephones:
        if planned:
            test = waiting_test(agency, unit=plan.unit.unit, tester=live.tester)
            return (assist_planned(test, plan, agency, telephones, telephone=telephone, live=live),)
        return place(plan, agency, telephones, telephone=telephone, live=live, redial=redial)


def _list_waiting(asked: Asked, agency: Agency, tester: str, *, planned: bool) -> int:
    from harness.assisted.planned import waiting_tests

    if not planned:
        raise WrongInput("assisted.no_target")
    found = waiting_tests(agency, tester=tester)
    if asked.as_json:
        tests = [
            {"test": one.test_id, "unit": one.unit, "tester": one.tester, "due_at": one.due_at.isoformat()}
            for one in found
        ]
        print_json({"schema": "thirdring.waiting_tests/1", "tests": tests})
        return DONE
    rows = [(f"{one.due_at.astimezone(agency.zone):%m-%d %H:%M}", one.unit, one.tester or "—") for one in found]
    print_table([label("column.due_at"), label("column.unit"), label("column.tester")], rows)
    return DONE


def _show_questions(live: LiveCall) -> None:
    for number, one in enumerate(live.questions, start=1):
        tell(f"{number}. {one.question}")
        tell(f"   → {one.answer}{f'（{one.source}）' if one.source else ''}")


@contextmanager
def _told(live: LiveCall) -> Iterator[None]:
    """Tell on standard error what changes in the call, until the block ends."""
    over = threading.Event()

    def watch() -> None:
        seen, told = 0, ""
        while not over.is_set() and not live.over:
            state = live.wait(seen, 0.5)
            if state is None:
                continue
            seen, line = state.serial, _line(state)
            if line != told:
                tell(line)
                told = line

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _line(state: LiveState) -> str:
    """One line of what a page would show large: where it is, the tester, the ring, what is counted down."""
    parts = [label(f"assisted.phase_{state.phase}")]
    if state.phase != "over" and state.tester_is != "none":
        parts.append(label(f"assisted.tester_{state.tester_is}"))
    if state.rings is not None and state.answered_s is None:
        parts.append(say("assisted.ring_number", rings=state.rings))
    parts += [say(f"assisted.down_{one.what}", seconds=f"{one.left_s:.0f}") for one in state.countdowns]
    return "  ".join([*parts, state.refused]).rstrip()


@contextmanager
def _keys(live: LiveCall, tester: str) -> Iterator[None]:
    """Take the terminal's keys where there is one; a tester may do without."""
    import sys

    from harness.cli.terminal_tester import DIGITS, DONE_KEY, MARKS, keys_of_terminal
    from harness.errors import Refused

    muted = [False]

    def take(key: str) -> None:
        taken = True
        if key in MARKS:
            taken = live.mark(MARKS[key], who=tester)
        elif key in DIGITS:
            try:
                taken = live.press(key, who=tester)
            except Refused as refused:
                tell(refused.sentence())
        elif key == "m":
            muted[0] = not muted[0]
            live.mute(muted[0], who=tester)
        elif key == DONE_KEY:
            taken = live.done(who=tester)
        elif key == "x":
            live.hang_up(who=tester)
        if not taken:
            tell(say("assist.no_call_yet"))

    with keys_of_terminal(take) if sys.stdin.isatty() else nullcontext():
        yield
