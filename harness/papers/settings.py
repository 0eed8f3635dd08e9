"""papers.toml: the agency's own words in its papers, what it counted by hand, and what may be published.

A file of its own: programme.toml is part of what a month's lots are drawn from, and a word in a letter is not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from harness.errors import AgencyError
from harness.model_fault import Loc, Words
from harness.toml_file import Written, build, read_toml
from harness.words import say
from rubric.periods import days_of

PAPERS_FILE = "papers.toml"


class PaperSettings(Written):
    """What papers.toml says; without the file, the usual words."""

    office: str = "承辦單位"
    """Who writes the papers (綜企會、秘書室)."""
    head: str = "首長"
    """Whom a 簽 goes to (局長、分局長、處長)."""
    steering_group: str = "電話禮貌推動小組"
    """Whom the quarterly report goes to."""
    superior: str = "上級機關"
    """Whom the results are reported to (陳報)."""
    plan: str = "電話禮貌測試執行計畫"
    """The plan that the tests are made by."""
    public: bool = False
    """Whether a public edition by unit is made: 國貿局's results are not published (000:219)."""
    complaints: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """Complaints of telephones by month, "2026-11" = 3; a month that is not here is not known."""
    handling: dict[str, str] = Field(default_factory=dict)
    """考核結果處理情形 by period, "2026" = "…"; without, the box stays open for the pen."""

    @field_validator("complaints", "handling")
    @classmethod
    def _periods(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            try:
                days_of(name)
            except ValueError:
                raise PydanticCustomError("report.settings_period", "period", {"value": name}) from None
        return value


def word(settings: PaperSettings, name: str, lang: str) -> str:
    """One of the agency's own words; where it gave none, the usual one of the language."""
    own = name in settings.model_fields_set or lang == "zh"
    return str(getattr(settings, name)) if own else say(f"report.usual_{name}", lang)


def read_paper_settings(folder: Path) -> PaperSettings:
    """Read papers.toml of an agency's folder; AgencyError names key and what is allowed."""
    path = folder / PAPERS_FILE
    if not path.is_file():
        return PaperSettings()
    return papers_of(read_toml(path, fault=AgencyError))


def papers_of(data: dict[str, Any]) -> PaperSettings:
    """Make the settings of what papers.toml says."""
    return build(PaperSettings, data, file=PAPERS_FILE, fault=AgencyError, place=_place)


def _place(loc: Loc, _: dict[str, Any]) -> tuple[Words, str]:
    return {}, ".".join(str(part) for part in loc)
