"""`thirdring improve`: what is to be improved, what the units answered, what is closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from harness import clocks
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table
from harness.errors import DONE, WrongInput
from harness.words import label, say

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.programme.follow_up import Deficiency

YEAR = timedelta(days=366)


@click.group()
@asked_for
def improve(asked: Asked) -> None:
    """待改進事項：列出、回復、結案。Deficiencies: list them, answer one, close one."""


@improve.command("list")
@click.option("--unit", help="只列這個單位。Only this unit.")
@click.option("--open", "only_open", is_flag=True, help="只列未結的。Only those that are not closed.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="從哪天起（預設一年）。From this day on.")
@asked_for
def list_deficiencies(asked: Asked, unit: str | None, only_open: bool, since: datetime | None) -> int:
    """列出待改進事項與期限。List deficiencies with their deadlines and how far they have got."""
    from harness.programme.follow_up import deficiencies
    from harness.store import open_store

    agency, rules, today = _read(asked)
    with open_store(agency.database) as store:
        found = deficiencies(agency, store, rules, today=today, since=since.date() if since else today - YEAR)
    shown = [one for one in found if unit in (None, one.unit) and not (only_open and one.state == "closed")]
    if asked.as_json:
        print_json({"schema": "thirdring.improvements/1", "improvements": [one.to_dict() for one in shown]})
        return DONE
    names = ("call", "unit", "day", "total", "reasons", "due", "state")
    print_table([label(f"programme.column_{name}") for name in names], [_row(one) for one in shown])
    return DONE


@improve.command()
@click.argument("call_id", metavar="CALL_ID")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="通知日（預設今天）。On this day (today).")
@click.option("--who", required=True, metavar="NAME", help="誰通知。Who tells it.")
@asked_for
def notify(asked: Asked, call_id: str, day: datetime | None, who: str) -> int:
    """登記已通知單位；異議期間最早由此起算。Note that the unit was told; nobody's time to object begins before."""
    from harness.programme.follow_up import check_may_notify
    from harness.programme.follow_up import notify as keep

    def kept(store: Any, now: datetime) -> None:
        on = day.date() if day else now.date()
        if on > now.date():
            raise WrongInput("improve.day_to_come", day=on)
        keep(call_id, on, who=who, store=store, now=now)

    return _noted(asked, call_id, kept, "notified", check=check_may_notify)


@improve.command()
@click.argument("call_id", metavar="CALL_ID")
@click.option("--text", required=True, help="改進情形或說明（公出、臨櫃、請假）。What was done, or an explanation.")
@click.option(
    "--explain",
    type=click.Choice(["away", "counter", "leave", "other"]),
    help="受測時的情形：away 公出、counter 臨櫃、leave 請假、other 其他。What the person was at.",
)
@click.option("--who", required=True, metavar="NAME", help="誰回復。Who answers.")
@asked_for
def answer(asked: Asked, call_id: str, text: str, explain: str | None, who: str) -> int:
    """登記單位的回復。Keep a unit's answer."""
    from harness.programme.follow_up import answer as keep

    def kept(store: Any, now: datetime) -> None:
        keep(call_id, text, who=who, store=store, now=now, explanation=explain or "")

    return _noted(asked, call_id, kept, "answered")


@improve.command()
@click.argument("call_id", metavar="CALL_ID")
@click.option("--reason", required=True, help="為什麼結案。Why.")
@click.option("--who", required=True, metavar="NAME", help="誰結案。Who closes it.")
@asked_for
def close(asked: Asked, call_id: str, reason: str, who: str) -> int:
    """由人結案，異議期限屆滿後。Close by a person's word, once nobody can object; a good re-test closes by itself."""
    from harness.programme.follow_up import check_settled
    from harness.programme.follow_up import close as keep

    def kept(store: Any, now: datetime) -> None:
        keep(call_id, reason, who=who, store=store, now=now)

    return _noted(asked, call_id, kept, "closed", check=check_settled)


@improve.command()
@click.argument("call_id", metavar="CALL_ID")
@click.option("--reason", required=True, help="為什麼提報。Why.")
@click.option("--who", required=True, metavar="NAME", help="誰提報。Who escalates it.")
@asked_for
def escalate(asked: Asked, call_id: str, reason: str, who: str) -> int:
    """提報局務會議；異議期限屆滿前不能提報。Bring one before the meeting, once nobody can object any more."""
    from harness.programme.follow_up import check_settled
    from harness.programme.follow_up import escalate as keep

    def kept(store: Any, now: datetime) -> None:
        keep(call_id, reason, who=who, store=store, now=now)

    return _noted(asked, call_id, kept, "escalated", check=check_settled)


def _row(one: Deficiency) -> list[object]:
    state = label(f"programme.follow_{one.state}")
    return [one.call_id, one.unit, one.day, f"{one.total:g}", "、".join(one.reasons), one.answer_due, state]


def _noted(
    asked: Asked, call_id: str, keep: Any, what: str, *, check: Callable[[Deficiency], None] = lambda _: None
) -> int:
    from harness.programme.follow_up import deficiency
    from harness.store import open_store

    agency, rules, today = _read(asked)
    with open_store(agency.database) as store:
        before = deficiency(call_id, agency, store, rules, today=today)  # there is something to answer, or NotFound
        check(before)
        keep(store, clocks.now())
        now = deficiency(call_id, agency, store, rules, today=today)
    if asked.as_json:
        print_json({"schema": "thirdring.improvement/1", **now.to_dict()})
    else:
        print_lines([say(f"improve.{what}", call_id=call_id, state=label(f"programme.follow_{now.state}"))])
    return DONE


def _read(asked: Asked) -> tuple[Agency, Any, date]:
    from harness.agency import load_agency
    from harness.programme.settings import read_programme

    agency = load_agency(asked.agency)
    return agency, read_programme(agency.folder).improvement, clocks.now().astimezone(agency.zone).date()
