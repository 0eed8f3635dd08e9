"""What units are called in sentences and in the names of files."""

import pytest

from harness.directory import Unit
from harness.unit_titles import in_file_name, titles_of

UNITS = (
    Unit(unit="u1", name="一課"),
    Unit(unit="u2", name="二課/櫃台"),
    Unit(unit="u3"),
    Unit(unit="u4", name="三課"),
    Unit(unit="u5", name="三課"),
    Unit(unit="u6", name=". "),
)


def test_two_units_of_one_name_are_told_apart():
    titles = titles_of(UNITS)
    assert (titles["u1"], titles["u3"], titles["u4"], titles["u5"]) == ("一課", "u3", "三課（u4）", "三課（u5）")
    assert len(set(titles.values())) == len(UNITS)


@pytest.mark.parametrize(
    ("unit", "name"),
    [("u1", "一課"), ("u2", "二課_櫃台"), ("u3", "u3"), ("u5", "三課（u5）"), ("u6", "u6"), ("gone", "gone")],
)
def test_a_files_name_has_the_units_name_without_what_a_folder_cannot_hold(unit, name):
    assert in_file_name(unit, UNITS) == name
