"""`thirdring report sheet`, `blank` and `machine-half`: one score sheet, printed, or for the pen."""

from __future__ import annotations

from pathlib import Path

import click

from harness import clocks
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, tell
from harness.cli.report_options import language_of, pdf_wanted, where_to
from harness.errors import DONE


@click.command()
@click.argument("call_id", metavar="CALL_ID")
@where_to
@click.option("--no-pdf", is_flag=True, help="只要網頁。Only the page.")
@click.option("--overwrite", is_flag=True, help="覆寫已有的。Replace what is there.")
@asked_for
def sheet(asked: Asked, call_id: str, folder: Path, no_pdf: bool, overwrite: bool) -> int:
    """一通電話的量表，照量表原格式：網頁、ODT、PDF。A call's score sheet in its form's own layout: page, ODT, PDF."""
    from harness.agency import load_agency
    from harness.documents.paper_pdf import why_no_paper_pdf
    from harness.papers.write import write_sheet
    from harness.store import open_store

    agency, missing = load_agency(asked.agency), None if no_pdf else why_no_paper_pdf()
    with open_store(agency.database) as store:
        pdf = not no_pdf and missing is None
        found = write_sheet(
            call_id,
            folder,
            agency=agency,
            store=store,
            pdf=pdf,
            overwrite=overwrite,
            made_at=clocks.now(),
            lang=language_of(asked),
        )
    if asked.as_json:
        lacks = None if missing is None else {lang: missing.sentence(lang) for lang in ("zh", "en")}
        print_json({"schema": "thirdring.sheet_files/1", "files": [str(path) for path in found], "no_pdf": lacks})
        return DONE
    print_lines(str(path) for path in found)
    if missing:
        tell(missing.sentence())
    return DONE


@click.command()
@click.argument("unit", metavar="UNIT")
@where_to
@click.option("--no-pdf", is_flag=True, help="只要 ODT。Only the ODT.")
@click.option("--overwrite", is_flag=True, help="覆寫已有的。Replace what is there.")
@asked_for
def blank(asked: Asked, unit: str, folder: Path, no_pdf: bool, overwrite: bool) -> int:
    """一個單位的空白量表與要問的題目，給人手寫。A unit's blank sheet for the pen, with the questions to ask."""
    from harness.agency import load_agency
    from harness.assisted.live_calls import questions_for
    from harness.number_gate.called_number import find_unit
    from harness.papers.by_hand import How, write_blank

    agency = load_agency(asked.agency)
    one = find_unit(unit, agency.units)
    how = How(made_at=clocks.now(), pdf=pdf_wanted(no_pdf), overwrite=overwrite, lang=language_of(asked))
    questions = questions_for(one.unit, agency)
    _tell_files(asked, write_blank(one, folder, agency=agency, questions=questions, how=how))
    return DONE


@click.command()
@click.argument("call_id", metavar="CALL_ID")
@where_to
@click.option("--no-pdf", is_flag=True, help="只要 ODT。Only the ODT.")
@click.option("--overwrite", is_flag=True, help="覆寫已有的。Replace what is there.")
@asked_for
def machine_half(asked: Asked, call_id: str, folder: Path, no_pdf: bool, overwrite: bool) -> int:
    """一通電話裡機器給分的部分，附在手寫的量表之後。The machine's half, to put behind a sheet filled in by hand."""
    from harness.agency import load_agency
    from harness.papers.by_hand import How, write_machine_half
    from harness.store import open_store

    agency = load_agency(asked.agency)
    how = How(made_at=clocks.now(), pdf=pdf_wanted(no_pdf), overwrite=overwrite, lang=language_of(asked))
    with open_store(agency.database) as store:
        found = write_machine_half(call_id, folder, agency=agency, store=store, how=how)
    _tell_files(asked, found)
    return DONE


def _tell_files(asked: Asked, found: list[Path]) -> None:
    if asked.as_json:
        print_json({"schema": "thirdring.sheet_files/1", "files": [str(path) for path in found], "no_pdf": None})
    else:
        print_lines(str(path) for path in found)
