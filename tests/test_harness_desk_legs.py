"""Testers' telephones that are up: no test finds one engaged by us, none is rung while a test is on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_harness_number_gate import NOON, an_agency, refused

from harness.agency import Agency
from harness.desk_legs import forget_leg, legs_up, note_leg
from harness.directory import Unit
from harness.errors import LedgerError, Refused
from harness.ledger import claim, settle
from harness.lines import LineSettings
from harness.number_gate import permit, permit_telephone
from harness.number_gate.desk_telephone import readings
from harness.tester_telephones import DeskTelephone

UNITS = [Unit(unit="desk", number="02-2700-1234", extension="301"), Unit(unit="tax", extension="302")]
DESK = DeskTelephone(tester="王小明", number="301")
AWAY = DeskTelephone(tester="李大華", number="2701")
FIELD = DeskTelephone(tester="陳小華", address="sip:chen@192.0.2.7:5062")


def office(tmp_path: Path, **line: object) -> Agency:
    lines = (LineSettings(server="127.0.0.1:5080", outside_prefix="9", **line),)  # type: ignore[arg-type]
    return an_agency(tmp_path, units=UNITS, lines=lines, telephones=(DESK, AWAY, FIELD), max_calls_at_once=3)


@pytest.mark.parametrize("number", ["301", "0227001234", "9301"])
def test_a_unit_whose_telephone_a_tester_talks_on_is_not_dialled(tmp_path: Path, number: str) -> None:
    agency = office(tmp_path)
    read = readings(DeskTelephone(tester="x", number=number), agency)
    note_leg(agency, "one", line="main", numbers=read)
    assert refused("desk", agency, now=NOON) == "refused.number_in_call"
    other = permit("tax", agency, now=NOON)
    assert "301" not in other.follows  # nor led there
    forget_leg(agency, "one")
    assert permit("desk", agency, now=NOON).number == "0227001234"
    assert "301" in permit("tax", agency, now=NOON).follows


def test_a_tester_whose_telephone_is_being_tested_is_not_rung(tmp_path: Path) -> None:
    agency = office(tmp_path)
    beside = permit("tax", agency, now=NOON)
    assert permit_telephone(DESK, agency, beside=beside, now=NOON).number == "301"
    claim(agency, "a-1", permit=permit("desk", agency, now=NOON))
    with pytest.raises(Refused) as told:
        permit_telephone(DESK, agency, beside=beside, now=NOON)
    assert told.value.key == "refused.telephone_in_test"
    assert "301" in told.value.sentence("zh")
    assert permit_telephone(AWAY, agency, beside=beside, now=NOON).number == "2701"
    settle(agency, "a-1", "answered")
    assert permit_telephone(DESK, agency, beside=beside, now=NOON).number == "301"


def test_a_testers_leg_takes_a_channel_of_a_line_that_has_so_many_and_of_no_other(tmp_path: Path) -> None:
    agency = office(tmp_path, max_calls=2)
    beside = permit("desk", agency, now=NOON)
    for line in ("", "another"):
        note_leg(agency, f"leg-{line}", line=line, numbers=["2702"])
    assert permit_telephone(AWAY, agency, beside=beside, now=NOON, channels=2)
    note_leg(agency, "leg", line="main", numbers=["2703"])
    with pytest.raises(Refused) as told:  # one channel is free: it rings no tester for whom there is no agency
        permit_telephone(AWAY, agency, beside=beside, now=NOON, channels=2)
    assert told.value.key == "refused.line_full"
    assert permit_telephone(AWAY, agency, beside=beside, now=NOON)
    claim(agency, "a-1", permit=beside)
    assert refused("tax", agency, now=NOON) == "refused.line_full"
    with pytest.raises(Refused):
        permit_telephone(AWAY, agency, beside=beside, now=NOON)
    assert permit_telephone(FIELD, agency, beside=beside, now=NOON)  # invited at its own address


def test_a_line_that_tells_no_number_of_channels_is_not_filled_by_testers(tmp_path: Path) -> None:
    agency = office(tmp_path)
    for n in range(5):
        note_leg(agency, f"leg-{n}", line="main", numbers=[f"271{n}"])
    assert permit("desk", agency, now=NOON)


def test_the_leg_of_a_process_that_is_gone_holds_nobody_up_and_is_taken_away(tmp_path: Path) -> None:
    agency = office(tmp_path)
    note_leg(agency, "one", line="main", numbers=["301"])
    (path,) = (agency.ledger / "legs").iterdir()
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(data | {"process": [data["process"][0], "another start"]}), encoding="utf-8")
    path.with_name("torn.leg").write_text('{"line": "ma', encoding="utf-8")
    assert legs_up(agency) == ()
    assert list(path.parent.iterdir()) == []
    assert permit("desk", agency, now=NOON)


def test_a_note_that_cannot_be_read_lets_nothing_be_dialled_and_stays(tmp_path: Path) -> None:
    agency = office(tmp_path)
    note_leg(agency, "one", line="main", numbers=readings(DESK, agency))
    (note,) = agency.ledger.rglob("*.leg")
    kept = note.rename(note.with_suffix(".away"))
    note.mkdir()  # reading it is an error of the system's
    with pytest.raises(LedgerError):
        legs_up(agency)
    note.rmdir()
    kept.rename(note)
    assert len(legs_up(agency)) == 1
