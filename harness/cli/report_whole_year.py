"""`thirdring report all`: every paper of a year."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import clocks
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, tell
from harness.cli.report_options import bar_of, language_of, where_to
from harness.errors import DONE, NotFound
from harness.words import say
from rubric.periods import roc_period

if TYPE_CHECKING:
    from harness.errors import EnvironmentFailed
    from harness.papers.year_round import Made


@click.command("all")
@click.argument("year", metavar="YEAR")
@where_to
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
        lang=language_of(asked),
        made_at=clocks.now(),
    )
    with bar_of(asked) as progress:
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
