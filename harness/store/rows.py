"""One small row a call to make figures from: columns, not JSON, apart from the large pages of the sheets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.store.connection import Room, Row

RESULT = "result"
"""The shelf of the sheets that count."""
COLUMNS = (
    "day",
    "series",
    "group",
    "unit",
    "extension",
    "person",
    "timing_only",
    "void",
    "total",
    "parts",
    "items",
    "asked",
    "correct",
    "below_standard",
)
_SELECTED = ", ".join(f'r."{name}"' for name in COLUMNS)
_PUT = "INSERT OR REPLACE INTO rows (call_id, shelf, form, form_version, {}) VALUES ({})".format(
    ", ".join(f'"{name}"' for name in COLUMNS), ", ".join("?" * (len(COLUMNS) + 4))
)
_GATHER = """
SELECT series, substr(day, 1, 7), "group", unit, extension, person,
  sum(NOT void), sum(timing_only AND NOT void), sum(void), sum(below_standard AND NOT void),
  sum(CASE WHEN void THEN 0 ELSE asked END), sum(CASE WHEN void THEN 0 ELSE correct END),
  group_concat(CASE WHEN void OR timing_only THEN NULL ELSE total END, '|'),
  group_concat(CASE WHEN void OR timing_only THEN NULL ELSE parts END, '|'),
  group_concat(CASE WHEN void THEN NULL ELSE items END, '|')
FROM rows WHERE shelf = ? AND day BETWEEN ? AND ? AND form = ? AND form_version = ?
GROUP BY 1, 2, 3, 4, 5, 6
"""
Values = tuple[Any, ...]


class Rows(Room):
    """The rows of all calls, on shelves: those that count, and those of sheets scored again by another form."""

    def put(self, call_id: str, row: Row, *, sheet: Row, shelf: str = RESULT) -> None:
        """Put a call's row on a shelf, in the place of an older one; `sheet` tells the form."""
        keys = (call_id, shelf, sheet["form"], sheet["form_version"])
        with self.writing():
            self._db.execute(_PUT, [*keys, *(row[name] for name in COLUMNS)])

    def forms(self, first: str, last: str, *, shelf: str = RESULT) -> list[tuple[str, str, int]]:
        """Form, version and how many calls were scored by it, from one day to another, both included."""
        found = self._db.execute(
            "SELECT form, form_version, count(*) FROM rows WHERE shelf = ? AND day BETWEEN ? AND ? "
            "GROUP BY form, form_version ORDER BY 3 DESC, 1, 2",
            [shelf, first, last],
        )
        return [(str(form), str(version), int(n)) for form, version, n in found]

    def between(self, first: str, last: str, *, form: str, version: str, shelf: str = RESULT) -> Iterator[Values]:
        """The values of COLUMNS, call by call, from one day to another, both included; read as they are asked for."""
        yield from self._db.execute(
            f"SELECT {_SELECTED} FROM rows r WHERE r.shelf = ? AND r.day BETWEEN ? AND ? "
            "AND r.form = ? AND r.form_version = ?",
            [shelf, first, last, form, version],
        )

    def gathered(self, first: str, last: str, *, form: str, version: str, shelf: str = RESULT) -> Iterator[Values]:
        """The same rows gathered by cell, as `rubric.heaps.heaps_of` takes them: the database joins their words.

        Void calls count nowhere; calls that nobody judged have no parts and no total.
        """
        yield from self._db.execute(_GATHER, [shelf, first, last, form, version])

    def without(self) -> list[str]:
        """Calls that have a sheet and no row: those that were kept before there were rows."""
        found = self._db.execute(
            "SELECT DISTINCT s.call_id FROM sheets s LEFT JOIN rows r ON r.call_id = s.call_id AND r.shelf = ? "
            "WHERE r.call_id IS NULL ORDER BY s.call_id",
            [RESULT],
        )
        return [str(call_id) for (call_id,) in found]
