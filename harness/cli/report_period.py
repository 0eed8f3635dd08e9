"""`thirdring report month`, `quarter`, `half` and `year`: the papers of one period."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import clocks
from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, tell
from harness.cli.report_options import bar_of, language_of, where_to
from harness.errors import DONE, NotFound
from harness.words import chosen, say
from rubric.periods import roc_period

if TYPE_CHECKING:
    from harness.papers.edition import Edition
    from harness.papers.gather import Gathered
    from rubric.periods import Period


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.argument("period", metavar="PERIOD"),
        where_to,
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


@click.command()
@_options
def month(asked: Asked, **values: Any) -> int:
    """簽、各單位通知、公佈欄版、分配表、改進情形表。A month: result, notices, board, allocation, improvements."""
    return _report(asked, "month", **values)


@click.command()
@_options
def quarter(asked: Asked, **values: Any) -> int:
    """提報推動小組的季報、成果報告。A quarter: for the steering group, and for the superior agency."""
    return _report(asked, "quarter", **values)


@click.command()
@_options
def half(asked: Asked, **values: Any) -> int:
    """半年自行考核報告。The self-review of half a year."""
    return _report(asked, "half_year", **values)


@click.command()
@_options
def year(asked: Asked, **values: Any) -> int:
    """年度自行考核報告（次年 1 月 15 日前）。The self-review of a year, due on 15 January."""
    return _report(asked, "year", **values)


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
        known = gather(span, agency=agency, store=store, today=today, lang=language_of(asked))
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
    with bar_of(asked) as progress:
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
