"""`thirdring plan`: draw a month, see it, call a day off, and verify afterwards that nobody moved a call."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table
from harness.errors import BELOW_STANDARD, DONE
from harness.words import chosen, label, say

if TYPE_CHECKING:
    from harness.programme.month_plan import MonthPlan


@click.group()
@asked_for
def plan(asked: Asked) -> None:
    """抽籤排定測試、停測、驗證。Draw a month's tests, call a day off, verify a month."""


def _month(_: click.Context, __: click.Parameter, value: str) -> str:
    from rubric.periods import period_named

    try:
        return period_named(value, "month")
    except ValueError:
        raise click.BadParameter(say("programme.month", value=value)) from None


@plan.command()
@click.argument("month", callback=_month)
@asked_for
def draw(asked: Asked, month: str) -> int:
    """抽籤排定一個月並封存；印出可公布的雜湊值。Draw MONTH (2026-12 or 115-12), seal it, print the hash to publish."""
    from harness.agency import load_agency
    from harness.programme.month import draw_and_seal
    from harness.programme.seal import new_seed, seal_of
    from harness.store import open_store

    agency = load_agency(asked.agency)
    with open_store(agency.database) as store:
        drawn = draw_and_seal(agency, month, store, seed=new_seed(), now=datetime.now(UTC))
    told = {"month": month, "tests": len(drawn.tests), "seal": seal_of(drawn)}
    if asked.as_json:
        print_json({"schema": "thirdring.drawn/1", **told, "unmet": _unmet(drawn)})
    else:
        print_lines([say("programme.drawn", **told), *_lines(drawn)])
    return DONE


@plan.command()
@click.argument("month", callback=_month)
@click.option("--reveal", is_flag=True, help="連時間一起看；會留下紀錄。Show the times too; that is logged.")
@click.option("--who", default="", metavar="NAME", help="誰在看。Who is looking.")
@asked_for
def show(asked: Asked, month: str, reveal: bool, who: str) -> int:
    """看排定的月份：封存的雜湊值與測試進度。Show a drawn month: its seal, and how far it has got."""
    from harness.agency import load_agency
    from harness.programme.month import kept_plan
    from harness.store import open_store

    agency = load_agency(asked.agency)
    with open_store(agency.database) as store:
        drawn, seal = kept_plan(month, store)
        states = store.plans.tests(month)
        if reveal:
            store.log.write("plan_revealed", who=who or "?", detail={"month": month})
    if asked.as_json:
        told = {"schema": "thirdring.plan/1", "month": month, "seal": seal, "unmet": _unmet(drawn)}
        counts = {state: sum(one["state"] == state for one in states) for state in {one["state"] for one in states}}
        print_json(told | {"states": counts} | ({"plan": drawn.to_dict(), "tests": states} if reveal else {}))
        return DONE
    print_lines([say("programme.sealed", month=month, tests=len(states), seal=seal), *_lines(drawn)])
    if reveal:
        headings = [label(f"programme.column_{name}") for name in ("when", "unit", "tester", "state")]
        print_table(headings, [_row(one, drawn, agency.zone) for one in states])
    return DONE


@plan.command()
@click.argument("month", callback=_month)
@asked_for
def verify(asked: Asked, month: str) -> int:
    """驗證封存後沒有人動過；結束碼 1 表示不符。Verify that nobody moved a call; exit status 1 when somebody did."""
    from dataclasses import asdict

    from harness.agency import load_agency
    from harness.programme.month import verify_month
    from harness.store import open_store

    agency = load_agency(asked.agency)
    with open_store(agency.database) as store:
        verdict = verify_month(agency, month, store)
    if asked.as_json:
        print_json({"schema": "thirdring.verified/1", "month": month, **asdict(verdict)})
    else:
        lots = {True: "lots_same", False: "lots_other", None: "lots_unknown"}[verdict.same_lots]
        kept = "seal_kept" if verdict.sealed else "seal_broken"
        print_lines([say(f"programme.{kept}", month=month, seal=verdict.seal), say(f"programme.{lots}")])
    return DONE if verdict.sealed and verdict.same_lots is not False else BELOW_STANDARD


@plan.command()
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]), metavar="[YYYY-MM-DD]", required=False)
@click.option("--reason", default="", help="原因，例如颱風。Why, a typhoon say.")
@asked_for
def off(asked: Asked, day: datetime | None, reason: str) -> int:
    """今日停測：當天還沒撥的測試改抽別天。No tests today (or DAY): what was due is drawn anew for another day."""
    from harness.agency import load_agency
    from harness.programme.redraw import call_off
    from harness.store import open_store

    agency = load_agency(asked.agency)
    now = datetime.now(UTC)
    wanted: date = day.date() if day else now.astimezone(agency.zone).date()
    with open_store(agency.database) as store:
        moved, dropped = call_off(agency, wanted, store, reason=reason, now=now)
    if asked.as_json:
        print_json({"schema": "thirdring.day_off/1", "day": str(wanted), "moved": moved, "dropped": dropped})
    else:
        print_lines([say("programme.off", day=wanted, moved=len(moved), dropped=len(dropped))])
    return DONE


def _unmet(drawn: MonthPlan) -> list[dict[str, Any]]:
    return [{"rule": one.rule, "what": one.what} for one in drawn.unmet]


def _lines(drawn: MonthPlan) -> list[str]:
    return [chosen(one.what["zh"], one.what["en"]) for one in drawn.unmet]


def _row(state: dict[str, Any], drawn: MonthPlan, zone: Any) -> list[object]:
    test = next(one for one in drawn.tests if one.id == state["test_id"])
    due = datetime.fromisoformat(state["due_at"]).astimezone(zone)
    return [f"{due:%Y-%m-%d %H:%M}", test.unit, test.tester or None, label(f"programme.state_{state['state']}")]
