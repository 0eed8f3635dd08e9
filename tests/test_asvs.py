"""The table of OWASP ASVS: all of level 1 stands in it, and whatever it claims names the test that holds it."""

from __future__ import annotations

import re
from pathlib import Path

TABLE = (Path(__file__).parent.parent / "docs" / "asvs.md").read_text(encoding="utf-8")
LEVEL_1 = """
1.2.1-1.2.5 1.3.1-1.3.2 1.5.1 2.1.1 2.2.1-2.2.2 2.3.1 3.2.1-3.2.2 3.3.1 3.4.1-3.4.2 3.5.1-3.5.3 4.1.1 4.4.1 5.2.1-5.2.2
5.3.1-5.3.2 6.1.1 6.2.1-6.2.8 6.3.1-6.3.2 6.4.1-6.4.2 7.2.1-7.2.4 7.4.1-7.4.2 8.1.1 8.2.1-8.2.2 8.3.1 9.1.1-9.1.3 9.2.1
10.4.1-10.4.5 11.3.1-11.3.2 11.4.1 12.1.1 12.2.1-12.2.2 13.4.1 14.2.1 14.3.1 15.1.1 15.2.1 15.3.1
"""
"""The numbers of level 1 in ASVS 5.0.0, seventy of them."""
TEST = re.compile(r"`test_\w+\.py::test_\w+`")
BY_HAND = {"by reading", "not ours"}


def numbers(text: str) -> set[str]:
    """Every number that a text names, ranges such as 6.2.1–6.2.3 written out."""
    found = set[str]()
    for first, last in re.findall(r"(\d+\.\d+\.\d+)(?:[-–](\d+\.\d+\.\d+))?", text):
        head, _, begin = first.rpartition(".")
        end = int((last or first).rpartition(".")[2])
        found |= {f"{head}.{n}" for n in range(int(begin), end + 1)}
    return found


def rows(section: str) -> list[list[str]]:
    """The cells of a table's rows, without its head."""
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


CLAIMED = rows(TABLE.partition("\n## ")[0])


def test_all_of_level_1_is_in_it() -> None:
    wanted = numbers(LEVEL_1)
    assert len(wanted) == 70
    assert wanted - set().union(*(numbers(row[0]) for row in CLAIMED)) == set()


def test_each_row_names_the_test_that_holds_it_or_says_that_none_can() -> None:
    assert [row[0] for row in CLAIMED if len(row) != 3 or not (TEST.search(row[2]) or row[2] in BY_HAND)] == []
    assert sum(row[2] in BY_HAND for row in CLAIMED) <= len(CLAIMED) // 5


def test_what_is_missing_says_what_stands_in_its_place() -> None:
    missing = rows(TABLE.partition("## What is missing")[2].partition("\n## ")[0])
    assert len(missing) > 5
    assert all(len(row) == 3 and all(row) and numbers(row[0]) for row in missing)
