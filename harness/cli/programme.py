"""`thirdring plan`: draw a month, see it, call a day off, and verify afterwards that nobody moved a call."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import clocks
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table
from harness.errors import BELOW_STANDARD, DONE, WrongInput
from harness.words import LANGUAGES, chosen, label, say

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.programme.kept_to import Moved
    from harness.programme.month_plan import MonthPlan


@click.group()
@asked_for
def plan(asked: Asked) -> None:
    """抽籤排定測試、停測、驗證。Draw a month's tests, call a day off, verify a month."""


def read_month(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    from rubric.periods import period_named

    if value is None:
        return None
    try:
        return period_named(value, "month")
    except ValueError:
        raise click.BadParameter(say("programme.month", value=value)) from None


@plan.command()
@click.argument("month", callback=read_month)
@asked_for
def draw(asked: Asked, month: str) -> int:
    """抽籤排定一個月並封存；印出可公布的雜湊值。Draw MONTH (2026-12 or 115-12), seal it, print the hash to publish."""
    from harness.agency import load_agency
    from harness.programme.month import draw_and_seal
    from harness.programme.readiness import before_dialling
    from harness.programme.rules import rules_of
    from harness.programme.seal import new_seed, seal_of
    from harness.store import open_store

    agency, now = load_agency(asked.agency), clocks.now()
    with open_store(agency.database) as store:
        drawn = draw_and_seal(agency, month, store, seed=new_seed(), now=now)
        rules = rules_of(agency, month, store)
    told = {"month": month, "tests": len(drawn.tests), "seal": seal_of(drawn)}
    ready = before_dialling(agency, drawn, now=now)
    if asked.as_json:
        lacking = {"unmet": _unmet(drawn), "warnings": list(ready), "rules": [one.to_dict() for one in rules]}
        print_json({"schema": "thirdring.drawn/1", **told, **lacking})
    else:
        print_lines([say("programme.drawn", **told), *_lines(drawn)])
        said = {one.rule for one in drawn.unmet}
        print_lines(one.told() for one in rules if one.met is False and one.id not in said)
        print_lines(chosen(one["zh"], one["en"]) for one in ready)
    return DONE


@plan.command()
@click.argument("month", callback=read_month)
@click.option("--reveal", is_flag=True, help="連時間一起看；會留下紀錄。Show the times too; that is logged.")
@click.option("--who", default="", metavar="NAME", help="誰在看（--reveal 時必填）。Who is looking (with --reveal).")
@asked_for
def show(asked: Asked, month: str, reveal: bool, who: str) -> int:
    """看排定的月份：封存的雜湊值與測試進度。Show a drawn month: its seal, and how far it has got."""
    from harness.agency import load_agency
    from harness.programme.month import kept_plan
    from harness.store import open_store

    if reveal and not who.strip():
        raise WrongInput("rules.who")
    agency = load_agency(asked.agency)
    with open_store(agency.database) as store:
        drawn, seal = kept_plan(month, store)
        states = store.plans.tests(month)
        if reveal:
            store.log.write("plan_revealed", who=who.strip(), detail={"month": month})
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
@click.argument("month", callback=read_month, required=False, metavar="[MONTH]")
@asked_for
def rules(asked: Asked, month: str | None) -> int:
    """計畫的規定符合了哪些、還差什麼（預設：最近排定的月份）。Which rules are met, and what would meet the others."""
    from harness.agency import load_agency
    from harness.programme.rules import rules_of
    from harness.store import open_store

    agency = load_agency(asked.agency)
    with open_store(agency.database) as store:
        months = [row["month"] for row in store.plans.months()]
        chosen_month = month or max(months, default=f"{clocks.now().astimezone(agency.zone):%Y-%m}")
        found = rules_of(agency, chosen_month, store)
    if asked.as_json:
        rows = [one.to_dict() for one in found]
        print_json({"schema": "thirdring.programme_rules/1", "month": chosen_month, "rules": rows})
        return DONE
    print_lines([say("rules.of_month", month=chosen_month), *(one.told() for one in found)])
    return DONE


@plan.command()
@click.argument("month", metavar="MONTH|FILE.json")
@asked_for
def verify(asked: Asked, month: str) -> int:
    """驗證封存後沒有人動過；結束碼 1 表示不符。Verify that nobody moved a call; exit status 1 when somebody did.

    寫公布的檔案，不用機關資料夾也能驗證。A published file is verified without the agency's folder.
    """
    if month.endswith(".json"):
        return _verify_file(asked, Path(month))
    return _verify_month(asked, read_month(click.get_current_context(), click.Argument(["month"]), month) or month)


def _verify_file(asked: Asked, file: Path) -> int:
    from dataclasses import asdict

    from harness.programme.published import verify_file

    found = verify_file(file)
    if asked.as_json:
        print_json({"schema": "thirdring.verified_file/1", "file": str(file), **asdict(found)})
    else:
        print_lines([say("rules.file_hash", month=found.month, seal=found.seal), _lots(found.same_lots)])
    return BELOW_STANDARD if found.same_lots is False else DONE


def _verify_month(asked: Asked, month: str) -> int:
    from dataclasses import asdict

    from harness.agency import load_agency
    from harness.programme.decided import decisions
    from harness.programme.kept_to import kept_to
    from harness.programme.month import verify_month
    from harness.store import open_store

    agency = load_agency(asked.agency)
    with open_store(agency.database) as store:
        verdict = verify_month(agency, month, store)
        kept = kept_to(agency, month, store, now=clocks.now())
        decided = [_decided(one) for one in decisions(month, store)]
    if asked.as_json:
        told = {**asdict(verdict), **kept.to_dict(), "decided": decided}
        print_json({"schema": "thirdring.verified/1", "month": month, **told})
    else:
        sealed = "seal_kept" if verdict.sealed else "seal_broken"
        print_lines([say(f"programme.{sealed}", month=month, seal=verdict.seal), _lots(verdict.same_lots)])
        print_lines([] if verdict.same_inputs else [say("rules.inputs_changed")])
        print_lines(_moved(one) for one in kept.moved)
        print_lines(_by_a_person(one) for one in decided)
        print_lines([say("rules.beside", count=len(kept.beside), calls="、".join(kept.beside))] if kept.beside else [])
    good = verdict.sealed and verdict.same_lots is not False and not kept.unexplained
    return DONE if good else BELOW_STANDARD


def _lots(same: bool | None) -> str:
    return say(f"programme.{ {True: 'lots_same', False: 'lots_other', None: 'lots_unknown'}[same] }")


def _decided(one: dict[str, Any]) -> dict[str, Any]:
    """What a person decided of a test, as it is told."""
    detail = one["detail"]
    told = {"test": one["test_id"], "at": one["at"], "who": detail["who"], "reason": detail["said"]}
    return told | {"call_id": detail.get("call_id")}


def _by_a_person(one: dict[str, Any]) -> str:
    key = "decided.as_tested_by" if one["call_id"] else "decided.as_dropped"
    what = {lang: say(key, lang, call=one["call_id"]) for lang in LANGUAGES}
    return say("decided.listed", test=one["test"], who=one["who"], what=what, reason=one["reason"])


def _moved(one: Moved) -> str:
    told = {"test": one.test, "unit": one.unit, "planned": one.planned[:16].replace("T", " ")}
    told["dialled"] = (one.dialled or "—")[:16].replace("T", " ")
    if one.explained:
        return say("rules.moved", why={lang: _why(one, lang) for lang in ("zh", "en")}, **told)
    return say("rules.moved_unexplained", **told)


def _why(one: Moved, lang: str) -> str:
    words = (reason.partition("：") for reason in one.why)
    return "、".join(label(f"programme.why_{key}", lang) + (f"（{said}）" if said else "") for key, _, said in words)


@plan.command()
@click.argument("month", callback=read_month)
@click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="寫到哪裡。Where to."
)
@asked_for
def publish(asked: Asked, month: str, folder: Path) -> int:
    """月份結束後公布排程：檔案的 SHA-256 就是封存的雜湊值。After the month: a file whose SHA-256 is the seal."""
    from harness.agency import load_agency
    from harness.programme.month import kept_plan
    from harness.programme.published import publish as write
    from harness.store import open_store

    agency = load_agency(asked.agency)
    with open_store(agency.database) as store:
        files = write(month, folder, store, today=clocks.now().astimezone(agency.zone).date())
        _, seal = kept_plan(month, store)
    if asked.as_json:
        print_json({"schema": "thirdring.published/1", "month": month, "seal": seal, "files": [str(f) for f in files]})
    else:
        print_lines([*map(str, files), say("rules.published", file=files[0].name, seal=seal)])
    return DONE


@plan.command()
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]), metavar="[YYYY-MM-DD]", required=False)
@click.option("--who", default="", metavar="NAME", help="誰決定（必填）。Who decides (required).")
@click.option("--reason", default="", metavar="TEXT", help="原因，例如颱風（必填）。Why, a typhoon say (required).")
@asked_for
def off(asked: Asked, day: datetime | None, who: str, reason: str) -> int:
    """今日停測：當天還沒撥的測試改抽別天。No tests today (or DAY): what was due is drawn anew for another day.

    誰、為什麼會留下紀錄。Who and why are logged.
    """
    from harness.agency import load_agency
    from harness.programme.redraw import call_off
    from harness.store import open_store

    who, reason = who.strip(), reason.strip()
    if not who or not reason:
        raise WrongInput("rules.off_who_and_why")
    agency = load_agency(asked.agency)
    now = clocks.now()
    wanted: date = day.date() if day else now.astimezone(agency.zone).date()
    with open_store(agency.database) as store:
        moved, dropped = call_off(agency, wanted, store, reason=reason, now=now)
        told = {"day": str(wanted), "reason": reason, "moved": len(moved), "dropped": len(dropped)}
        store.log.write("day_called_off", who=who, detail=told, now=now)
    if asked.as_json:
        print_json({"schema": "thirdring.day_off/1", "day": str(wanted), "moved": moved, "dropped": dropped})
    else:
        print_lines([say("programme.off", day=wanted, moved=len(moved), dropped=len(dropped))])
    return DONE


@plan.command("settle")
@click.argument("test", required=False, metavar="[TEST]")
@click.option("--as", "given_up", type=click.Choice(["dropped"]), help="不再測。Give the test up.")
@click.option("--tested-by", "call_id", default="", metavar="CALL_ID", help="以這通電話代替。That call stands for it.")
@click.option("--who", default="", metavar="NAME", help="誰決定。Who decides.")
@click.option("--reason", default="", metavar="TEXT", help="理由。Why.")
@asked_for
def settle_unknown(asked: Asked, test: str | None, given_up: str | None, call_id: str, who: str, reason: str) -> int:
    """中斷後結果不明的測試，由人決定；不寫 TEST 則列出。Decide what an unknown test comes to; without TEST list them.

    決定會留下紀錄、不能更改；該測試不會再撥。A decision is logged and kept for good; the test is dialled no more.
    """
    from harness.agency import load_agency
    from harness.programme.decided import decide
    from harness.store import open_store

    agency = load_agency(asked.agency)
    if test is None:
        return _list_unknown(asked, agency)
    if bool(given_up) == bool(call_id):
        raise WrongInput("decided.one_of_two")
    with open_store(agency.database) as store:
        told: dict[str, Any] = {"agency": agency, "store": store, "who": who, "reason": reason, "now": clocks.now()}
        found = decide(test, call_id=call_id, **told)
    if asked.as_json:
        came = "tested_by" if call_id else "dropped"
        print_json({"schema": "thirdring.test_decided/1", "test": test, "as": came, "call_id": call_id or None})
    else:
        key = "decided.tested_by" if call_id else "decided.dropped"
        print_lines([say(key, test=test, unit=found.test.unit, call=call_id)])
    return DONE


def _list_unknown(asked: Asked, agency: Agency) -> int:
    from harness.programme.decided import undecided
    from harness.store import open_store

    with open_store(agency.database) as store:
        found = undecided(agency, store)
    if asked.as_json:
        print_json({"schema": "thirdring.tests_unknown/1", "tests": [one.to_dict() for one in found]})
        return DONE
    for one in found:
        calls = "、".join(row["call_id"] for row in one.calls) or "—"
        print_lines(
            [say("decided.waits", test=one.test.id, unit=one.test.unit, since=f"{one.since:%F %R}", calls=calls)]
        )
    print_lines([] if found else [say("decided.none_open")])
    return DONE


def _unmet(drawn: MonthPlan) -> list[dict[str, Any]]:
    return [{"rule": one.rule, "what": one.what} for one in drawn.unmet]


def _lines(drawn: MonthPlan) -> list[str]:
    return [chosen(one.what["zh"], one.what["en"]) for one in drawn.unmet]


def _row(state: dict[str, Any], drawn: MonthPlan, zone: Any) -> list[object]:
    test = next(one for one in drawn.tests if one.id == state["test_id"])
    due = datetime.fromisoformat(state["due_at"]).astimezone(zone)
    return [f"{due:%Y-%m-%d %H:%M}", test.unit, test.tester or None, label(f"programme.state_{state['state']}")]


@plan.command()
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="公告日（預設今天）。Its day (today).")
@asked_for
def notice(asked: Asked, day: datetime | None) -> int:
    """給全體人員的公告稿：會測試並錄音；含替代役、委外人員、志工。The notice to staff, volunteers and contractors."""
    from harness.agency import load_agency
    from harness.programme.staff_notice import staff_notice_values

    agency = load_agency(asked.agency)
    on = day.date() if day else clocks.now().astimezone(agency.zone).date()
    told = staff_notice_values(agency, on)
    if asked.as_json:
        texts = {lang: say("rules.staff_notice", lang, **told) for lang in LANGUAGES}
        print_json({"schema": "thirdring.staff_notice/1", "date": str(on), **texts})
    else:
        print_lines([say("rules.staff_notice", **told), "", say("rules.staff_notice_then", date=on)])
    return DONE
