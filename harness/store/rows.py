"""One small row a call to make figures from: columns, not JSON, apart from the large pages of the sheets."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
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
_COUNTED = """
  sum(NOT void), sum(timing_only AND NOT void), sum(void), sum(below_standard AND NOT void),
  sum(CASE WHEN void THEN 0 ELSE asked END), sum(CASE WHEN void THEN 0 ELSE correct END),
  group_concat(CASE WHEN void OR timing_only THEN NULL ELSE total END, '|'),
  group_concat(CASE WHEN void OR timing_only THEN NULL ELSE parts END, '|'),
  group_concat(CASE WHEN void THEN NULL ELSE items END, '|')
"""
_GATHER = f"""
SELECT series, substr(day, 1, 7), {{cell}}, {_COUNTED}
FROM rows WHERE shelf = ? AND day BETWEEN ? AND ? AND form = ? AND form_version = ? AND {{seen}}
GROUP BY 1, 2, 3, 4, 5, 6
"""
_OF_UNITS = f"""
SELECT form, form_version, count(*), series, substr(day, 1, 7), "group", unit, '', NULL, {_COUNTED}
FROM rows WHERE shelf = '{RESULT}' AND day BETWEEN ? AND ? AND unit IN (SELECT value FROM json_each(?)) AND {{seen}}
GROUP BY form, form_version, series, "group", unit
"""
_CELL, _AGENCY = '"group", unit, extension, person', "'', '', '', NULL"
# Attempts of one test have names that differ in their ordinal only; the last that was no fault of ours is its result.
_SAME_TEST = (
    "substr(earlier.attempt_id, 1, length(earlier.attempt_id) - length(earlier.ordinal)) = "
    "substr(later.attempt_id, 1, length(later.attempt_id) - length(later.ordinal)) "
    "AND earlier.ordinal < later.ordinal AND 'fault_ours' NOT IN (earlier.outcome, later.outcome)"
)
_OUTDONE = f"SELECT 1 FROM attempts earlier JOIN attempts later ON {_SAME_TEST} WHERE earlier.call_id = "
_DROP = f"""
DELETE FROM rows WHERE call_id IN (
  SELECT earlier.call_id FROM attempts later JOIN attempts earlier ON {_SAME_TEST} WHERE later.call_id = ?)
"""
Values = tuple[Any, ...]


class Rows(Room):
    """The rows of all calls, on shelves: those that count, and those of sheets scored again by another form."""

    def put(self, call_id: str, row: Row, *, sheet: Row, shelf: str = RESULT) -> None:
        """Put a call's row on a shelf, in the place of an older one; `sheet` tells the form.

        A test has one result: an engaged or unanswered attempt that was followed by another has no row any more.
        """
        keys = (call_id, shelf, sheet["form"], sheet["form_version"])
        with self.writing():
            if self._db.execute(f"{_OUTDONE} ?", [call_id]).fetchone() is None:
                self._db.execute(_PUT, [*keys, *(row[name] for name in COLUMNS)])
                self._db.execute(_DROP, [call_id])

    def forms(
        self, first: str, last: str, *, shelf: str = RESULT, without: Collection[str] = ()
    ) -> list[tuple[str, str, int]]:
        """Form, version and how many calls were scored by it, from one day to another, both included.

        `without`: calls that are left out.
        """
        found = self._db.execute(
            "SELECT form, form_version, count(*) FROM rows WHERE shelf = ? AND day BETWEEN ? AND ? "
            f"AND {_but(without)} GROUP BY form, form_version ORDER BY 3 DESC, 1, 2",
            [shelf, first, last, *_listed(without)],
        )
        return [(str(form), str(version), int(n)) for form, version, n in found]

    def between(self, first: str, last: str, *, form: str, version: str, shelf: str = RESULT) -> Iterator[Values]:
        """The values of COLUMNS, call by call, from one day to another, both included; read as they are asked for."""
        yield from self._db.execute(
            f"SELECT {_SELECTED} FROM rows r WHERE r.shelf = ? AND r.day BETWEEN ? AND ? "
            "AND r.form = ? AND r.form_version = ?",
            [shelf, first, last, form, version],
        )

    def gathered(
        self,
        first: str,
        last: str,
        *,
        form: str,
        version: str,
        shelf: str = RESULT,
        whole: bool = False,
        without: Collection[str] = (),
    ) -> Iterator[Values]:
        """The same rows gathered by cell, as `rubric.heaps.heaps_of` takes them: the database joins their words.

        `whole`: one cell a series and month, for what is told of the whole agency only; `without`: left out.
        Void calls count nowhere; calls that nobody judged have no parts and no total.
        """
        query = _GATHER.format(cell=_AGENCY if whole else _CELL, seen=_but(without))
        yield from self._db.execute(query, [shelf, first, last, form, version, *_listed(without)])

    def of_units(self, month: str, units: Collection[str], *, without: Collection[str] = ()) -> Iterator[Values]:
        """A month's rows of some units, gathered by form and unit: the form, its version, how many, and the cell."""
        values = [f"{month}-01", f"{month}-31", json.dumps(sorted(units)), *_listed(without)]
        yield from self._db.execute(_OF_UNITS.format(seen=_but(without)), values)

    def cells_of(self, call_ids: Collection[str]) -> dict[tuple[str, str], frozenset[str]]:
        """The units and months in which some calls' results stand, each with those of them."""
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        query = (
            f"SELECT unit, substr(day, 1, 7), call_id FROM rows WHERE shelf = '{RESULT}' "
            "AND call_id IN (SELECT value FROM json_each(?))"
        )
        for unit, month, call_id in self._db.execute(query, [json.dumps(sorted(call_ids))]):
            found[unit, month].add(call_id)
        return {cell: frozenset(ids) for cell, ids in found.items()}

    def without(self) -> list[str]:
        """Calls that have a sheet and no row: those that were kept before there were rows."""
        found = self._db.execute(
            "SELECT DISTINCT s.call_id FROM sheets s LEFT JOIN rows r ON r.call_id = s.call_id AND r.shelf = ? "
            f"WHERE r.call_id IS NULL AND NOT EXISTS ({_OUTDONE} s.call_id) ORDER BY s.call_id",
            [RESULT],
        )
        return [str(call_id) for (call_id,) in found]


def _but(without: Collection[str]) -> str:
    """The condition that leaves some calls out; `_listed` gives its value."""
    return "call_id NOT IN (SELECT value FROM json_each(?))" if without else "1"


def _listed(without: Collection[str]) -> list[str]:
    """Their ids as one value: a statement takes only some thousands, and a year's sheets may be made in a day."""
    return [json.dumps(sorted(without))] if without else []
