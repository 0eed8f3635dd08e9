"""questions.csv: what a tester may ask a unit, with the model answer, and which two are next.

附表3 asks at least two questions of each call and lets the agency take them from its units' FAQ (003:220). Those asked
longest ago come first, so that nobody is asked the same twice in a row; a question whose law has changed ends with
its `valid_to`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

from harness.directory_files import as_csv, replace_kept
from harness.directory_sheet import SHEETS
from harness.documents.csv_file import as_meant, no_formula
from harness.errors import DirectoryError
from harness.programme.lot import fraction
from harness.spreadsheets import read_sheets
from harness.store import Store
from harness.toml_file import read_text
from rubric.periods import FIRST_YEAR

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


_HEADING = {name: f"{heading}（{name}）" for heading, name in HEADINGS.items()}
COLUMNS = tuple(field.name for field in fields(Question) if field.name != "row")


def read_questions(folder: Path, *, units: Sequence[str]) -> tuple[Question, ...]:
    """The agency's questions; DirectoryError names file, row and column. No file is no questions."""
    path = folder / QUESTIONS_FILE
    return questions_in(path, units=units) if path.exists() else ()


def questions_in(path: Path, *, units: Sequence[str]) -> tuple[Question, ...]:
    """The questions of a CSV or of a spreadsheet's first sheet; DirectoryError names file, row and column."""
    rows = [(number, cells) for number, cells in _rows(path) if any(cells)]
    if not rows:
        return ()
    header = [HEADINGS.get(cell, cell.lower()) for cell in rows[0][1]]
    while header and not header[-1]:
        header.pop()
    wrong = [name for name in header if name not in COLUMNS]
    lacking = [name for name in ("unit", "question", "answer") if name not in header]
    if wrong or lacking:
        names = ("、".join(wrong) or "—", "、".join(lacking) or "—")
        raise DirectoryError("questions.columns", file=path.name, wrong=names[0], lacking=names[1])
    found = tuple(_question(header, cells, path.name, row, units) for row, cells in rows[1:])
    _refuse_twice(found, path.name)
    return found


def import_questions(path: Path, folder: Path, *, units: Sequence[str], dry_run: bool = False) -> tuple[Question, ...]:
    """Make questions.csv from a file; the one before is kept beside it. With a mistake nothing is changed."""
    found = questions_in(path, units=units)
    if not dry_run:
        replace_kept(folder / QUESTIONS_FILE, _csv(found))
    return found


def export_questions(found: Sequence[Question], path: Path) -> None:
    """Write questions as ODS, or as CSV with a byte-order mark; both can be imported again."""
    if path.suffix.lower() == ".ods":
        from harness.documents.spreadsheet import write_ods

        write_ods(path, {"題庫": _table(found)})
        return
    path.write_text(_csv(found), encoding="utf-8", newline="")


def _csv(found: Sequence[Question]) -> str:
    return "\ufeff" + as_csv([[no_formula(cell) for cell in row] for row in _table(found)])


def _table(found: Sequence[Question]) -> list[list[str]]:
    """Headings and rows, every cell as text."""
    names = {name: heading for heading, name in HEADINGS.items()}
    rows = [[str(getattr(one, name) or "") for name in COLUMNS] for one in found]
    return [[names[name] for name in COLUMNS], *rows]


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Every row with its number in the file."""
    if path.suffix.lower() in SHEETS:
        try:
            sheet = next(iter(read_sheets(path).values()), [])
        except ValueError as error:
            raise DirectoryError("directory.not_sheet", file=path.name, reason=str(error)) from None
        return [(number, [_cell(cell) for cell in row]) for number, row in enumerate(sheet, start=1)]
    table = csv.reader(io.StringIO(read_text(path, fault=DirectoryError), newline=""))
    try:
        return [(table.line_num, [as_meant(cell.strip()) for cell in row]) for row in table]
    except csv.Error as error:
        raise DirectoryError("directory.not_csv", file=path.name, row=table.line_num, reason=str(error)) from None


def _cell(cell: object) -> str:
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if isinstance(cell, float) and whole else cell).strip()


def _question(header: Sequence[str], cells: list[str], file: str, row: int, units: Sequence[str]) -> Question:
    if any(cells[len(header) :]):
        raise DirectoryError("questions.cells", file=file, row=row, cells=len(cells), columns=len(header))
    told = dict(zip(header, cells, strict=False))
    for name in ("unit", "question", "answer"):
        if not told.get(name):
            raise DirectoryError("questions.blank", file=file, row=row, column=_HEADING[name])
    if told["unit"] != EVERYBODY and told["unit"] not in units:
        raise DirectoryError("questions.unit", file=file, row=row, unit=told["unit"])
    day = _day(told.pop("valid_to", ""), file, row)
    return Question(**told, valid_to=day, row=row)


def _refuse_twice(found: Sequence[Question], file: str) -> None:
    seen: dict[tuple[str, str], int] = {}
    for one in found:
        first = seen.setdefault((one.unit, one.question), one.row)
        if first != one.row:
            raise DirectoryError("questions.twice", file=file, row=one.row, first=first, question=one.question)


def _day(text: str, file: str, row: int) -> date | None:
    """A day in either calendar: 2026-12-31, 115/12/31, 115.12.31, 115 年 12 月 31 日; nothing: no end."""
    if not text:
        return None
    parts = re.findall(r"\d+", text)
    try:
        year, month, day = (int(part) for part in parts[:3])
        return date(year + FIRST_YEAR if year < 1000 else year, month, day)
    except ValueError:
        raise DirectoryError("questions.day", file=file, row=row, value=text) from None


def last_asked(unit: str, store: Store) -> dict[str, date]:
    """Question → day on which a unit was asked it last."""
    asked: dict[str, date] = {}
    for day, text in store.questions_asked(unit):
        asked[text] = max(day, asked.get(text, day))
    return asked


def fit_for(unit: str, questions: Sequence[Question], *, today: date) -> list[Question]:
    """The questions that a unit may be asked on a day: its own and everybody's, none whose law has ended."""
    return [
        one for one in questions if one.unit in (unit, EVERYBODY) and (one.valid_to is None or one.valid_to >= today)
    ]


def propose(
    unit: str, questions: Sequence[Question], *, today: date, asked: Mapping[str, date], count: int = PROPOSED
) -> tuple[Question, ...]:
    """The questions to ask a unit next: its own before everybody's, never asked before asked long ago, ties by lot."""
    fit = fit_for(unit, questions, today=today)

    def turn(one: Question) -> tuple[date, bool, float]:
        return asked.get(one.question, date.min), one.unit == EVERYBODY, fraction(str(today), unit, one.question)

    return tuple(sorted(fit, key=turn)[:count])
