"""`thirdring opinion`: two testers blind to each other, what differs, what a reviewer settles, objections."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.kept import shown
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table
from harness.errors import DONE
from harness.words import catalogue, label, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.agency import Agency
    from harness.store import Store

who_option = click.option("--who", required=True, metavar="NAME", help="是誰。Who it is.")


@click.group()
@asked_for
def opinion(asked: Asked) -> None:
    """第二意見、異議與裁定。Second opinions, objections, and what is settled."""


@opinion.command()
@click.argument("call_id", metavar="CALL_ID")
@click.option(
    "--answers",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="這位測試人員的評分，JSON。This tester's answers, JSON.",
)
@who_option
@asked_for
def add(asked: Asked, call_id: str, answers: Path, who: str) -> int:
    """送出一份評分，看不到另一位的。Hand in one tester's answers, blind to the other's."""
    from harness.errors import FactsError
    from harness.second_opinion import add_opinion
    from harness.toml_file import read_json

    said = read_json(answers, fault=FactsError)
    with _opened(asked) as (agency, store):
        kept = add_opinion(call_id, said, who=who, agency=agency, store=store)
    if asked.as_json:
        print_json({"schema": "thirdring.opinion/1", **kept})
        return DONE
    values = {"call_id": call_id, "round": kept["round"], "who": kept["who"], "total": shown(kept["sheet"]["total"])}
    print_lines([say("review.kept", **values, seat=_both(f"review.{kept['seat']}"))])
    print_lines([] if kept["blind"] else [say("review.not_blind")])
    return DONE


@opinion.command()
@click.argument("call_id", metavar="[CALL_ID]", required=False)
@click.option("--form", metavar="NAME", help="哪一份量表的一致性（預設：agency.toml 的）。Agreement by which form.")
@asked_for
def compare(asked: Asked, call_id: str | None, form: str | None) -> int:
    """一通電話兩份評分的不同；不寫通話代號則為各項一致性（κ）。What differs on a call; without one, κ per item.

    兩份都送出之前不能看（結束碼 4）。Refused until both are in (exit status 4).
    """
    from harness.second_opinion import agreement_of
    from harness.second_opinion import compare as compare_one

    with _opened(asked) as (agency, store):
        if call_id is None:
            told = agreement_of(form or agency.settings.form, store)
            _show_agreement(asked, told)
        else:
            _show_comparison(asked, compare_one(call_id, agency=agency, store=store))
    return DONE


@opinion.command()
@click.argument("call_id", metavar="CALL_ID")
@click.option(
    "--decisions",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help='裁定，JSON：{"B2.3": {"take": "first", "reason": "…"}}。The decisions, JSON.',
)
@click.option("--reason", default="", metavar="TEXT", help="異議成立與否的理由。Why an objection is upheld or not.")
@who_option
@asked_for
def settle(asked: Asked, call_id: str, decisions: Path | None, reason: str, who: str) -> int:
    """複核人員裁定不同之處，每項附理由。A reviewer settles every difference, each with a reason."""
    from harness.errors import FactsError
    from harness.second_opinion import settle_opinions
    from harness.toml_file import read_json

    decided = {} if decisions is None else read_json(decisions, fault=FactsError)
    with _opened(asked) as (agency, store):
        done = settle_opinions(call_id, decided, who=who, reason=reason, agency=agency, store=store)
    if asked.as_json:
        print_json({"schema": "thirdring.settled/1", **done})
        return DONE
    values = {"call_id": call_id, "round": done["round"], "who": done["who"], "version": done["version"]}
    print_lines([say("review.decided", **values, total=shown(done["sheet"]["total"]))])
    return DONE


@opinion.command("object")
@click.argument("call_id", metavar="CALL_ID")
@click.option("--reason", required=True, metavar="TEXT", help="異議的理由。Why.")
@click.option("--item", "items", multiple=True, metavar="ID", help="對哪一項（可重複）。Against which item.")
@who_option
@asked_for
def objection(asked: Asked, call_id: str, reason: str, items: tuple[str, ...], who: str) -> int:
    """受測人員提出異議，之後由另一人複聽。The person tested objects; a second listener follows."""
    from harness.second_opinion import object_to

    with _opened(asked) as (agency, store):
        told = object_to(call_id, who=who, reason=reason, items=items, agency=agency, store=store)
    if asked.as_json:
        print_json({"schema": "thirdring.objection/1", **told})
    else:
        print_lines([say("review.objected", call_id=call_id, round=told["round"], who=told["who"])])
    return DONE


@opinion.command("log")
@click.argument("call_id", metavar="CALL_ID")
@asked_for
def history(asked: Asked, call_id: str) -> int:
    """何人何時做了什麼；只增不改。Who did what when; it only grows."""
    with _opened(asked) as (_, store):
        store.get_call(call_id)
        lines = store.log.of(call_id)
    if asked.as_json:
        print_json({"schema": "thirdring.log/1", "call_id": call_id, "log": lines})
    else:
        rows = [[one["at"], one["who"] or None, _what(one["what"])] for one in lines]
        print_table([label(f"column.{name}") for name in ("at", "who", "what")], rows)
    return DONE


@contextmanager
def _opened(asked: Asked) -> Iterator[tuple[Agency, Store]]:
    from harness.agency import load_agency
    from harness.store import open_store

    agency = load_agency(asked.agency)
    with open_store(agency.database) as store:
        yield agency, store


def _show_comparison(asked: Asked, told: dict[str, Any]) -> None:
    if asked.as_json:
        print_json({"schema": "thirdring.comparison/1", **told})
        return
    first, second = told["first"], told["second"]
    totals = {f"{seat}_total": shown(told[seat]["total"]) for seat in ("first", "second")}
    names = {"first": first["who"], "second": second["who"], "to_settle": "、".join(told["to_settle"]) or "—"}
    print_lines([say("review.apart", call_id=told["call_id"], round=told["round"], **names, **totals)])
    print_lines([] if told["blind"] else [say("review.not_blind")])
    headings = [label(f"column.{name}") for name in ("item", "first", "second")]
    print_table(headings, [[one["item"], _line(one["first"]), _line(one["second"])] for one in told["differences"]])


def _show_agreement(asked: Asked, told: dict[str, Any]) -> None:
    if asked.as_json:
        print_json({"schema": "thirdring.agreement/1", **told})
        return
    print_lines([say("review.agreement", form=told["form"], pairs=told["pairs"], not_blind=told["not_blind"])])
    rows = [[one["item"], one["n"], one["same"], _rounded(one["kappa"])] for one in told["items"] if one["n"]]
    print_table([label(f"column.{name}") for name in ("item", "n", "same", "kappa")], rows)


def _line(item: dict[str, Any]) -> str:
    return f"{shown(item['points'])}（{item['why']}）"


def _rounded(kappa: float | None) -> str | None:
    return None if kappa is None else f"{kappa:.2f}"


def _what(what: str) -> str:
    """What was done, in words where there are some."""
    key = f"review.log_{what}"
    return label(key) if key in catalogue() else what


def _both(key: str) -> dict[str, str]:
    return {lang: say(key, lang) for lang in ("zh", "en")}
