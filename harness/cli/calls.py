"""`thirdring call`, `list` and `show`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import between, print_json, print_lines, print_table, tell
from harness.cli.placing import place_test, warn_of_robots
from harness.errors import BELOW_STANDARD, DONE
from harness.words import chosen, label, say

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.ending import Ending
    from harness.errors import Refused
    from harness.planned_call import Plan, TestCall


@click.command()
@click.argument("target", metavar="NUMBER|UNIT")
@click.option("--scenario", metavar="NAME", help="情境（預設：名冊裡的）。Scenario (default: the directory's).")
@click.option(
    "--answers",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="測試人員的評分，JSON。A tester's answers, JSON.",
)
@click.option(
    "--series",
    type=click.Choice(["internal", "external"]),
    default="internal",
    show_default=True,
    help="內部或外部測試，不合併統計。Who tests; the two are never averaged together.",
)
@click.option(
    "--redial",
    is_flag=True,
    help="無人接聽、忙線或我方故障時，照量表的規定隔幾分鐘重撥。Dial again as the form says.",
)
@click.option("--tester", is_flag=True, help="測試人員在這個終端機接手。A tester at this terminal takes over.")
@click.option("--dry-run", is_flag=True, help="只看會撥什麼，不撥號。Show what would be dialled; dial nothing.")
@asked_for
def call(
    asked: Asked,
    target: str,
    scenario: str | None,
    answers: Path | None,
    series: str,
    redial: bool,
    tester: bool,
    dry_run: bool,
) -> int:
    """撥一通測試電話，量測並填量表。Place one test call, measure it, fill the score sheet.

    NUMBER|UNIT 必須在名冊（units.csv）裡。It must be in the directory.
    """
    from harness.refusal_log import refusals_logged

    with refusals_logged(asked.agency, asked=target):
        agency, plan = _planned(asked, target, scenario, answers, series)
        warn_of_robots(plan)
        if dry_run:
            return _show_plan(asked, plan, agency, target)
        shown = (lambda _: None) if asked.as_json else show_test
        tests = place_test(plan, agency, redial=redial, by_tester=tester, placed=shown)
    if asked.as_json and redial:
        print_json({"schema": "thirdring.test/1", "attempts": [one.to_dict() for one in tests]})
    elif asked.as_json:
        print_json(tests[-1].to_dict())
    return BELOW_STANDARD if tests[-1].sheet.below_standard else DONE


@click.command("list")
@click.option("--unit", help="只列這個單位。Only this unit.")
@click.option("--limit", type=click.IntRange(1, 10000), default=50, show_default=True, help="最多幾通。At most.")
@asked_for
def list_calls(asked: Asked, unit: str | None, limit: int) -> int:
    """列出通話，新的在前。List the calls, newest first."""
    from harness.agency import load_agency
    from harness.store import open_store

    agency = load_agency(asked.agency)
    with open_store(agency.database) as store:
        rows = store.list_calls(unit=unit, limit=limit)
    if asked.as_json:
        print_json({"schema": "thirdring.calls/1", "calls": rows})
    elif rows:
        _show_rows(rows, agency)
    else:
        print_lines([say("cli.no_calls")])
    return DONE


@click.command()
@click.argument("call_id", metavar="CALL_ID")
@asked_for
def show(asked: Asked, call_id: str) -> int:
    """顯示一通電話的時間線、量測與量表。Show a call's timeline, measurements and score sheets."""
    from harness.again import hear_again
    from harness.agency import load_agency
    from harness.assisted.remarks import happened
    from harness.cli.remark import lines_of
    from harness.confirming import confirmed_as
    from harness.rounds import visible
    from harness.store import open_store

    agency = load_agency(asked.agency)
    with open_store(agency.database) as store:
        kept = store.get_call(call_id) | {"reviews": visible(call_id, store), "log": store.log.of(call_id)}
        told_by_people = happened(kept, agency, store)
    again = hear_again(kept["record"], agency, without_sound=True)
    timeline = again.timeline.events
    ending = again.ending.said_by(confirmed_as(kept["log"]))
    if asked.as_json:
        told = {"timeline": [one.to_dict() for one in timeline], **again.prompts.to_dict()}
        told["ending"] = None if kept["series"] == "external" else ending.to_dict()
        print_json({"schema": "thirdring.shown_call/1", **kept, **told, "happened": told_by_people})
        return DONE
    _show_rows([kept], agency)
    print_lines(_attempt_lines(kept["attempts"]))
    print_lines(["", *(_event_line(one) for one in timeline), ""])
    if kept["series"] != "external":  # of a call that was not ours nothing was signalled
        print_lines([*_ending_lines(ending), ""])
    if said := lines_of(told_by_people, agency):
        print_lines([*said, ""])
    if kept["sheets"]:
        from harness.cli.mark import show_sheet

        show_sheet(kept["sheets"][-1]["sheet"])
    return DONE


def _attempt_lines(attempts: list[dict[str, Any]]) -> list[str]:
    """The attempts of a test that was dialled again; nothing where it had one."""
    if len(attempts) < 2:
        return []
    each = [f"  {one['ordinal']}. {one['call_id']}  {label('outcome.' + one['outcome'])}" for one in attempts]
    return ["", say("redial.attempts", attempts=len(attempts)), *each]


def _planned(asked: Asked, target: str, scenario: str | None, answers: Path | None, series: str) -> tuple[Agency, Plan]:
    """Read all that a call needs. That the string is in the directory comes before any other check."""
    from harness.agency import load_agency
    from harness.directory import read_units
    from harness.errors import FactsError
    from harness.number_gate.called_number import find_unit
    from harness.number_gate.forbidden_numbers import refuse_forbidden_text
    from harness.test_call import plan_call
    from harness.toml_file import read_json

    refuse_forbidden_text(target)
    find_unit(target, read_units(asked.agency))
    agency = load_agency(asked.agency)
    said = None if answers is None else read_json(answers, fault=FactsError)
    return agency, plan_call(target, agency, scenario=scenario, said=said, series=series)


def _show_plan(asked: Asked, plan: Plan, agency: Agency, target: str) -> int:
    """Show what would be dialled; where the gate refuses it now, that it does and why."""
    from harness.refusal_log import log_refusal

    refusal = _refusal(plan, agency)
    shown = _would_dial(plan, agency)
    if asked.as_json:
        told = None if refusal is None else refusal.to_dict()
        print_json({"schema": "thirdring.dry_run/1", **shown, "refused": told})
    else:
        steps = " → ".join(step.do for step in plan.scenario.steps)
        rows = [(label(f"column.{name}"), steps if name == "steps" else value) for name, value in shown.items()]
        print_lines([say("cli.would_dial" if refusal is None else "cli.would_be_refused")])
        print_table([label("column.what"), label("column.value")], rows)
    if refusal is None:
        return DONE
    log_refusal(asked.agency, refusal, asked=target)
    tell(refusal.sentence())
    return refusal.exit_status


def _refusal(plan: Plan, agency: Agency) -> Refused | None:
    from harness.errors import Refused
    from harness.test_call import dial_permit

    try:
        dial_permit(plan, agency, now=datetime.now(UTC))
    except Refused as error:
        return error
    return None


def _would_dial(plan: Plan, agency: Agency) -> dict[str, Any]:
    from harness.number_gate.called_number import number_of

    number, line_id = number_of(plan.unit, agency, plan.to)
    line = agency.line(line_id)
    return {
        "unit": plan.unit.unit,
        "number": number or None,
        "uri": line.address(number) if number else None,
        "line": line.id,
        "caller": ", ".join(line.caller_ids or (line.from_uri,)),
        "scenario": plan.scenario.name,
        "form": plan.form.id,
        "steps": [step.model_dump() for step in plan.scenario.steps],
    }


def show_test(test: TestCall) -> None:
    """Show a call's legs, ending and score sheet."""
    from harness.cli.mark import show_sheet
    from rubric.sheet import to_dict

    print_lines(["", f"{test.record.call_id}  {label(f'outcome.{test.measured.outcome}')}"])
    headings = ("what", "outcome", "rings", "answer_latency", "ring_onset", "pick_up", "voice_onset")
    rows = [_leg_row(leg.to_dict()) for leg in test.measured.legs]
    print_table([label(f"column.{one}") for one in headings], rows)
    print_lines(["", *_ending_lines(test.ending)])
    print_lines([*test.prompts.told(), ""])
    show_sheet(to_dict(test.sheet))
    print_lines(["", say("cli.open_with", sheet=test.page or "—", recording=test.recording)])


def _leg_row(leg: dict[str, Any]) -> list[object]:
    rings = _span(leg["rings"], digits=0)
    times = [_span(leg[key]) for key in ("answer_latency_s", "ring_onset_s", "pick_up_s", "voice_onset_s")]
    return [leg["leg"], label(f"outcome.{leg['outcome']}"), rings, *times]


def _span(value: dict[str, float] | None, *, digits: int = 2) -> str | None:
    if value is None:
        return None
    if digits == 0:
        low, high = value["earliest"], value["latest"]
        return str(low) if low == high else f"{low}–{high}"
    return between(value["earliest"], value["latest"])


def _show_rows(rows: list[dict[str, Any]], agency: Agency) -> None:
    timing = ("outcome", "rings", "answer_latency")
    names = ("call_id", "started_at", "unit", "scenario", *timing, "machine_points", "open_items")
    print_table([label(f"column.{one}") for one in names], [_row(row, agency) for row in rows])


def _row(row: dict[str, Any], agency: Agency) -> list[object]:
    local = datetime.fromisoformat(row["started_at"]).astimezone(agency.zone)
    latency = between(row["answer_latency_earliest_s"], row["answer_latency_latest_s"])
    return [
        row["call_id"],
        f"{local:%Y-%m-%d %H:%M:%S}",
        row["unit"],
        row["scenario"],
        label(f"outcome.{row['outcome']}"),
        row["rings"],
        latency,
        row["machine_points"],
        row["open_items"],
    ]


def _ending_lines(ending: Ending) -> list[str]:
    """What happened, whose doing it was, and the messages that say so."""
    from harness.ending import CANDIDATES
    from harness.ending_cause import NOBODY

    told = [chosen(ending.sentence["zh"], ending.sentence["en"])]
    if ending.whose != NOBODY:
        whose = label(
            f"ending.{'said' if ending.confirmed and ending.outcome in CANDIDATES else 'whose'}_{ending.whose}"
        )
        told.append(f"{label('column.whose')} {whose}")
    return [*told, *(f"{one.at_s:7.2f} s  {one.source:<5} {one.line}" for one in ending.messages)]


def _event_line(event: Any) -> str:
    end = "" if event.end_s is None else f"–{event.end_s:.2f}"
    return f"{event.at_s:7.2f}{end:>8} s  {event.source:<7} {event.what} {' '.join(event.detail.split())}".rstrip()
