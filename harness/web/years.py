"""Days and periods in sentences, in the calendar that somebody chose: 115/11/22 or 2026-11-22, 115 年 11 月 or 2026-11.

A value that is put into a sentence of the catalogue is written here when it is a day or a period and nothing else:
what somebody typed, a file's name or a call's is passed on as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from datetime import date, datetime
from typing import Any

from harness.documents.roc import FIRST_YEAR
from harness.errors import ThirdringError
from harness.web.between import listed_text
from harness.words import say
from rubric.periods import roc_period

_DAY = re.compile(r"(?:19|20)\d\d-\d\d-\d\d")
_PERIOD = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2]|Q[1-4]|H[12])")
_WITHIN = re.compile(r"(?<![\w.\-/])(?:" + _DAY.pattern + "|" + _PERIOD.pattern + r")(?![\w\-/]|\.\w)")
_MOMENT = re.compile(r"(?<![\w.\-/])((?:19|20)\d\d-\d\d-\d\d)T(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?:Z|\+00:00)?(?![\w:.+])")
_ROC = re.compile(r"(?<!\d)(\d{2,3}) 年 (\d{1,2}) 月(?: (\d{1,2}) 日)?")
_liked: ContextVar[tuple[str, str]] = ContextVar("thirdring_years", default=("roc", "zh"))


def use_years(years: str, lang: str) -> None:
    """Choose the calendar, `roc` or `western`, and the language of every later value of this context."""
    _liked.set((years, lang))


def shown_values(values: dict[str, Any]) -> dict[str, Any]:
    """The values of a sentence as it shows them."""
    written = written_in(*_liked.get())
    return {name: written(value) for name, value in values.items()}


def sentence_of(error: ThirdringError) -> str:
    """What an error says, with its days in the calendar of whoever reads it."""
    _, lang = _liked.get()
    if error.problems:
        return "\n".join(map(sentence_of, error.problems))
    return say(error.key, lang, **shown_values(error.values))


def in_sentence(text: str) -> str:
    """A sentence of the machine's own in which the days stand already, as it is shown."""
    years, lang = _liked.get()
    text = _MOMENT.sub(_apart, text)
    if years == "western":
        return _ROC.sub(_western, text)
    written = written_in(years, lang)
    return _WITHIN.sub(lambda found: str(written(found[0])), text)


def _apart(found: re.Match[str]) -> str:
    """A moment as machines write it, its day for itself and its time to the last digit."""
    return f"{found[1]} {found[2]}{' UTC' if found[0].endswith(('Z', '+00:00')) else ''}"


def _western(found: re.Match[str]) -> str:
    year, *rest = (int(one) for one in found.groups() if one)
    return "-".join([str(year + FIRST_YEAR), *(f"{one:02d}" for one in rest)])


def shown_day(one: date) -> str:
    """A day in the calendar of this context."""
    return day_in(_liked.get()[0], one)


def day_in(years: str, one: date) -> str:
    """A day: 115/11/22, or 2026-11-22."""
    year = one.year - FIRST_YEAR if years == "roc" else one.year
    mark = "/" if years == "roc" else "-"
    return f"{year}{mark}{one.month:02d}{mark}{one.day:02d}"


def period_in(years: str, lang: str, name: str) -> str:
    """A period by its name: 115 年 11 月, in English 115/11, 115-Q4 or 115; in western years 2026-11 in both."""
    if years != "roc":
        return name
    if lang == "zh":
        return roc_period(name)
    year, dash, rest = name.partition("-")
    return f"{int(year) - FIRST_YEAR}{'/' if rest.isdigit() else dash}{rest}"


def written_in(years: str, lang: str) -> Callable[[object], object]:
    """How values are written into sentences; one that is neither day nor period stays the same object.

    Only what is shown goes through it: what is kept, sealed or logged has its days as machines write them.

    What is worded in both languages, {"zh": "115 年 11 月", "en": "2026-11"}, is known by the English one.
    """

    def written(value: object) -> object:
        if isinstance(value, datetime):
            return f"{day_in(years, value.date())} {value:%H:%M}"
        if isinstance(value, date):
            return day_in(years, value)
        if isinstance(value, dict):
            return _of_both(value.get("en"), value)
        return _of_text(value) if isinstance(value, str) else value

    def _of_both(english: object, value: object) -> object:
        parts = english.split(", ") if isinstance(english, str) else []
        if not parts or not all(_DAY.fullmatch(one) or _PERIOD.fullmatch(one) for one in parts):
            return value
        return listed_text(map(_of_text, parts), lang)

    def _of_text(text: str) -> str:
        if _PERIOD.fullmatch(text):
            return period_in(years, lang, text)
        try:
            return day_in(years, date.fromisoformat(text)) if _DAY.fullmatch(text) else text
        except ValueError:  # 2026-13-40: somebody's text
            return text

    return written
