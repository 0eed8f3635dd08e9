"""questions.csv: what a tester may ask a unit, with the model answer, and which two are next.

附表3 asks at least two questions of each call and lets the agency take them from its units' FAQ (003:220). Those asked
longest ago come first, so that nobody is asked the same twice in a row; a question whose law has changed ends with
its `valid_to`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

from harness.errors import DirectoryError
from harness.programme.lot import fraction
from harness.store import Store
from harness.toml_file import read_text

QUESTIONS_FILE = "questions.csv"
PROPOSED = 2
"""At least so many are asked in a call (附表3 三)."""
HEADINGS = {"單位代號": "unit", "題目": "question", "參考答案": "answer", "出處": "source", "有效至": "valid_to"}
EVERYBODY = "*"
"""In `unit`: any unit may be asked."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One row of questions.csv."""

    unit: str
    """The unit it is for, by its id, or `*`."""
    question: str
    """What is asked."""
    answer: str
    """What a right answer says."""
    source: str = ""
    """Where that stands: a law, an FAQ."""
    valid_to: date | None = None
    """Last day on which it may be asked; None: no end."""
    row: int = 0
    """Line of the file."""


COLUMNS = tuple(field.name for field in fields(Question) if field.name != "row")


def read_questions(folder: Path, *, units: Sequence[str]) -> tuple[Question, ...]:
    """The agency's questions; DirectoryError names row and column. No file is no questions."""
    path = folder / QUESTIONS_FILE
    if not path.exists():
        return ()
    table = csv.reader(io.StringIO(read_text(path, fault=DirectoryError), newline=""))
    rows = [(table.line_num, [cell.strip() for cell in row]) for row in table if any(cell.strip() for cell in row)]
    if not rows:
        return ()
    header = [HEADINGS.get(cell, cell.lower()) for cell in rows[0][1]]
    wrong = [name for name in header if name not in COLUMNS]
    lacking = [name for name in ("unit", "question", "answer") if name not in header]
    if wrong or lacking:
        raise DirectoryError("questions.columns", wrong="、".join(wrong) or "—", lacking="、".join(lacking) or "—")
    return tuple(_question(dict(zip(header, cells, strict=False)), row, units) for row, cells in rows[1:])


def _question(cells: dict[str, str], row: int, units: Sequence[str]) -> Question:
    for name in ("unit", "question", "answer"):
        if not cells.get(name):
            raise DirectoryError("questions.blank", row=row, column=name)
    if cells["unit"] != EVERYBODY and cells["unit"] not in units:
        raise DirectoryError("questions.unit", row=row, unit=cells["unit"])
    return Question(**(cells | {"valid_to": _day(cells.get("valid_to", ""), row)}), row=row)  # type: ignore[arg-type]


def _day(text: str, row: int) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise DirectoryError("questions.day", row=row, value=text) from None


def last_asked(unit: str, store: Store) -> dict[str, date]:
    """Question → day on which a unit was asked it last."""
    asked: dict[str, date] = {}
    for day, text in store.questions_asked(unit):
        asked[text] = max(day, asked.get(text, day))
    return asked


def propose(
    unit: str, questions: Sequence[Question], *, today: date, asked: Mapping[str, date], count: int = PROPOSED
) -> tuple[Question, ...]:
    """The questions to ask a unit next: its own before everybody's, never asked before asked long ago, ties by lot."""
    fit = [
        one for one in questions if one.unit in (unit, EVERYBODY) and (one.valid_to is None or one.valid_to >= today)
    ]

    def turn(one: Question) -> tuple[date, bool, float]:
        return asked.get(one.question, date.min), one.unit == EVERYBODY, fraction(str(today), unit, one.question)

    return tuple(sorted(fit, key=turn)[:count])
