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
