"""Papers are templates that an agency can change: Jinja2 that writes Markdown, its own folder before ours.

Every value is escaped on its way into the text: a unit's name or a person's answer is text, whatever it contains.
Templates run in a sandbox: they come from a folder that is copied about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from harness.documents.paper import PICTURE
from harness.documents.roc import told_day
from harness.documents.table import MISSING, MeanCell, Table, escaped, shown
from harness.errors import WrongInput
from harness.words import say

FOLDER = "templates"
"""Where an agency's own templates lie, in its folder."""
SUFFIX = ".md.j2"
ENGLISH = "en/"
"""Where the English ones lie in that folder."""
NUMERALS = "一二三四五六七八九"


class Markdown(str):
    """Text that is Markdown already."""

    __slots__ = ()


def write_markdown(name: str, values: Mapping[str, Any], *, agency_folder: Path | None = None, lang: str = "zh") -> str:
    """Fill a template; WrongInput names the file, the line and what is wrong in it."""
    try:
        filled: str = _environment(agency_folder, lang).get_template(_file(name, lang)).render(values)
    except TemplateSyntaxError as error:
        raise _fault(error.filename or _file(name, lang), error.lineno, error) from None
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, OSError) as error:
        raise _fault(_file(name, lang), _line(error, name), error) from None
    return filled


def shipped_templates() -> dict[str, str]:
    """Every template that comes with the program: its place in the folder, and its text."""
    found = files("harness.documents").joinpath(FOLDER)
    places = {f"{part}{one.name}": one for part in ("", ENGLISH) for one in found.joinpath(part).iterdir()}
    return {place: one.read_text("utf-8") for place, one in places.items() if place.endswith(SUFFIX)}


def _file(name: str, lang: str) -> str:
    return f"{ENGLISH if lang == 'en' else ''}{name}{SUFFIX}"


def numeral(n: int) -> str:
    """一、二 … 九十九 for the points of an official letter."""
    tens, ones = divmod(n, 10)
    return f"{NUMERALS[tens - 1] if tens > 1 else ''}{'十' if tens else ''}{NUMERALS[ones - 1] if ones else ''}"


def _fault(file: str, line: int | None, error: Exception) -> WrongInput:
    return WrongInput("report.template", file=Path(file).name, line=line or MISSING, reason=str(error))


def _line(error: BaseException, name: str) -> int | None:
    """The template's line in which a value failed: Jinja2 puts it into the traceback."""
    line, step = None, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename.endswith(f"{name}{SUFFIX}"):
            line = step.tb_lineno
        step = step.tb_next
    return line


@cache
def _environment(agency_folder: Path | None, lang: str) -> SandboxedEnvironment:
    own = [FileSystemLoader(agency_folder / FOLDER)] if agency_folder else []
    environment = SandboxedEnvironment(
        loader=ChoiceLoader([*own, PackageLoader("harness.documents", FOLDER)]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=partial(_as_markdown, lang=lang),
        autoescape=False,  # what is written is Markdown, escaped by finalize
    )
    environment.filters |= {"day": partial(_day, lang=lang)}
    environment.globals |= {
        "table": partial(_table, lang=lang),
        "charts": partial(_charts, lang=lang),
        "points": partial(_points, lang=lang),
        "numeral": lambda n: Markdown(numeral(n)),
    }
    return environment


def _as_markdown(value: Any, *, lang: str) -> Any:
    """What an expression of a template becomes; Jinja2 calls it for every one of them."""
    if isinstance(value, Markdown) or value == "":
        return value
    if value is None or isinstance(value, str | int | float | MeanCell):
        return escaped(shown(value, lang))
    return escaped(told_day(value, lang) if isinstance(value, date) else str(value))


def _day(value: date | str, *, lang: str) -> str:
    """A day in 民國."""
    if isinstance(value, str):
        return told_day(date.fromisoformat(value[:10]), lang)
    return told_day(value.date() if isinstance(value, datetime) else value, lang)


def _table(table: Table, *, lang: str) -> Markdown:
    """A table with its title above it; one without rows says so."""
    if not table.rows:
        return Markdown(f"\n{escaped(say('report.no_rows', lang, title=table.title))}\n")
    return Markdown(f"\n{escaped(table.title)}\n\n{table.markdown(lang)}\n")


def _charts(shown_of: Any, *, lang: str) -> Markdown:
    """The charts of a series, each with its title above it; where none can be drawn, one line says so."""
    if shown_of.charts is None:
        return Markdown(f"\n{escaped(say('report.no_charts', lang))}\n")
    lines = (f"{escaped(chart.title)}\n\n![]({PICTURE}{chart.id})" for chart in shown_of.charts)
    return Markdown("".join(f"\n{line}\n" for line in lines))


def _points(*, lang: str) -> Callable[[], Markdown]:
    """Counts the points of an official letter: 一、, 二、, … or 1., 2., …"""
    counted = 0

    def following() -> Markdown:
        nonlocal counted
        counted += 1
        return Markdown(f"{numeral(counted)}、" if lang == "zh" else f"{counted}\\. ")

    return following
