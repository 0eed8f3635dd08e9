"""`thirdring score`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table
from harness.errors import BELOW_STANDARD, DONE
from harness.words import label


@click.command()
@click.option("--form", default="keelung-102", show_default=True, metavar="NAME|FILE", help="量表。The score sheet.")
@click.option(
    "--facts",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="機器量到的，JSON。What was measured, JSON.",
)
@click.option(
    "--answers",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="測試人員的評分，JSON。A tester's answers, JSON.",
)
@asked_for
def score(asked: Asked, form: str, facts: Path, answers: Path | None) -> int:
    """由量測與評分填一張量表。Fill a score sheet from measurements and answers."""
    from harness.errors import FactsError
    from harness.scoring import find_form, read_answers, score_call
    from harness.toml_file import read_json
    from rubric.sheet import to_dict

    sheet_form = find_form(form, agency_folder=asked.agency)
    measured = read_json(facts, fault=FactsError)
    said = None if answers is None else read_json(answers, fault=FactsError)
    sheet = score_call(sheet_form, measured, read_answers(said, sheet_form))
    if asked.as_json:
        print_json(to_dict(sheet))
    else:
        show_sheet(to_dict(sheet))
    return BELOW_STANDARD if sheet.below_standard else DONE


def show_sheet(sheet: dict[str, Any]) -> None:
    """Print a score sheet's items, its total, and what is wrong with the answers."""
    names = ("item", "points", "max", "by", "why")
    rows = [[one["id"], one["points"], one["max"], one["by"], _why(one)] for one in sheet["items"]]
    print_table([label(f"column.{one}") for one in names], rows)
    total = "—" if sheet["total"] is None else sheet["total"]
    print_lines(["", f"{label('column.total')} {total} / {sheet['max']} {sheet['band'] or ''}".rstrip()])
    print_lines(sheet["remarks"])
    print_lines(sheet["problems"])


def _why(item: dict[str, Any]) -> str:
    from harness.words import chosen

    zh, en = item["why"], item.get("why_en", "")
    return chosen(zh, en)
