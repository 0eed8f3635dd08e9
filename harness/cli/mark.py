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
@click.option("--explain", is_flag=True, help="每一分的理由，由總分到量測。Why each point, from the total down.")
@click.option("--sign", is_flag=True, help="要能簽名：缺的一次全部列出。It must be ready to sign: all that is missing.")
@asked_for
def score(asked: Asked, form: str, facts: Path, answers: Path | None, explain: bool, sign: bool) -> int:
    """由量測與評分填一張量表。Fill a score sheet from measurements and answers.

    不可能的答案一次全部列出，不填表。Impossible answers are listed all at once, and nothing is filled.
    """
    from harness.errors import FactsError
    from harness.scoring import find_form, refuse_unready, score_said
    from harness.toml_file import read_json
    from rubric.explain import explain as tree_of
    from rubric.explain import lines, reason_to_dict
    from rubric.sheet import to_dict

    sheet_form = find_form(form, agency_folder=asked.agency)
    measured = read_json(facts, fault=FactsError)
    said = None if answers is None else read_json(answers, fault=FactsError)
    sheet = score_said(sheet_form, measured, said)
    if sign:
        refuse_unready(sheet_form, sheet)
    if asked.as_json:
        told = to_dict(sheet)
        print_json(told | ({"explanation": reason_to_dict(tree_of(sheet_form, sheet))} if explain else {}))
    elif explain:
        print_lines(lines(tree_of(sheet_form, sheet), lang="en" if asked.lang == "en" else "zh"))
        show_foot(to_dict(sheet))
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
    show_foot(sheet)


def show_foot(sheet: dict[str, Any]) -> None:
    """Print a sheet's remarks and what is wrong with its answers."""
    from harness.words import chosen

    print_lines(sheet["remarks"])
    print_lines(chosen(zh, en) for zh, en in zip(sheet["problems"], sheet["problems_en"], strict=True))


def _why(item: dict[str, Any]) -> str:
    from harness.words import chosen

    zh, en = item["why"], item.get("why_en", "")
    return chosen(zh, en)
