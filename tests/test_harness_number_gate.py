"""The number gate: whatever the directory, the configuration and the string say, nothing forbidden passes."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.agency import Agency, HoursSettings, Settings, Site
from harness.directory import Unit
from harness.errors import REFUSED, Refused
from harness.ledger import claim, settle
from harness.lines import LineSettings
from harness.number_gate import Permit, digits_of, follow, forbidden, may_follow, permit, permit_digits

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)  # a Wednesday, 12:00 in Taipei
LISTED = ("110", "112", "113", "117", "118", "119", "165", "1922", "1999", "1950", "105", "166", "123")
EVERY_DAY = HoursSettings(default="00:00-24:00", days=("mon", "tue", "wed", "thu", "fri", "sat", "sun"))


def an_agency(tmp_path, *, units, lines=None, **settings):
    settings = {"hours": EVERY_DAY, "recording_notice_date": date(2026, 1, 2)} | settings
    lines = lines or (LineSettings(server="127.0.0.1:5080"),)
    return Agency(tmp_path, Settings(name="test", lines=lines, **settings), tuple(units))


@pytest.fixture
def agency(tmp_path):
    units = [
        Unit(unit="desk", number="02-2700-1234", extension="301"),
        Unit(unit="archive", extension="205", site="hq"),
    ]
    return an_agency(tmp_path, units=units, sites=(Site(id="hq", name="HQ", switchboard="(02) 2700 1000"),))


def refused(*args, **values):
    with pytest.raises(Refused) as caught:
        permit(*args, **values)
    assert caught.value.exit_status == REFUSED
    return caught.value.key


@pytest.mark.parametrize("text", ["desk", "02-2700-1234", "0227001234", "+886 2 27001234", "０２２７００1234", "301"])
def test_a_unit_is_found_as_people_write_it(agency, text):
    leave = permit(text, agency, now=NOON)
    assert (leave.number, leave.uri) == ("0227001234", "sip:0227001234@127.0.0.1:5080")


def test_a_unit_without_a_number_is_dialled_by_its_extension(agency):
    assert permit("archive", agency, now=NOON).uri == "sip:205@127.0.0.1:5080"


def test_the_switchboard_of_the_site(agency):
    leave = permit("archive", agency, now=NOON, to="switchboard")
    assert (leave.unit.unit, leave.number) == ("archive", "0227001000")


@pytest.mark.parametrize("text", ["", "0227001235", "desk2", "*67", "110", "sip:110@x", "0227001234,110", "🙂"])
def test_what_is_not_in_the_directory_is_refused_first(tmp_path, agency, text):
    closed = replace(agency, settings=agency.settings.model_copy(update={"recording_notice_date": None}))
    assert refused(text, closed, now=NOON) in ("refused.not_in_directory", "refused.forbidden")


@pytest.mark.parametrize("number", LISTED)
@pytest.mark.parametrize("prefix", ["", "0", "9"])
def test_listed_numbers_are_forbidden_with_and_without_an_outside_line(number, prefix):
    assert forbidden(prefix + number) is not None


@pytest.mark.parametrize("number", ["0021234567", "0191234567", "900886223456789", "0203123456", "90204123"])
def test_international_and_premium_numbers(number):
    assert forbidden(number) is not None


@pytest.mark.parametrize("number", ["201", "301", "0227001234", "0912345678", "0800000123", "2101", "150"])
def test_ordinary_numbers_and_extensions(number):
    assert forbidden(number) is None


dirty = st.text(alphabet="0123456789０１１９+-() .", min_size=0, max_size=6)
near = st.one_of(
    st.sampled_from(LISTED),
    st.sampled_from(["002", "005", "009", "0020", "011", "019", "0203", "0204"]).map(lambda s: s + "1234567"),
    st.from_regex(r"[0-9]{1,11}", fullmatch=True),
)


@given(
    number=near,
    before=dirty,
    between=st.sampled_from(["", "-", " ", "(0)", "."]),
    prefix=st.sampled_from(["", "0", "1", "8", "9", "11"]),
)
def test_no_forbidden_number_is_ever_permitted(tmp_path_factory, number, before, between, prefix):
    """An independent reading: what would be sent, less any outside-line prefix, is never forbidden."""
    written = before + between.join(number)
    folder = tmp_path_factory.mktemp("agency", numbered=True)
    unit = Unit(unit="u", number=written)
    agency = an_agency(folder, units=[unit], lines=(LineSettings(outside_prefix=prefix),))
    try:
        leave = permit("u", agency, now=NOON)
    except Refused:
        return
    sent = re.fullmatch(r"sip:(\d+)@.*", leave.uri).group(1)
    bare = sent.removeprefix(prefix) if sent != leave.number else sent
    for one in (sent, bare, bare.removeprefix("0"), bare.removeprefix("9"), bare.removeprefix(prefix)):
        assert not re.fullmatch(r"11[023789]|165|10\d|19\d\d", one)
    assert not re.match(r"00\d|01\d|020", bare)
    assert not re.match(r"900\d|901\d|9020", bare)
    assert leave.number == digits_of(written)


@given(presses=st.lists(st.from_regex(r"[0-9*#]{1,4}", fullmatch=True), min_size=1, max_size=4))
def test_digits_inside_a_call_never_amount_to_an_emergency_number(presses):
    sent = []
    for press in presses:
        try:
            sent.append(permit_digits(press, before=tuple(sent)))
        except Refused:
            break
    for first in range(len(sent)):
        together = "".join(press.rstrip("#") for press in sent[first:])
        assert not re.fullmatch(r"[09]?(11[023789]|165|19\d\d)", together)


@pytest.mark.parametrize("digits", ["110", "9110", "*21", "#31#", "**", "0912345678", "002886", "", "1,1,0"])
def test_refused_digits(digits):
    with pytest.raises(Refused):
        permit_digits(digits)


@pytest.mark.parametrize("digits", ["9", "0", "301", "301#", "3110"])
def test_digits_of_menus_and_extensions(digits):
    assert permit_digits(digits) == digits


def test_a_permit_is_made_by_the_gate_only(agency):
    leave = permit("desk", agency, now=NOON)
    with pytest.raises(TypeError):
        Permit(
            unit=leave.unit,
            to="unit",
            number="110",
            uri="sip:110@x",
            line_id="main",
            issued_at=NOON,
            seal=None,
        )
    with pytest.raises(AttributeError):
        leave.number = "110"


def test_a_copy_of_a_permit_with_another_number_is_no_permit(agency):
    with pytest.raises(ValueError, match="seal"):
        replace(permit("desk", agency, now=NOON), number="110", uri="sip:110@127.0.0.1")


@pytest.mark.parametrize(
    ("hours", "clock", "open_"),
    [
        ("", "09:00", True),
        ("", "11:29", True),
        ("", "11:30", False),
        ("", "13:29", False),
        ("", "16:30", False),
        ("00:00-24:00", "23:59", True),
        ("08:00-09:00", "09:00", False),
    ],
)
def test_office_hours_are_the_units_in_local_time(tmp_path, hours, clock, open_):
    agency = an_agency(tmp_path, units=[Unit(unit="u", number="0227001234", hours=hours)], hours=HoursSettings())
    now = datetime.fromisoformat(f"2026-03-04T{clock}:00+08:00").astimezone(UTC)
    if open_:
        assert permit("u", agency, now=now)
    else:
        assert refused("u", agency, now=now) == "refused.closed"


def test_no_calls_at_the_weekend(tmp_path):
    agency = an_agency(tmp_path, units=[Unit(unit="u", number="0227001234")], hours=HoursSettings())
    saturday = datetime(2026, 3, 7, 2, 0, tzinfo=UTC)
    assert refused("u", agency, now=saturday) == "refused.closed"
    assert permit("u", agency, now=saturday - timedelta(days=1))


def test_nothing_is_recorded_before_the_staff_are_told(tmp_path, agency):
    def with_notice(day):
        return replace(agency, settings=agency.settings.model_copy(update={"recording_notice_date": day}))

    assert refused("desk", with_notice(None), now=NOON) == "refused.no_notice"
    assert refused("desk", with_notice(date(2026, 3, 5)), now=NOON) == "refused.notice_later"
    assert permit("desk", with_notice(date(2026, 3, 4)), now=NOON)
    assert permit("desk", with_notice(None), now=NOON, recording=False)


def test_the_caps(tmp_path):
    units = [Unit(unit=f"u{n}", number=f"022700000{n}") for n in range(6)]
    caps = {"calls_per_hour": 3, "calls_per_day": 4, "calls_per_number_per_day": 2}
    agency = an_agency(tmp_path, units=units, caps=caps)

    def called(unit, now, *, settled=True):
        attempt = f"{unit}-{now:%d%H%M%S}"
        claim(agency, attempt, permit=permit(unit, agency, now=now))
        if settled:
            settle(agency, attempt, "answered")

    now = datetime.now(UTC)
    called("u0", now, settled=False)
    assert refused("u0", agency, now=now) == "refused.number_in_call"
    called("u1", now, settled=False)
    assert refused("u2", agency, now=now) == "refused.at_once"
    settle(agency, f"u0-{now:%d%H%M%S}", "busy")
    settle(agency, f"u1-{now:%d%H%M%S}", "busy")
    called("u0", now + timedelta(minutes=1))
    assert refused("u0", agency, now=now + timedelta(minutes=2)) == "refused.per_hour"
    later = now + timedelta(hours=2)
    assert refused("u0", agency, now=later) == "refused.per_number"
    called("u2", later)
    assert refused("u3", agency, now=later) == "refused.per_day"


# --- where a redirection or a transfer may lead ----------------------------------------------------------


def forwarding_agency(tmp_path, **line):
    units = [
        Unit(unit="desk", number="02-2700-1234", extension="301"),
        Unit(unit="archive", extension="205", site="hq"),
        Unit(unit="night", extension="206", hours="00:00-06:00"),
        Unit(unit="elsewhere", extension="207", line="other"),
    ]
    lines = (LineSettings(server="pbx.example:5060", **line), LineSettings(id="other", server="10.0.0.9"))
    return an_agency(tmp_path, units=units, lines=lines, sites=(Site(id="hq", name="HQ", switchboard="02-2700-1000"),))


def test_a_permit_says_where_the_call_may_be_led(tmp_path):
    leave = permit("desk", forwarding_agency(tmp_path), now=NOON)
    assert leave.follows == ("0227001000", "205", "301")


@pytest.mark.parametrize(
    "uri",
    [
        "sip:205@pbx.example",
        "<sip:205@PBX.example:5060;transport=udp>;q=0.5",
        '"Archive" <sip:205@pbx.example>',
        "sip:%32%30%35@pbx.example",
        "sip:205;phone-context=x@pbx.example",
        "tel:205",
    ],
)
def test_a_number_of_the_directory_is_followed_on_the_lines_own_server(tmp_path, uri):
    leave = permit("desk", forwarding_agency(tmp_path), now=NOON)
    assert follow(uri, leave) == "sip:205@pbx.example:5060"


@pytest.mark.parametrize("uri", ["sip:0227001000@pbx.example", "sip:90227001000@pbx.example", "tel:+886-2-2700-1000"])
def test_an_outside_number_is_followed_with_the_lines_prefix(tmp_path, uri):
    leave = permit("desk", forwarding_agency(tmp_path, outside_prefix="9"), now=NOON)
    assert follow(uri, leave) == "sip:90227001000@pbx.example:5060"


def test_an_attended_transfer_keeps_its_replaces_and_nothing_else(tmp_path):
    leave = permit("desk", forwarding_agency(tmp_path), now=NOON)
    there = "<sip:205@pbx.example?Replaces=a84b%40pbx%3Bto-tag%3D1%3Bfrom-tag%3D2>"
    assert follow(there, leave).endswith("205@pbx.example:5060?Replaces=a84b%40pbx%3Bto-tag%3D1%3Bfrom-tag%3D2")
    assert not may_follow("<sip:205@pbx.example?Route=%3Csip:evil%3E>", leave)
    assert not may_follow("<sip:205@pbx.example?Replaces=a&Route=%3Csip:evil%3E>", leave)
    assert not may_follow("<sip:205@pbx.example?Replaces=a%0d%0aRoute:x>", leave)


@pytest.mark.parametrize(
    "uri",
    [
        "sip:110@pbx.example",
        "sip:9110@pbx.example",
        "sip:0912345678@pbx.example",
        "sip:206@pbx.example",  # closed now
        "sip:207@pbx.example",  # an extension of another line's exchange
        "sip:0227001234@pbx.example",  # itself
        "sip:205@evil.example",
        "sip:205;ext=110@pbx.example",
        "sip:205%2C110@pbx.example",
        "sip:205%253B@pbx.example",
        "sip:205@pbx.example\r\nRoute: <sip:evil>",
        "sip:205@pbx.example>, <sip:110@pbx.example",
        "sip:110@evil.example%00@pbx.example",
        "sip:205:secret@pbx.example",
        "sip:*21*205@pbx.example",
        "http://pbx.example/205",
        "tel:205@pbx.example",
        "",
        "sip:" + "2" * 5000 + "@pbx.example",
    ],
)
def test_what_is_not_followed(tmp_path, uri):
    leave = permit("desk", forwarding_agency(tmp_path), now=NOON)
    assert not may_follow(uri, leave)
    with pytest.raises(Refused):
        follow(uri, leave)


def test_the_address_that_a_redirection_came_from_is_the_lines_server(tmp_path):
    leave = permit("desk", forwarding_agency(tmp_path), now=NOON)
    assert not may_follow("sip:205@10.0.0.5", leave)
    assert follow("sip:205@10.0.0.5", leave, came_from="10.0.0.5") == "sip:205@pbx.example:5060"
    assert not may_follow("sip:110@10.0.0.5", leave, came_from="10.0.0.5")


def test_nobody_is_led_to_who_is_in_a_call(tmp_path):
    agency = forwarding_agency(tmp_path)
    now = datetime.now(UTC)
    claim(agency, "a-1", permit=permit("archive", agency, now=now))
    assert "205" not in permit("desk", agency, now=now).follows


@given(digits=st.from_regex(r"[0-9*#+%;,]{1,12}", fullmatch=True))
def test_no_forbidden_number_is_ever_followed(tmp_path_factory, digits):
    leave = permit("desk", forwarding_agency(tmp_path_factory.getbasetemp()), now=NOON)
    if may_follow(f"sip:{digits}@pbx.example", leave):
        assert follow(f"sip:{digits}@pbx.example", leave).removeprefix("sip:").split("@")[0] in leave.follows
