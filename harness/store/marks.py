"""What makes a mark another one after every change of what results are made from; a part of a migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

MADE_FROM = ("rows", "sheets", "forms", "reviews", "improvements")
"""The tables that figures and follow-up are made from; `rows` are replaced and deleted, the others only grow."""

# Drawn by lot, not counted: a database brought back from a backup never comes to a mark that it had in between.
_MARKED = """
CREATE TRIGGER {table}_{event}_marked AFTER {event} ON {table} BEGIN
  UPDATE revisions SET mark = random() WHERE name = 'results';
END
"""


FIGURES_FROM = tuple(table for table in MADE_FROM if table != "improvements")
"""Those that figures alone are made from: what becomes of a deficiency changes no mean."""
_FIGURED = """
CREATE TRIGGER {table}_{event}_figured AFTER {event} ON {table} BEGIN
  UPDATE revisions SET mark = random() WHERE name = 'figures';
END
"""


def begin_marks(db: Database) -> None:
    """Make the mark, and the triggers that change it."""
    db.table("revisions").create({"name": str, "mark": int}, pk="name", not_null={"mark"}, strict=True)
    db.execute("INSERT INTO revisions (name, mark) VALUES ('results', random())")
    for table in MADE_FROM:
        for event in ("INSERT", "UPDATE", "DELETE"):
            db.execute(_MARKED.format(table=table, event=event))


def begin_mark_of_figures(db: Database) -> None:
    """Make the mark of the figures by themselves."""
    db.execute("INSERT INTO revisions (name, mark) VALUES ('figures', random())")
    for table in FIGURES_FROM:
        for event in ("INSERT", "UPDATE", "DELETE"):
            db.execute(_FIGURED.format(table=table, event=event))


OF_A_CALL = ("sheets", "reviews", "improvements", "signatures")
"""The tables that hold more of a result than its row: what is said of a call marks the call's unit and month."""
_ALSO = ("UPDATE revisions SET mark = random() WHERE name = 'results';",)
_BOTH, _RESULTS = "figures = random(), results = random()", "results = random()"
_MARK_CELL = (
    "UPDATE cell_marks SET {what} WHERE (unit, month) IN (SELECT unit, substr(day, 1, 7) FROM rows WHERE {rows});"
)
_NEW_CELL = (
    "INSERT INTO cell_marks (unit, month, figures, results) "
    "VALUES ({row}.unit, substr({row}.day, 1, 7), random(), random()) "
    "ON CONFLICT (unit, month) DO UPDATE SET figures = excluded.figures, results = excluded.results;"
)


def begin_marks_of_cells(db: Database) -> None:
    """Make a mark for each unit's month, so that a change has that alone reckoned anew, and the triggers for it."""
    columns = {"unit": str, "month": str, "figures": int, "results": int}
    db.table("cell_marks").create(columns, pk=("unit", "month"), not_null={"figures", "results"}, strict=True)
    db.execute(
        "INSERT INTO cell_marks (unit, month, figures, results) "
        "SELECT unit, month, random(), random() FROM (SELECT DISTINCT unit, substr(day, 1, 7) AS month FROM rows)"
    )
    same = "call_id = NEW.call_id AND shelf = NEW.shelf"
    # INSERT OR REPLACE may take away a row of another month, which is a DELETE only where recursive triggers are on.
    _marks(db, "rows", "BEFORE INSERT", "", _MARK_CELL.format(what=_BOTH, rows=same))
    for event, rows in (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",))):
        _marks(db, "rows", f"AFTER {event}", "", *(_NEW_CELL.format(row=row) for row in rows))
    for table in OF_A_CALL:
        for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            said = _MARK_CELL.format(what=_RESULTS, rows=f"call_id = {row}.call_id")
            _marks(db, table, f"AFTER {event}", "", said, *(_ALSO if table not in MADE_FROM else ()))
    said = _MARK_CELL.format(what=_RESULTS, rows="call_id = NEW.call_id")
    _marks(db, "calls", "AFTER UPDATE OF open_items", "WHEN NEW.open_items IS NOT OLD.open_items", said, *_ALSO)


def _marks(db: Database, table: str, when: str, condition: str, *statements: str) -> None:
    name = f"{table}_{when.replace(' ', '_')}_cell"
    db.execute(f"CREATE TRIGGER {name} {when} ON {table} {condition} BEGIN {' '.join(statements)} END")
