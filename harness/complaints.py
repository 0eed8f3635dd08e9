"""Complaints of telephones by month and unit, for the papers (004:27 統計遭投訴電話件數): sources added up."""

from __future__ import annotations

from collections import Counter

from harness.store import Store

ALL = "*"
"""In `unit`: the agency as a whole, where nobody knows which unit was meant."""


def counted(store: Store, first: str, last: str) -> dict[str, int]:
    """Month → complaints of all units and sources, corrections counted once; a month that nobody counted is not there.

    Zero is a number that somebody typed in; a month that is missing is not known.
    """
    months: Counter[str] = Counter()
    for row in store.complaints.counted(first, last):
        months[row["month"]] += row["count"]
    return dict(sorted(months.items()))


def by_unit(store: Store, first: str, last: str) -> dict[str, int]:
    """Unit → complaints of all sources from one month to another; `*` is what no unit was named for."""
    units: Counter[str] = Counter()
    for row in store.complaints.counted(first, last):
        units[row["unit"]] += row["count"]
    return dict(units)
