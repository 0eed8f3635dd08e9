"""`thirdring answer` and `rescore`: kept calls get a tester's answers, or a second sheet by another form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines
from harness.errors import BELOW_STANDARD, DONE
from harness.words import say

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.rescoring import Rescored
    from harness.store import Store
    from rubric.schema import Form


@click.command()
@click.argument("call_id", metavar="CALL_ID")
@click.option(
    "--answers",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="測試人員的評分，JSON。A tester's answers, JSON.",
)
@click.option("--who", required=True, metavar="NAME", help="測試人員。Who answers.")
@asked_for
def answer(asked: Asked, call_id: str, answers: Path, who: str) -> int:
    """填一通已錄電話的評分，另立一張量表。Answer a kept call: a new sheet beside those that are there."""
    from harness.agency import load_agency
    from harness.answering import answer_call
    from harness.cli.mark import show_sheet
    from harness.errors import FactsError
    from harness.store import open_store
    from harness.toml_file import read_json

    agency = load_agency(asked.agency)
    said = read_json(answers, fault=FactsError)
    with open_store(agency.database) as store:
        done = answer_call(call_id, said, who=who, agency=agency, store=store)
    if asked.as_json:
        told = {"call_id": call_id, "version": done.version, "who": who, "sheet": done.sheet}
        print_json({"schema": "thirdring.answered/1", **told})
    else:
        show_sheet(done.sheet)
        total = shown(done.sheet["total"])
        print_lines([say("review.answered", call_id=call_id, version=done.version, total=total)])
    return BELOW_STANDARD if done.sheet["below_standard"] else DONE


@click.command()
@click.argument("call_id", metavar="[CALL_ID]", required=False)
@click.option("--form", metavar="NAME|FILE", help="用哪一份量表（預設：agency.toml 的）。Form (default: the agency's).")
@click.option("--all", "every", is_flag=True, help="全部通話。Every kept call.")
@click.option("--who", metavar="NAME", default="", help="誰要再評，記入紀錄。Who asks, for the log.")
@asked_for
def rescore(asked: Asked, call_id: str | None, form: str | None, every: bool, who: str) -> int:
    """用另一版量表再評，第二張並列，列出不同。Score kept calls again: a second sheet, and the difference.

    第一張不變，仍是計算的那張。The first sheet stays what counts.
    """
    from harness.agency import load_agency
    from harness.rescoring import rescore as rescore_one
    from harness.scoring import usable_form
    from harness.store import open_store

    if (call_id is None) is not every:
        raise click.UsageError("CALL_ID / --all")
    agency = load_agency(asked.agency)
    chosen_form = usable_form(form or agency.settings.form, agency.folder)
    with open_store(agency.database) as store:
        if call_id is None:
            done = _all(asked, chosen_form, who, agency, store)
        else:
            done = [rescore_one(call_id, chosen_form, who=who, agency=agency, store=store)]
    if asked.as_json:
        told = {"form": chosen_form.id, "version": chosen_form.version, "calls": [one.to_dict() for one in done]}
        print_json({"schema": "thirdring.rescore/1", **told})
    else:
        _show(done)
    return DONE


def shown(total: object) -> str:
    """A total, or the dash where there is none."""
    return "—" if total is None else str(total)


def _all(asked: Asked, form: Form, who: str, agency: Agency, store: Store) -> list[Rescored]:
    from rich.console import Console
    from rich.progress import Progress

    from harness.rescoring import rescore_all

    with Progress(console=Console(stderr=True), transient=True, disable=asked.as_json) as progress:
        task = progress.add_task(form.id, total=None)

        def tick(left: int) -> None:
            done = progress.tasks[0].completed + 1
            progress.update(task, completed=done, total=done + left)

        return rescore_all(form, who=who, agency=agency, store=store, tick=tick)


def _show(done: list[Rescored]) -> None:
    for one in done:
        after = _sheet(one.after) if one.after else "—"
        print_lines([say(f"review.{one.status}", call_id=one.call_id, before=_sheet(one.before), after=after)])
        print_lines(_difference(apart) for apart in one.differences)
        print_lines(one.problems)
    changed = sum(bool(one.differences) for one in done)
    print_lines([say("review.rescored", n=sum(one.after is not None for one in done), changed=changed)])


def _sheet(told: dict[str, object]) -> str:
    return f"{told['form']} v{told['version']} {shown(told['total'])}"


def _difference(apart: dict[str, object]) -> str:
    values = {"id": apart["id"], "before": shown(apart["before"]), "after": shown(apart["after"])}
    told = say("review.difference", **values, why={"zh": apart["why_after"], "en": apart["why_after_en"]})
    return "\n".join(line.rstrip("　 ") for line in told.splitlines())
