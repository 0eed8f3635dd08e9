"""agency.toml and units.csv: a new folder works as it is; a wrong file is told by place and what is allowed."""

import os

import pytest

from harness.agency import load_agency
from harness.directory import COLUMNS, read_units
from harness.errors import WRONG_USAGE, AgencyError, DirectoryError, EnvironmentFailed, NotFound, WrongInput
from harness.lines import softphone_line
from harness.new_agency import make_agency

LINE = '[[lines]]\nid = "main"\nserver = "127.0.0.1:5080"\n'
NAME = 'name = "test"\n'


def load(folder, *, agency=NAME + LINE, units="unit,number\n"):
    folder.mkdir(exist_ok=True)
    (folder / "agency.toml").write_text(agency, encoding="utf-8")
    (folder / "units.csv").write_text(units, encoding="utf-8", newline="")
    return load_agency(folder)


def test_a_new_folder_works_as_it_is(tmp_path):
    made = make_agency(tmp_path / "new")
    assert all(path.is_file() for path in made)
    agency = load_agency(tmp_path / "new")
    assert [unit.unit for unit in agency.units] == ["service-desk", "archive"]
    assert agency.settings.recording_notice_date is None
    assert agency.settings.at_once == 2


def test_a_new_folder_never_overwrites(tmp_path):
    (tmp_path / "units.csv").write_text("unit,number\nmine,0227001234\n")
    with pytest.raises(WrongInput):
        make_agency(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["units.csv"]


def test_no_agency_says_how_to_make_one(tmp_path):
    with pytest.raises(NotFound) as caught:
        load_agency(tmp_path)
    assert "thirdring init" in caught.value.sentence("en")


AGENCY_FAULTS = {
    "no name": (LINE, "file.missing", ("agency.toml", "'name'")),
    "no line": (NAME, "file.missing", ("'lines'",)),
    "empty lines": (NAME + "lines = []\n", "file.empty", ("'lines'",)),
    "misspelt key": (NAME + 'tone_plann = "tw"\n' + LINE, "file.unknown_meant", ("'tone_plan'",)),
    "misspelt line key": (NAME + LINE + 'transprot = "udp"\n', "file.unknown_meant", ("number 1", "'transport'")),
    "transport": (NAME + LINE + 'transport = "sctp"\n', "file.not_allowed", ("number 1", "udp, tcp")),
    "codec": (NAME + LINE + 'codecs = ["opus/48000"]\n', "file.not_allowed", ("PCMA/8000",)),
    "notice as text": (NAME + 'recording_notice_date = "2026-01-02"\n' + LINE, "file.wrong_kind", ("date",)),
    "cap": (NAME + LINE + "[caps]\ncalls_at_once = 0\n", "file.out_of_range", ("[caps]", "at least 1")),
    "cap as text": (NAME + LINE + '[caps]\ncalls_at_once = "2"\n', "file.wrong_kind", ("whole number",)),
    "hours": (NAME + LINE + '[hours]\ndefault = "9-17"\n', "agency.hours", ("[hours]", "09:00-11:30")),
    "hours backwards": (NAME + LINE + '[hours]\ndefault = "11:00-09:00"\n', "agency.hours", ("11:00-09:00",)),
    "day": (NAME + LINE + '[hours]\ndays = ["monday"]\n', "file.not_allowed", ("mon",)),
    "time zone": (NAME + 'timezone = "Asia/Keelung"\n' + LINE, "agency.timezone", ("Asia/Keelung", "Asia/Taipei")),
    "line twice": (NAME + LINE + LINE, "agency.id_twice", ("main",)),
    "line of a site": (
        NAME + LINE + '[[sites]]\nid = "hq"\nname = "HQ"\nline = "x"\n',
        "agency.site_line",
        ("'hq'", "main"),
    ),
    "switchboard": (
        NAME + LINE + '[[sites]]\nid = "hq"\nname = "HQ"\nswitchboard = "1999"\n',
        "agency.switchboard",
        ("1999",),
    ),
    "two secrets": (NAME + LINE + 'secret_env = "A"\nsecret_file = "b"\n', "agency.two_secrets", ("main",)),
    "register": (NAME + LINE + "register = true\n", "agency.register_without_user", ("main",)),
    "prefix": (NAME + LINE + 'outside_prefix = "00"\n', "agency.outside_prefix", ("00",)),
    "template": (NAME + LINE + 'number_template = "sip:11{number}@x"\n', "file.wrong_form", ("number_template",)),
    "password in the file": (NAME + LINE + 'secret = "hunter2"\n', "file.unknown_meant", ("secret_",)),
    "no TOML": ("name = \n", "file.not_toml", ("line 1",)),
}


@pytest.mark.parametrize("fault", sorted(AGENCY_FAULTS))
def test_a_wrong_agency_file_names_place_and_what_is_allowed(tmp_path, fault):
    text, key, named = AGENCY_FAULTS[fault]
    with pytest.raises(AgencyError) as caught:
        load(tmp_path, agency=text)
    problems = caught.value.problems or (caught.value,)
    assert [problem.key for problem in problems] == [key]
    english = caught.value.sentence("en")
    assert "agency.toml" in english
    assert [word for word in named if word not in english] == []
    assert caught.value.exit_status == WRONG_USAGE


def test_every_fault_of_a_file_is_told_at_once(tmp_path):
    with pytest.raises(AgencyError) as caught:
        load(tmp_path, agency='nmae = "x"\n' + LINE + 'transport = "sctp"\n')
    assert sorted(problem.key for problem in caught.value.problems) == [
        "file.missing",
        "file.not_allowed",
        "file.unknown_meant",
    ]


UNIT_FAULTS = {
    "unknown column": ("unit,phone\na,1\n", "directory.unknown_column", ("line 1", "'phone'", "number")),
    "misspelt column": ("unit,numbr\na,1\n", "directory.unknown_column_meant", ("'number'",)),
    "column twice": ("unit,number,number\na,1,2\n", "directory.column_twice", ("'number'",)),
    "no unit column": ("name,number\na,0227001234\n", "directory.no_column", ("'unit'",)),
    "too many cells": ("unit,number\na,0227001234,x\n", "directory.too_many_cells", ("line 2",)),
    "no id": ("unit,number\n,0227001234\n", "directory.id", ("line 2", "'unit'")),
    "a number in words": ("unit,number\na,總機轉\n", "directory.number", ("line 2", "'number'")),
    "extension in the number": ("unit,number\na,02-27001234#301\n", "directory.number", ("extension",)),
    "extension": ("unit,extension\na,30-1\n", "directory.extension", ("line 2", "'extension'")),
    "emergency number": ("unit,number\na,0227001234\nb,119\n", "directory.forbidden", ("line 3", "'119'")),
    "emergency in full width": ("unit,number\na,１１０\n", "directory.forbidden", ("line 2",)),
    "outside line and emergency": ("unit,number\na,0-119\n", "directory.forbidden", ("line 2",)),
    "service extension": ("unit,extension\na,1999\n", "directory.forbidden", ("'extension'",)),
    "nothing to dial": ("unit,number\na,\n", "directory.nothing_to_dial", ("line 2",)),
    "kind": ("unit,number,kind\na,0227001234,third\n", "directory.not_allowed", ("first, second",)),
    "hours": ("unit,number,hours\na,0227001234,9-5\n", "directory.hours", ("line 2", "'hours'")),
    "id twice": ("unit,number\na,0227001234\na,0227001235\n", "directory.twice", ("line 3", "line 2")),
    "number twice": ("unit,number\na,0227001234\nb,02-2700-1234\n", "directory.twice", ("line 3", "number")),
    "extension twice": ("unit,extension\na,301\nb,301\n", "directory.twice", ("extension",)),
    "no such line": ("unit,number,line\na,0227001234,b\n", "directory.not_in_agency", ("'line'", "main")),
    "no such site": ("unit,number,site\na,0227001234,b\n", "directory.not_in_agency", ("'site'",)),
    "broken quotes": ('unit,number\n"a,0227001234\n', "directory.not_csv", ("line",)),
}


@pytest.mark.parametrize("fault", sorted(UNIT_FAULTS))
def test_a_wrong_directory_names_row_and_column(tmp_path, fault):
    text, key, named = UNIT_FAULTS[fault]
    with pytest.raises(DirectoryError) as caught:
        load(tmp_path, units=text)
    assert caught.value.key == key
    english = caught.value.sentence("en")
    assert "units.csv" in english
    assert [word for word in named if word not in english] == []


def test_spreadsheets_byte_order_mark_and_blank_lines(tmp_path):
    text = "\ufeffunit,number,name\r\na,02-2700-1234,「甲，乙」科\r\n,,\r\n\r\n"
    (unit,) = load(tmp_path, units=text).units
    assert (unit.unit, unit.number, unit.digits, unit.row) == ("a", "02-2700-1234", "0227001234", 2)


def test_a_big5_file_is_told(tmp_path):
    load(tmp_path)
    (tmp_path / "units.csv").write_bytes("unit,name\na,總機\n".encode("big5"))
    with pytest.raises(DirectoryError) as caught:
        load_agency(tmp_path)
    assert caught.value.key == "file.not_utf8"


def test_no_directory_is_an_empty_one(tmp_path):
    assert read_units(tmp_path) == ()
    assert "number" in COLUMNS


def test_two_sites_may_have_the_same_extension(tmp_path):
    sites = '[[sites]]\nid = "a"\nname = "A"\n[[sites]]\nid = "b"\nname = "B"\n'
    agency = load(tmp_path, agency=NAME + LINE + sites, units="unit,extension,site\nx,301,a\ny,301,b\n")
    assert [unit.site for unit in agency.units] == ["a", "b"]


def test_the_lines_secret_is_fetched_and_never_shown(tmp_path, monkeypatch):
    agency = load(tmp_path, agency=NAME + LINE + 'register = true\nuser = "1001"\nsecret_env = "PBX_SECRET"\n')
    with pytest.raises(EnvironmentFailed):
        softphone_line(agency.line(), folder=tmp_path)
    monkeypatch.setenv("PBX_SECRET", "hunter2")
    line = softphone_line(agency.line(), folder=tmp_path)
    assert (line.secret, line.registrar, line.user) == ("hunter2", "sip:127.0.0.1:5080", "1001")
    assert "hunter2" not in repr(line) + repr(agency)


def test_a_secret_that_others_can_read_is_refused(tmp_path):
    agency = load(tmp_path, agency=NAME + LINE + 'user = "1001"\nsecret_file = "line.secret"\n')
    secret = tmp_path / "line.secret"
    secret.write_text("hunter2\n")
    secret.chmod(0o644)
    with pytest.raises(AgencyError):
        softphone_line(agency.line(), folder=tmp_path)
    secret.chmod(0o600)
    assert softphone_line(agency.line(), folder=tmp_path).secret == "hunter2"


def test_the_address_of_a_number(tmp_path):
    agency = load(tmp_path, agency=NAME + LINE + 'transport = "tcp"\noutside_prefix = "9"\n')
    line = agency.line()
    assert line.address("0227001234") == "sip:90227001234@127.0.0.1:5080;transport=tcp"
    assert line.address("301") == "sip:301@127.0.0.1:5080;transport=tcp"
