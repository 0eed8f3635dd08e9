"""`thirdring questions`: what may be asked, and what to ask a unit next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import clocks
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, tell
from harness.errors import DONE, WrongInput
from harness.words import label, say

if TYPE_CHECKING:
    from harness.agency import Agency
    from harness.questions import Question

QUESTIONS_FILE = "questions.csv"


@click.command()
@click.argument("unit", required=False)
@click.option(
    "--import",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="從 ODS、XLSX 或 CSV 匯入題庫；有錯就不改。Make questions.csv from a spreadsheet or a CSV.",
)
@click.option(
    "--export",
    "to",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="匯出成 ODS 或 CSV，可再匯入。Write them as ODS or CSV.",
)
@click.option("--dry-run", is_flag=True, help="只檢查，不匯入。Only look through.")
@asked_for
def questions(asked: Asked, unit: str | None, file: Path | None, to: Path | None, dry_run: bool) -> int:
    """題庫；寫單位就提議下一通要問的兩題。The questions; with UNIT the two to ask it next, and their answers."""
    from harness.agency import load_agency
    from harness.number_gate.called_number import find_unit
    from harness.questions import PROPOSED, last_asked, propose, read_questions
    from harness.store import open_store

    agency = load_agency(asked.agency)
    if file is not None:
        return _import(asked, agency, file, dry_run=dry_run)
    today, before = clocks.now().astimezone(agency.zone).date(), dict[str, date]()
    found = read_questions(agency.folder, units=[one.unit for one in agency.units])
    if to is not None:
        return _export(asked, found, to)
    if unit is not None:
        name = find_unit(unit, agency.units).unit
        with open_store(agency.database) as store:
            before = last_asked(name, store)
        found = propose(name, found, today=today, asked=before)
        if len(found) < PROPOSED:
            tell(say("questions.few", file=QUESTIONS_FILE, unit=name, count=len(found), least=PROPOSED))
    if asked.as_json:
        print_json({"schema": "thirdring.questions/1", "questions": [_row(one, before, today) for one in found]})
        return DONE
    for one in found:
        print_lines([f"{one.unit}  {one.question}", f"    → {one.answer}", f"    {_more(one, before, today, unit)}"])
    return DONE


def _import(asked: Asked, agency: Agency, file: Path, *, dry_run: bool) -> int:
    from harness.questions import import_questions

    found = import_questions(file, agency.folder, units=[one.unit for one in agency.units], dry_run=dry_run)
    if asked.as_json:
        print_json({"schema": "thirdring.questions_import/1", "dry_run": dry_run, "questions": len(found)})
    else:
        print_lines([say("questions.would_import" if dry_run else "questions.imported", count=len(found))])
    return DONE


def _export(asked: Asked, found: Sequence[Question], file: Path) -> int:
    from harness.questions import export_questions

    if file.suffix.lower() not in (".ods", ".csv"):
        raise WrongInput("questions.export_kind", file=file.name)
    export_questions(found, file)
    if asked.as_json:
        print_json({"schema": "thirdring.questions_export/1", "file": str(file), "questions": len(found)})
    else:
        print_lines([say("questions.exported", count=len(found), file=file)])
    return DONE


def _row(one: Question, before: Mapping[str, date], today: date) -> dict[str, Any]:
    asked_on = before.get(one.question)
    told = asdict(one) | {"valid_to": one.valid_to and str(one.valid_to)}
    return told | {"last_asked": asked_on and str(asked_on), "ended": one.valid_to is not None and one.valid_to < today}


def _more(one: Question, before: Mapping[str, date], today: date, unit: str | None) -> str:
    """Source, end and, for a unit, when it was asked last."""
    words = [one.source]
    if one.valid_to is not None:
        words.append(label("questions.ended" if one.valid_to < today else "questions.until", day=one.valid_to))
    if unit is not None:
        day = before.get(one.question)
        words.append(label("questions.asked_on", day=day) if day else label("questions.never_asked"))
    return "　".join(word for word in words if word)
