"""The number gate: whatever the directory, the configuration and the string say, nothing forbidden passes."""

import copy
import multiprocessing
import pickle
import re
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.agency import Agency, HoursSettings, Settings, Site
from harness.directory import Unit, read_units
from harness.errors import REFUSED, DirectoryError, Refused
from harness.ledger import claim, settle
from harness.lines import LineSettings
from harness.number_gate import Permit, permit, redeem
from harness.number_gate.following import follow, may_follow
from harness.number_gate.forbidden_numbers import forbidden
from harness.number_gate.permits import PERMIT_LASTS_S
from harness.number_gate.pressed_digits import Keys, keys_of, permit_digits
from harness.number_text import digits_of
from harness.softphone.line import Line
from harness.softphone.pool import WorkerPool
from harness.softphone.scripted import ScriptedSoftphone

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)  # a Wednesday, 12:00 in Taipei
LISTED = ("110", "112", "113", "117", "118", "119", "165", "1922", "1999", "1950", "105", "166", "123")
EVERY_DAY = HoursSettings(default="00:00-24:00", days=("mon", "tue", "wed", "thu", "fri", "sat", "sun"), holidays=True)


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


def test_an_agency_without_a_line_dials_nothing_whatever_else_is_right(agency):
    without = replace(agency, settings=agency.settings.model_copy(update={"recordings_only": True}))
    assert permit("desk", agency, now=NOON)
    assert refused("desk", without, now=NOON) == "refused.recordings_only"
    assert refused("5551234", without, now=NOON) == "refused.not_in_directory"


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


@pytest.mark.parametrize("extension", ["91101", "01191", "911955", "911"])
def test_an_extension_that_rings_the_police_behind_an_outside_line(tmp_path, extension):
    """An exchange that dials while it reads has 9110 before the last digit comes; 911 alone is an extension."""
    agency = an_agency(tmp_path, units=[Unit(unit="u", extension=extension)])
    if extension == "911":
        assert permit("u", agency, now=NOON).number == "911"
    else:
        assert refused("u", agency, now=NOON) == "refused.forbidden"


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


# --- what is pressed inside a call -----------------------------------------------------------------------

KEYS = Keys(extensions=frozenset({"301", "205", "2700", "1234", "3110", "21001", "110", "1922"}), local_digits=8)


def pressed(*presses, keys=KEYS):
    """Press one after the other; what was let through, up to the first refusal."""
    sent = ()
    for press in presses:
        try:
            sent = (*sent, permit_digits(press, before=sent, keys=keys))
        except Refused:
            break
    return sent


def amounts_to_a_number_outside(digits):
    """An independent reading of a string that an exchange may collect, Taiwan's numbering plan as ITU-T has it."""
    for prefix in ("", "0", "9"):
        if not digits.startswith(prefix):
            continue
        bare = digits.removeprefix(prefix)
        if re.fullmatch(r"11[023789]|165|19[0-9]{2}", bare) or re.fullmatch(r"0[2-9][0-9]{7,8}|00[0-9]{7,}", bare):
            return True
        if re.fullmatch(r"[2-8][0-9]{7,}", bare):
            return True
    return False


piece = st.one_of(
    st.from_regex(r"[0-9*#]{1,4}", fullmatch=True),
    st.sampled_from(sorted(KEYS.extensions)),
    st.sampled_from(["9", "0", "1", "11", "19", "22", "27", "00", "12", "34", "#", "9#"]),
)


@settings(max_examples=400)
@given(presses=st.lists(piece, min_size=1, max_size=8))
def test_digits_inside_a_call_never_amount_to_a_number_outside(presses):
    sent = pressed(*presses)
    keys = [key for press in sent for key in ([press] if len(press) > 2 else press) if key != "#"]
    for first in range(len(keys)):
        for last in range(first + 1, len(keys) + 1):
            assert not amounts_to_a_number_outside("".join(key.removesuffix("#") for key in keys[first:last]))
    assert not any("*" in press or press.startswith("#") for press in sent)


@pytest.mark.parametrize(
    "number", ["27001234", "0912345678", "0227001234", "110", "119", "1922", "0021234567", "0204123"]
)
@pytest.mark.parametrize("lead", [(), ("9",), ("0",), ("1", "9"), ("3",), ("9", "9")])
@given(data=st.data())
def test_a_number_outside_passes_in_no_pieces(number, lead, data):
    """However a number is cut up, and whatever opened the line: it is stopped before its last digit."""
    cuts = sorted(data.draw(st.sets(st.integers(1, len(number) - 1))))
    pieces = [number[start:end] for start, end in pairwise([0, *cuts, len(number)])]
    assert len(pressed(*lead, *pieces)) < len(lead) + len(pieces)


def test_an_outside_line_reached_through_a_menu_is_closed():
    assert pressed("9", "2700", "1234") == ("9", "2700")
    assert pressed("2700", "1234") == ("2700",)
    assert pressed("9", "27", "00", "12", "34") == ("9", "27", "00", "12")
    assert pressed("31", "10") == ("31",)


@given(
    menus=st.lists(st.sampled_from("12345678"), max_size=2),
    extension=st.from_regex(r"[2-8][0-9]{2,3}", fullmatch=True),
    hash_=st.sampled_from(["", "#"]),
)
def test_a_walk_through_menus_to_an_extension_passes(menus, extension, hash_):
    keys = Keys(extensions=frozenset({extension}))
    walk = (*menus, extension + hash_)
    if not amounts_to_a_number_outside("".join(menus) + extension):
        assert pressed(*walk, keys=keys) == walk


@pytest.mark.parametrize(
    "walk", [("9", "301"), ("0",), ("1", "21001"), ("9", "2", "205"), ("301", "301"), ("1", "3", "3110")]
)
def test_walks_that_real_switchboards_ask_for(walk):
    assert pressed(*walk) == walk


def test_an_agency_where_numbers_are_short_is_told_by_its_directory(tmp_path):
    def keys(number):
        agency = an_agency(tmp_path, units=[Unit(unit="u", number=number, extension="301")])
        return keys_of(agency, agency.line())

    assert [keys(n).local_digits for n in ("02-2700-1234", "04-7222151", "089-326141", "0836-22381", "0912345678")] == [
        8,
        7,
        6,
        5,
        6,
    ]
    assert keys("0836-22381").extensions == {"301"}
    with pytest.raises(Refused):
        permit_digits("81", before=("9", "22", "3"), keys=keys("0836-22381"))


@pytest.mark.parametrize(
    "digits",
    ["110", "9110", "*21", "#31#", "**", "#", "0912345678", "002886", "", "1,1,0", "1922", "302", "1p1", "１１０"],
)
def test_refused_digits(digits):
    with pytest.raises(Refused) as caught:
        permit_digits(digits, keys=KEYS)
    assert caught.value.exit_status == REFUSED


@pytest.mark.parametrize("digits", ["9", "0", "12", "301", "301#", "3110"])
def test_digits_of_menus_and_extensions(digits):
    assert permit_digits(digits, keys=KEYS) == digits


def test_without_a_directory_only_menu_keys_are_pressed():
    assert permit_digits("9") == "9"
    with pytest.raises(Refused):
        permit_digits("301")


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


# --- permits that the gate did not make, and permits used twice -------------------------------------------


def refusal_of(leave):
    with pytest.raises(Refused) as caught:
        redeem(leave)
    assert caught.value.exit_status == REFUSED
    return caught.value.key


def test_a_permit_is_good_for_one_call(agency):
    leave = permit("desk", agency, now=NOON)
    assert redeem(leave) == leave.uri
    assert refusal_of(leave) == "refused.permit_used"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", "110"),
        ("uri", "sip:110@127.0.0.1:5080"),
        ("follows", ("110",)),
        ("template", "sip:110@evil"),
        ("keys", Keys(extensions=frozenset({"110"}))),
        ("issued_s", 1e9),
        ("nonce", "another"),
        ("proof", ""),
    ],
)
def test_a_permit_that_was_changed_is_refused(agency, name, value):
    leave = permit("desk", agency, now=NOON)
    object.__setattr__(leave, name, value)
    assert refusal_of(leave) == "refused.permit_forged"


def test_a_permit_made_around_its_constructor_is_refused(agency):
    leave, forged = permit("desk", agency, now=NOON), object.__new__(Permit)
    vars(forged).update(vars(leave) | {"uri": "sip:110@127.0.0.1:5080"})
    assert refusal_of(forged) == "refused.permit_forged"

    class MyPermit(Permit):
        pass

    mine = object.__new__(MyPermit)
    vars(mine).update(vars(leave))
    assert refusal_of(mine) == "refused.permit_forged"
    assert redeem(leave) == leave.uri


def test_copies_of_a_permit_are_good_for_one_call_together(agency):
    leave = permit("desk", agency, now=NOON)
    same, unpickled = copy.copy(leave), pickle.loads(pickle.dumps(leave))
    assert redeem(unpickled) == leave.uri
    assert {refusal_of(leave), refusal_of(same)} == {"refused.permit_used"}
    vars(unpickled)["number"] = "110"
    assert refusal_of(unpickled) == "refused.permit_forged"


ELSEWHERE = """
import pickle, sys
from harness.errors import Refused
from harness.number_gate import redeem
try:
    redeem(pickle.loads(sys.stdin.buffer.read()))
except Refused as error:
    print(error.key)
"""


def test_a_permit_of_another_process_is_refused(agency):
    leave = permit("desk", agency, now=NOON)
    there = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], input=pickle.dumps(leave), capture_output=True, check=True
    )
    assert there.stdout.decode().strip() == "refused.permit_forged"
    forked = multiprocessing.get_context("fork").Pool(1)
    with forked:
        assert forked.apply(refusal_of, (leave,)) == "refused.permit_forged"


def test_an_old_permit_is_refused_however_the_clock_is_set(agency, monkeypatch):
    leave = permit("desk", agency, now=NOON)
    later = time.monotonic() + PERMIT_LASTS_S + 1
    monkeypatch.setattr("harness.number_gate.permits.time.monotonic", lambda: later)
    assert refusal_of(leave) == "refused.permit_old"


def test_no_telephone_dials_without_redeeming(agency, tmp_path):
    """The scripted and the real telephone ask the gate again: a permit dials once."""
    leave, phone = permit("desk", agency, now=NOON), ScriptedSoftphone({})
    phone.dial(leave, call_id="c", folder=tmp_path, headers={})
    with pytest.raises(Refused):
        phone.dial(leave, call_id="d", folder=tmp_path, headers={})
    with WorkerPool(Line(bind="127.0.0.1")) as pool, pytest.raises(Refused):
        pool.dial(leave, call_id="e", folder=tmp_path, headers={})
    assert phone.dialled == ["0227001234"]


# --- what a configuration may try -------------------------------------------------------------------------


def crafted(tmp_path, *, number="0227001234", **values):
    """An agency whose line passed no validation, as code could make one."""
    line = LineSettings(server="pbx.example:5060").model_copy(update=values)
    agency = an_agency(tmp_path, units=[Unit(unit="u", number=number)])
    return replace(agency, settings=agency.settings.model_copy(update={"lines": (line,)}))


@pytest.mark.parametrize(
    "template",
    [
        "sip:110@pbx.example",
        "sip:110;x={number}@pbx.example",
        "sip:{number};postd=110@pbx.example",
        "sip:{number},110@pbx.example",
        "sip:9{number}@pbx.example",
        "sip:{number}@pbx.example;maddr=10.9.9.9",
        "sip:{number}@pbx.example?Route=%3Csip:evil%3E",
        "sip:{number}@pbx.example\r\nRoute: <sip:evil>",
        "sip:{number}@evil@pbx.example",
        "<sip:{number}@pbx.example>,<sip:110@pbx.example>",
        "tel:{number}",
    ],
)
def test_a_template_that_makes_another_address_is_refused(tmp_path, template):
    assert refused("u", crafted(tmp_path, number_template=template), now=NOON) == "refused.template"


@pytest.mark.parametrize(
    "template", ["sip:{number}@pbx.example;user=phone", "sips:{number}@pbx.example:5061;transport=tls"]
)
def test_an_ordinary_template_is_used(tmp_path, template):
    assert permit("u", crafted(tmp_path, number_template=template), now=NOON).uri == template.format(
        number="0227001234"
    )


@pytest.mark.parametrize("server", ["pbx.example;maddr=evil", "pbx.example?Route=x", "pbx.example\r\nX: y", "a@b", ""])
def test_a_server_that_is_more_than_a_server_is_refused(tmp_path, server):
    assert refused("u", crafted(tmp_path, server=server), now=NOON) == "refused.template"


@pytest.mark.parametrize("prefix", ["11", "0*", "*31*", "9,", "1;"])
def test_a_prefix_that_makes_another_number_is_refused(tmp_path, prefix):
    agency = crafted(tmp_path, outside_prefix=prefix)
    assert refused("u", agency, now=NOON) in ("refused.template", "refused.forbidden")


@pytest.mark.parametrize(
    "caller",
    [
        "sip:110@pbx.example",
        "sip:0110@pbx.example",
        "sip:002861012345678@pbx.example",
        "sip:27001234@pbx.example?Route=%3Csip:evil%3E",
        "sip:27001234@pbx.example\r\nX: y",
        "sip:%31%31%30@pbx.example",
        "sip:27001234;ext=110@pbx.example",
        "27001234",
    ],
)
def test_a_caller_that_the_line_cannot_own_is_refused(tmp_path, caller):
    assert refused("u", crafted(tmp_path, from_uri=caller), now=NOON) == "refused.caller"


@pytest.mark.parametrize(
    "number",
    [
        "0227001234;ext=110",
        "0227001234@evil",
        "0227001234?Route=x",
        "0227001234\r\nRoute: x",
        "0227001234,,110",
        "0227001234p110",
        "0227001234w110",
        "0227001234#110",
        "*310227001234",
        "+1 202 555 0100",
        "110",
        "９１１０",
        "١١٠",
        "①①⓪",
        "11⁰",
        "1190227001234",
        "119 27001234",
    ],
)
def test_no_row_of_the_directory_makes_a_forbidden_call(tmp_path, number):
    agency = an_agency(tmp_path, units=[Unit(unit="u", number=number)])
    assert refused("u", agency, now=NOON) in ("refused.forbidden", "refused.no_number")
    (tmp_path / "units.csv").write_text(f'unit,number\nu,"{number}"\n', encoding="utf-8", newline="")
    with pytest.raises(DirectoryError):
        read_units(tmp_path)


@pytest.mark.parametrize(
    "text", ["tel:+886-2-2700-1234", "+886 (0)2 2700 1234", "０２－２７００－１２３４", "०२२७००१२३४", "02−2700−1234"]
)
def test_a_number_is_normalised_before_it_is_looked_up(agency, text):
    assert permit(text, agency, now=NOON).number == "0227001234"


@pytest.mark.parametrize("text", ["sip:0227001234@pbx", "tel:110", "O227OO1234", "0227001234;ext=301", "02%2D27001234"])
def test_what_is_not_plainly_a_number_of_the_directory_is_refused(agency, text):
    assert refused(text, agency, now=NOON) in ("refused.not_in_directory", "refused.forbidden")


def test_an_instant_without_a_zone_is_no_instant(agency):
    with pytest.raises(ValueError, match="zone"):
        permit("desk", agency, now=datetime(2026, 3, 4, 12, 0))


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/New_York"])
def test_hours_are_the_agencys_own_whatever_zone_the_clock_is_in(tmp_path, zone):
    agency = an_agency(tmp_path, units=[Unit(unit="u", number="0227001234")], hours=HoursSettings())
    assert permit("u", agency, now=datetime(2026, 3, 4, 10, 0, tzinfo=agency.zone).astimezone(ZoneInfo(zone)))
    night = datetime(2026, 3, 4, 22, 0, tzinfo=agency.zone).astimezone(ZoneInfo(zone))
    assert refused("u", agency, now=night) == "refused.closed"


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        ("2026-10-09", False),  # the day off for a National Day on a Saturday
        ("2025-02-08", True),  # a Saturday worked by decree
        ("2026-11-21", False),  # any other Saturday
        ("2026-11-20", True),
    ],
)
def test_nobody_is_rung_on_a_public_holiday_unless_the_agency_never_closes(tmp_path, day, open_):
    now = datetime.fromisoformat(f"{day}T10:00:00+08:00")
    told = {"recording_notice_date": date(2025, 1, 2)}
    agency = an_agency(tmp_path, units=[Unit(unit="u", number="0227001234")], hours=HoursSettings(), **told)
    if open_:
        assert permit("u", agency, now=now)
    else:
        with pytest.raises(Refused) as raised:
            permit("u", agency, now=now)
        assert raised.value.key in ("refused.holiday", "refused.closed")
    never_closed = an_agency(tmp_path, units=[Unit(unit="u", number="0227001234")], hours=EVERY_DAY, **told)
    assert permit("u", never_closed, now=now)


def test_the_official_calendar_of_the_agency_decides_what_a_holiday_is(tmp_path):
    (tmp_path / "calendar.csv").write_text("西元日期,星期,是否放假,備註\n20261120,五,2,選舉\n", encoding="utf-8")
    agency = an_agency(tmp_path, units=[Unit(unit="u", number="0227001234")], hours=HoursSettings())
    with pytest.raises(Refused) as raised:
        permit("u", agency, now=datetime.fromisoformat("2026-11-20T10:00:00+08:00"))
    assert raised.value.key == "refused.holiday"


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


def test_a_refusal_out_of_hours_names_the_days_in_each_language(tmp_path):
    agency = an_agency(tmp_path, units=[Unit(unit="u", number="0227001234")], hours=HoursSettings())
    with pytest.raises(Refused) as raised:
        permit("u", agency, now=datetime(2026, 3, 8, 10, 0, tzinfo=agency.zone))
    assert "星期日 10:00" in raised.value.sentence("zh")
    assert "星期一、二、三、四、五" in raised.value.sentence("zh")
    assert "Sun 10:00" in raised.value.sentence("en")
