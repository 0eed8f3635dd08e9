"""A tester's own telephone at the number gate: only what the agency configured, and never a forbidden number."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_harness_number_gate import LISTED, NOON, an_agency

from harness.agency import Agency, load_agency
from harness.directory import Unit
from harness.errors import AgencyError, Refused, WrongInput
from harness.ledger import claim
from harness.lines import LineSettings
from harness.number_gate import permit, permit_telephone, redeem
from harness.softphone.errors import LineFull
from harness.softphone.line import Line
from harness.softphone.pool import WorkerPool
from harness.tester_telephones import DeskTelephone, loopback_telephone, telephone_of

pytestmark = pytest.mark.waits

DESK = DeskTelephone(tester="王小明", number="2701")
FIELD = DeskTelephone(tester="李大華", address="sip:lee@192.0.2.7:5062;transport=tcp")
UNITS = [Unit(unit="desk", number="02-2700-1234", extension="301")]


def office(tmp_path: Path, *telephones: DeskTelephone, **more: object) -> Agency:
    return an_agency(tmp_path, units=UNITS, telephones=telephones, **more)


def test_a_configured_telephone_may_be_rung_once_and_leads_nowhere(tmp_path: Path) -> None:
    agency = office(tmp_path, DESK, FIELD)
    call = permit("desk", agency, now=NOON)
    leave = permit_telephone(telephone_of("王小明", agency), agency, beside=call, now=NOON)
    assert (leave.to, leave.number, leave.uri) == ("tester", "2701", "sip:2701@127.0.0.1:5080")
    assert (leave.follows, leave.keys.extensions) == ((), frozenset())
    assert permit_telephone(FIELD, agency, beside=call, now=NOON).uri == FIELD.address
    assert redeem(leave) == leave.uri
    with pytest.raises(Refused):
        redeem(leave)


def test_a_telephone_that_nobody_configured_is_refused(tmp_path: Path) -> None:
    agency = office(tmp_path, DESK)
    call = permit("desk", agency, now=NOON)
    for stray in (FIELD, DeskTelephone(tester="王小明", number="2702")):
        with pytest.raises(Refused, match="telephones"):
            permit_telephone(stray, agency, beside=call, now=NOON)
    with pytest.raises(WrongInput, match="王小明"):
        telephone_of("李大華", agency)


def test_a_telephone_of_this_machine_needs_no_configuration_unless_it_is_a_number_or_a_line_of_ours(
    tmp_path: Path,
) -> None:
    agency = office(tmp_path)
    call = permit("desk", agency, now=NOON)
    browser = loopback_telephone("王小明", "sip:browser-1@127.0.0.1:40001")
    assert permit_telephone(browser, agency, beside=call, now=NOON).uri == browser.address
    for address in ("sip:110@127.0.0.1:40001", "sip:a@192.0.2.1:5060", "sips:a@127.0.0.1", "sip:%31@127.0.0.1:1"):
        with pytest.raises(WrongInput):
            loopback_telephone("王小明", address)
    server = loopback_telephone("王小明", "sip:operator@127.0.0.1:5080")  # the PBX of the line lives here
    with pytest.raises(Refused):
        permit_telephone(server, agency, beside=call, now=NOON)


def test_the_telephone_that_is_tested_is_not_the_testers(tmp_path: Path) -> None:
    own = DeskTelephone(tester="王小明", number="301")
    agency = office(tmp_path, own)
    with pytest.raises(Refused, match="desk"):
        permit_telephone(own, agency, beside=permit("desk", agency, now=NOON), now=NOON)


def test_a_testers_telephone_counts_in_no_cap_and_is_no_claim(tmp_path: Path) -> None:
    agency = office(tmp_path, DESK, max_calls_at_once=1)
    call = permit("desk", agency, now=NOON)
    claim(agency, "one-1", permit=call)
    assert permit_telephone(DESK, agency, beside=call, now=NOON).number == "2701"


@pytest.mark.parametrize("number", [*LISTED, "9110", "0110", "002123456", "0204123456"])
def test_no_forbidden_number_is_a_testers_telephone(tmp_path: Path, number: str) -> None:
    for written in (f'number = "{number}"', f'address = "sip:{number}@192.0.2.1:5060"'):
        with pytest.raises(AgencyError, match="王小明"):
            read_written(tmp_path, f'[[telephones]]\ntester = "王小明"\n{written}\n')


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ('number = "2701"\naddress = "sip:a@192.0.2.1"', "address"),
        ("muted = true", "number"),
        ('number = "two"', "two"),
        ('address = "sip:a@192.0.2.1?Replaces=x"', "Replaces"),
        ('address = "sip:a;b=c@192.0.2.1"', "a;b=c"),
        ('address = "tel:2701"', "tel"),
        ('address = "sip:wang@desk.example:5060"', "IP"),  # nothing is looked up while a call is up
        ('number = "2701"\nline = "away"', "away"),
        ('number = "2701"\n[[telephones]]\ntester = "王小明"\nnumber = "2702"', "一人一支"),
    ],
)
def test_a_wrong_telephone_is_told_with_its_place(tmp_path: Path, written: str, says: str) -> None:
    with pytest.raises(AgencyError, match=says):
        read_written(tmp_path, f'[[telephones]]\ntester = "王小明"\n{written}\n')


@given(prefix=st.sampled_from(["", "9", "0"]), number=st.sampled_from(LISTED))
def test_a_line_that_adds_a_prefix_makes_no_forbidden_number_of_a_telephone(
    tmp_path_factory: pytest.TempPathFactory, prefix: str, number: str
) -> None:
    folder = tmp_path_factory.mktemp("gate")
    agency = an_agency(folder, units=UNITS, lines=(LineSettings(server="127.0.0.1:5080", outside_prefix=prefix),))
    call = permit("desk", agency, now=NOON)
    stray = DeskTelephone.model_construct(tester="x", number=number, address="", line="", muted=True)
    known = agency.settings.model_copy(update={"telephones": (stray,)})
    with pytest.raises(Refused):
        permit_telephone(stray, Agency(folder, known, agency.units), beside=call, now=NOON)


@pytest.mark.parametrize(
    "address",
    [
        "sip:8110@192.0.2.2:5060",  # the prefix of the other line, and 110 behind it
        "sip:8002112025550123@192.0.2.9:5060",  # 002
        "sip:80227001234@192.0.2.9",  # the very unit that is to be tested
        "sip:operator@192.0.2.2",
        "sip:operator@192.0.2.2.",
        "sip:2701@192.0.2.2:5070",
        "sip:2701@proxy.example.",
        "sip:2701@another.example",
    ],
)
def test_no_address_reaches_a_server_of_ours_or_hides_its_number_behind_a_prefix(tmp_path: Path, address: str) -> None:
    other = LineSettings(id="other", server="192.0.2.2", outside_prefix="8", proxy="sip:proxy.example:5060")
    third = LineSettings(id="third", server="192.0.2.3", proxy="<sips:another.example:5061;lr>")
    agency = an_agency(tmp_path, units=UNITS, lines=(LineSettings(server="127.0.0.1:5080"), other, third))
    call = permit("desk", agency, now=NOON)
    stray = DeskTelephone.model_construct(tester="x", number="", address=address, line="", muted=True)
    known = Agency(tmp_path, agency.settings.model_copy(update={"telephones": (stray,)}), agency.units)
    tested = call.number if call.number in address else ""
    with pytest.raises(Refused) as told:
        permit_telephone(stray, known, beside=call, now=NOON)
    assert not tested or told.value.key == "refused.telephone_tested"


def read_written(folder: Path, text: str) -> Agency:
    (folder / "agency.toml").write_text(f'name = "x"\n[[lines]]\nid = "main"\n{text}', encoding="utf-8")
    return load_agency(folder)


def test_a_trunk_that_has_no_channel_for_the_agency_rings_no_tester(tmp_path: Path) -> None:
    """One channel for the tester and none for the agency: its own trunk's refusal would pass for an engaged unit."""
    agency = office(tmp_path, DESK)
    leave = permit_telephone(DESK, agency, beside=permit("desk", agency, now=NOON), now=NOON)
    with WorkerPool(Line(bind="127.0.0.1", max_calls=1)) as pool, pytest.raises(LineFull):
        pool.dial(leave, call_id="desk-1", folder=tmp_path, headers={}, apart=True)
