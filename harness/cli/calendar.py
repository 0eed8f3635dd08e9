"""`thirdring calendar`: the official table of office days, in, and compared with the built-in one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines
from harness.errors import DONE
from harness.words import LANGUAGES, say

if TYPE_CHECKING:
    from harness.programme.calendar_import import Agreement, Difference


@click.group()
@asked_for
def calendar(asked: Asked) -> None:
    """政府行政機關辦公日曆表：匯入、與內建的比對。The official table of office days: import it, compare it."""


@calendar.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.csv")
@click.option("--dry-run", is_flag=True, help="只比對，不匯入。Only compare.")
@asked_for
def import_(asked: Asked, file: Path, dry_run: bool) -> int:
    """匯入一整年的官方 CSV（UTF-8 或 Big5），列出與內建日曆不同的日子。Import a year; list where it differs."""
    from harness.agency import load_agency
    from harness.programme.calendar_import import import_calendar

    agency = load_agency(asked.agency)
    found = import_calendar(file, agency.folder, dry_run=dry_run)
    if asked.as_json:
        print_json({"schema": "thirdring.calendar_import/1", "dry_run": dry_run, **found.to_dict()})
    else:
        print_lines(_lines(found, "compared" if dry_run else "imported"))
    return DONE


@calendar.command()
@asked_for
def compare(asked: Asked) -> int:
    """已匯入的各年與內建日曆的不同。Where the imported years differ from the built-in calendar."""
    from harness.agency import load_agency
    from harness.programme.calendar_import import agreement_of
    from harness.programme.workdays import read_official

    official = read_official(load_agency(asked.agency).folder)
    found = [agreement_of(official, year) for year in sorted({day.year for day in official})]
    if asked.as_json:
        print_json({"schema": "thirdring.calendar/1", "years": [one.to_dict() for one in found]})
        return DONE
    print_lines(line for one in found for line in _lines(one, "compared"))
    print_lines([] if found else [say("calendar.none")])
    return DONE


def _lines(found: Agreement, what: str) -> Iterator[str]:
    told = {"year": found.year, "roc": found.to_dict()["year_roc"], "days": found.days, "worked": found.worked}
    yield say(f"calendar.{what}", make_up=len(found.make_up), **told)
    yield say("calendar.differs", count=len(found.differences)) if found.differences else say("calendar.agrees")
    yield from (f"  {_day(one)}" for one in found.differences)


def _day(one: Difference) -> str:
    official = {lang: say("calendar.work" if one.official else "calendar.off", lang) for lang in LANGUAGES}
    key = "off_for" if one.library else "off" if one.official else "work"
    library = {
        lang: say(f"calendar.{key}", lang, **({"name": one.library} if one.library else {})) for lang in LANGUAGES
    }
    return say("calendar.day", day=one.day, official=official, library=library)
