"""`thirdring report`: the papers of a period."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import clocks
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, tell
from harness.errors import DONE, NotFound
from harness.words import chosen, say
from rubric.periods import roc_period

if TYPE_CHECKING:
    from rich.progress import Progress

    from harness.errors import EnvironmentFailed
    from harness.papers.edition import Edition
    from harness.papers.gather import Gathered
    from harness.papers.year_round import Made
    from rubric.periods import Period


@click.group()
@asked_for
def report(asked: Asked) -> None:
    """製作一段期間的文書：ODT、ODS、CSV，裝了就有 PDF。The papers of a period.

    PERIOD：2026-11、2026-Q4、2026-H2、2026，或民國 115-11。In either calendar.
    文書為中文；加 --lang en 為英文。The papers are in Chinese; with --lang en in English.
    """


def _language(asked: Asked) -> str:
    """The papers' language: Chinese, unless English is asked for; one paper is never in both."""
    return "en" if asked.lang == "en" else "zh"


_where_to = click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="寫到哪裡。Where to."
)


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.argument("period", metavar="PERIOD"),
        _where_to,
        click.option("--no-pdf", is_flag=True, help="不做 PDF，較快。No PDF, which is quicker."),
        click.option("--overwrite", is_flag=True, help="覆寫已有的文書。Replace papers that are there."),
        click.option(
            "--approved-by",
            default="",
            metavar="NAME",
            help="首長已核可：製作獎懲建議名單，並記錄。The head has approved: the reward list too; that is logged.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return asked_for(command)


@report.command()
@_options
def month(asked: Asked, **values: Any) -> int:
    """簽、各單位通知、公佈欄版、分配表、改進情形表。A month: result, notices, board, allocation, improvements."""
    return _report(asked, "month", **values)


@report.command()
@_options
def quarter(asked: Asked, **values: Any) -> int:
    """提報推動小組的季報、成果報告。A quarter: for the steering group, and for the superior agency."""
    return _report(asked, "quarter", **values)


@report.command()
@_options
def half(asked: Asked, **values: Any) -> int:
    """半年自行考核報告。The self-review of half a year."""
    return _report(asked, "half_year", **values)


@report.command()
@_options
def year(asked: Asked, **values: Any) -> int:
    """年度自行考核報告（次年 1 月 15 日前）。The self-review of a year, due on 15 January."""
    return _report(asked, "year", **values)


@report.command("all")
@click.argument("year", metavar="YEAR")
@_where_to
@click.option("--no-pdf", is_flag=True, help="不做 PDF，較快。No PDF, which is quicker.")
@click.option("--overwrite", is_flag=True, help="覆寫已有的文書。Replace papers that are there.")
@asked_for
def all_of_year(asked: Asked, year: str, folder: Path, no_pdf: bool, overwrite: bool) -> int:
    """一年的全部文書：12 個月、4 季、2 個半年、全年；已有的不動。Every paper of a year; what is there is left alone."""
    from harness.agency import load_agency
    from harness.documents.paper_pdf import why_no_paper_pdf
    from harness.figures import span_of
    from harness.papers.year_round import jobs_of, make_all

    span, missing = span_of("year", year), None if no_pdf else why_no_paper_pdf()
    load_agency(asked.agency)  # what is wrong in its files is told once, before anything is begun
    jobs = jobs_of(
        span.name,
        agency=asked.agency,
        folder=folder,
        pdf=not no_pdf and missing is None,
        overwrite=overwrite,
        lang=_language(asked),
        made_at=clocks.now(),
    )
    with _bar(asked) as progress:
        task = progress.add_task(str(folder), total=len(jobs))
        made = make_all(jobs, tick=lambda one: progress.update(task, advance=1, description=one.period))
    _tell_all(asked, span.name, folder, made, missing)
    if not any(one.calls for one in made):
        raise NotFound("report.no_calls", period={"zh": roc_period(span.name), "en": span.name})
    return DONE


def _tell_all(asked: Asked, year: str, folder: Path, made: tuple[Made, ...], missing: EnvironmentFailed | None) -> None:
    if asked.as_json:
        editions = [
            {name: getattr(one, name) for name in ("period", "calls", "unsettled", "there")}
            | {"files": list(one.files)}
            for one in made
        ]
        lacks = None if missing is None else {lang: missing.sentence(lang) for lang in ("zh", "en")}
        print_json({"schema": "thirdring.report_year/1", "year": year, "editions": editions, "no_pdf": lacks})
        return
    for one in made:
        period = {"zh": roc_period(one.period), "en": one.period}
        key = "report.there" if one.there else "report.written" if one.calls else "report.nothing"
        print_lines([say(key, period=period, n=len(one.files), folder=folder)])
        print_lines([say("held.in_year", n=one.unsettled)] if one.unsettled else [])
    if missing:
        tell(missing.sentence())


def _bar(asked: Asked) -> Progress:
    """A bar of progress on stderr; none where another program reads."""
    from rich.console import Console
    from rich.progress import Progress

    return Progress(console=Console(stderr=True), transient=True, disable=asked.as_json)


@report.command()
@click.argument("call_id", metavar="CALL_ID")
@_where_to
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
            lang=_language(asked),
        )
    if asked.as_json:
        lacks = None if missing is None else {lang: missing.sentence(lang) for lang in ("zh", "en")}
        print_json({"schema": "thirdring.sheet_files/1", "files": [str(path) for path in found], "no_pdf": lacks})
        return DONE
    print_lines(str(path) for path in found)
    if missing:
        tell(missing.sentence())
    return DONE


@report.command()
@click.argument("unit", metavar="UNIT")
@_where_to
@click.option("--no-pdf", is_flag=True, help="只要 ODT。Only the ODT.")
@click.option("--overwrite", is_flag=True, help="覆寫已有的。Replace what is there.")
@asked_for
def blank(asked: Asked, unit: str, folder: Path, no_pdf: bool, overwrite: bool) -> int:
    """一個單位的空白量表與要問的題目，給人手寫。A unit's blank sheet for the pen, with the questions to ask."""
    from harness.agency import load_agency
    from harness.assisted.live_calls import questions_for
    from harness.number_gate import find_unit
    from harness.papers.by_hand import How, write_blank

    agency = load_agency(asked.agency)
    one = find_unit(unit, agency.units)
    how = How(made_at=clocks.now(), pdf=_pdf(no_pdf), overwrite=overwrite, lang=_language(asked))
    questions = questions_for(one.unit, agency)
    _tell_files(asked, write_blank(one, folder, agency=agency, questions=questions, how=how))
    return DONE


@report.command()
@click.argument("call_id", metavar="CALL_ID")
@_where_to
@click.option("--no-pdf", is_flag=True, help="只要 ODT。Only the ODT.")
@click.option("--overwrite", is_flag=True, help="覆寫已有的。Replace what is there.")
@asked_for
def machine_half(asked: Asked, call_id: str, folder: Path, no_pdf: bool, overwrite: bool) -> int:
    """一通電話裡機器給分的部分，附在手寫的量表之後。The machine's half, to put behind a sheet filled in by hand."""
    from harness.agency import load_agency
    from harness.papers.by_hand import How, write_machine_half
    from harness.store import open_store

    agency = load_agency(asked.agency)
    how = How(made_at=clocks.now(), pdf=_pdf(no_pdf), overwrite=overwrite, lang=_language(asked))
    with open_store(agency.database) as store:
        found = write_machine_half(call_id, folder, agency=agency, store=store, how=how)
    _tell_files(asked, found)
    return DONE


def _pdf(no_pdf: bool) -> bool:
    """Whether a PDF is wanted and can be made; tells what is missing for it."""
    from harness.documents.paper_pdf import why_no_paper_pdf

    missing = None if no_pdf else why_no_paper_pdf()
    if missing is not None:
        tell(missing.sentence())
    return not no_pdf and missing is None


def _tell_files(asked: Asked, found: list[Path]) -> None:
    if asked.as_json:
        print_json({"schema": "thirdring.sheet_files/1", "files": [str(path) for path in found], "no_pdf": None})
    else:
        print_lines(str(path) for path in found)


@report.command()
@_where_to
@click.option("--overwrite", is_flag=True, help="覆寫已有的範本。Replace templates that are there.")
@asked_for
def templates(asked: Asked, folder: Path, overwrite: bool) -> int:
    """複製文書範本，供機關修改。Copy the templates of the papers, to be changed."""
    from harness.papers.write import copy_templates

    found = copy_templates(folder, overwrite=overwrite)
    if asked.as_json:
        print_json({"schema": "thirdring.templates/1", "files": [str(path) for path in found]})
    else:
        print_lines([say("report.templates_written", n=len(found), folder=folder)])
    return DONE


def _report(
    asked: Asked, kind: Period, *, period: str, folder: Path, no_pdf: bool, overwrite: bool, approved_by: str
) -> int:
    from harness.agency import load_agency
    from harness.figures import span_of
    from harness.papers.edition import edition_of
    from harness.papers.gather import gather
    from harness.store import open_store

    span, agency, now = span_of(kind, period), load_agency(asked.agency), clocks.now()
    with open_store(agency.database) as store:
        today = now.astimezone(agency.zone).date()
        known = gather(span, agency=agency, store=store, today=today, lang=_language(asked))
        if not known.calls:
            raise NotFound("report.no_calls", period={"zh": roc_period(span.name), "en": span.name})
        edition = edition_of(known, approved_by=approved_by)
        written, missing = _write(asked, edition, known, folder, pdf=not no_pdf, overwrite=overwrite, now=now)
        if approved_by:
            store.log.write("reward_list_made", who=approved_by, detail={"period": span.name}, now=now)
    _tell(asked, edition, known, folder, written, missing)
    return DONE


def _write(
    asked: Asked, edition: Edition, known: Gathered, folder: Path, *, pdf: bool, overwrite: bool, now: datetime
) -> tuple[list[Path], dict[str, str] | None]:
    """Write with a bar of progress; what is missing for PDF is told, and everything else is made."""
    from harness.documents.paper_pdf import why_no_paper_pdf
    from harness.papers.write import write_edition

    missing = why_no_paper_pdf() if pdf else None
    with _bar(asked) as progress:
        task = progress.add_task("", total=None)
        written = write_edition(
            edition,
            known,
            folder,
            pdf=pdf and missing is None,
            made_at=now,
            overwrite=overwrite,
            tick=lambda done, all_: progress.update(task, completed=done, total=all_),
        )
    return written, None if missing is None else {lang: missing.sentence(lang) for lang in ("zh", "en")}


def _tell(
    asked: Asked,
    edition: Edition,
    known: Gathered,
    folder: Path,
    written: list[Path],
    missing: dict[str, str] | None,
) -> None:
    span = known.span
    if asked.as_json:
        told = {"period": span.name, "period_roc": roc_period(span.name), "over": known.over}
        told |= {"files": [str(path) for path in written], "left_out": list(edition.left_out), "no_pdf": missing}
        print_json({"schema": "thirdring.report/1", **told, "unsettled": len(known.unsettled)})
        return
    period = {"zh": roc_period(span.name), "en": span.name}
    print_lines([say("report.written", period=period, n=len(written), folder=folder)])
    print_lines(say("report.left_out", why=why) for why in edition.left_out)
    if edition.held:
        print_lines([say("held.told", held=edition.held)])
    if missing:
        tell(chosen(missing["zh"], missing["en"]))
