"""What the doctor finds without a call: each failing state from a real cause."""

from __future__ import annotations

import json
import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from registrar_peer import RegistrarPeer
from sip_peer import SipPeer

from harness.agency import Agency, load_agency
from harness.cli.program import run
from harness.doctor import disk as disk_room
from harness.doctor import kept, line_look
from harness.doctor.clock import ClockWatch, KernelClock, kernel_clock, synchronised_by_systemd
from harness.doctor.codecs import codecs_of
from harness.doctor.examine import examine, examine_machine
from harness.doctor.finding import FAILED, NOT_CHECKED, OK, WARNING, Finding, Report, found
from harness.doctor.kept import BELL_OFFSET, Fact
from harness.doctor.line_look import look_at
from harness.doctor.machine import fonts, versions, zone_data
from harness.doctor.nat import nat, seen_of
from harness.doctor.papers import papers
from harness.doctor.registration import registration, server
from harness.doctor.wish import Wish
from harness.errors import WrongInput
from harness.interval import Interval
from harness.lines import LineSettings, OldOpenssl
from harness.new_agency import make_agency as init_agency
from harness.sip_trace import Traced, without_digest
from harness.softphone.library import Library
from harness.words import BOTH, catalogue, say, use_language

pytestmark = pytest.mark.waits

MONDAY = date(2026, 11, 23)
SOON = 1.0
"""Long enough for a peer on this machine, short enough to wait out one that is not there."""


@pytest.fixture(autouse=True)
def _both_languages() -> Iterator[None]:
    yield
    use_language(BOTH)


def agency_with(folder: Path, line: str = "", top: str = "", units: str = "unit,number\ndesk,0227001234\n") -> Agency:
    """Write an agency of one line whose keys are given."""
    text = f'name = "測試機關"\nrecording_notice_date = 2026-01-02\n{top}\n[[lines]]\nid = "main"\nbind = "127.0.0.1"\n'
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "agency.toml").write_text(text + line, encoding="utf-8")
    (folder / "units.csv").write_text(units, encoding="utf-8")
    return load_agency(folder)


def by_check(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    return {one.check: one for one in findings}


def figures(finding: Finding) -> dict[str, Any]:
    return {one.name: one for one in finding.figures}


# --- a report -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "refused", "status"),
    [
        ([OK, NOT_CHECKED], False, 0),
        ([OK, WARNING], False, 1),
        ([WARNING, FAILED], False, 3),
        ([OK], True, 4),
        ([FAILED], True, 4),
        ([], False, 0),
    ],
)
def test_the_exit_status_is_the_worst_finding(states: list[str], refused: bool, status: int) -> None:
    findings = tuple(found("clock", state, "doctor.clock_steady") for state in states)
    assert Report(at="", agency="", findings=findings, refused=refused).exit_status == status


def test_a_finding_says_everything_in_both_languages() -> None:
    one = found("notice", WARNING, "doctor.notice_missing", "doctor.do_notice", write="recording_notice_date = …")
    told = one.to_dict()
    assert all(told[part][lang] for part in ("name", "measured", "to_do") for lang in ("zh", "en"))
    assert (told["state"], told["write"]) == ("warning", "recording_notice_date = …")


def test_every_check_has_a_name_and_a_fresh_agency_gets_useful_findings(tmp_path: Path) -> None:
    init_agency(tmp_path / "agency")
    agency = load_agency(tmp_path / "agency")
    report = examine(agency, Wish(wait_s=SOON), now=datetime(2026, 11, 23, 2, tzinfo=UTC))
    found_now = by_check(report.findings)
    assert {f"doctor.check_{check}" for check in found_now} <= set(catalogue())
    assert found_now["directory"].state == found_now["notice"].state == WARNING
    assert found_now["notice"].write == "recording_notice_date = 2026-11-23"
    assert (found_now["server"].state, found_now["server"].do) == (FAILED, "doctor.do_server_example")
    assert report.exit_status == 3
    assert not agency.ledger.exists()
    assert not kept.folder_of(agency).exists()
    assert list(tmp_path.glob("agency/.doctor*")) == []


def test_without_an_agency_the_machine_is_examined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    status = run(["doctor", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "thirdring.doctor/1"
    assert status == told["exit_status"]
    assert {"agency", "versions", "clock", "time_sync"} <= {one["check"] for one in told["findings"]}
    assert run(["doctor", "--agency", str(tmp_path / "nothing")]) == 2
    assert examine_machine(tmp_path, now=datetime.now(UTC)).findings[0].do == "doctor.do_init"


def test_the_command_prints_findings_and_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with RegistrarPeer() as peer:
        agency = agency_with(tmp_path, f'server = "{peer.address}"\n')
        status = run(["doctor", "--agency", str(agency.folder), "--lang", "zh"])
        shown = capsys.readouterr().out
        assert status in (0, 1)  # a machine whose clock nothing keeps has something to see to
        assert "[ ok ] SIP 伺服器 [main]: 正常" in shown
        assert "test-pbx/1" in shown
        assert run(["doctor", "--agency", str(agency.folder), "--json", "--line", "main"]) == status
        told = json.loads(capsys.readouterr().out)
    assert told["call_id"] is None
    assert run(["doctor", "--agency", str(agency.folder), "--line", "nothing"]) == 2
    assert run(["doctor", "--agency", str(agency.folder), "--bell", "key"]) == 2
    assert not agency.ledger.exists()


# --- the machine ----------------------------------------------------------------------------------------


def test_a_python_without_a_telephone_is_told() -> None:
    assert versions().state == OK
    assert versions(python=(3, 13)).state == FAILED


def test_tls_by_an_old_library_is_refused_and_told_where_the_risk_is_taken() -> None:
    plain, tls = (LineSettings.model_validate({"transport": one}) for one in ("tcp", "tls"))
    taken = tls.model_copy(update={"accept_old_openssl": get_args(OldOpenssl)[0]})
    old, new = (Library(openssl=one, most_calls=4) for one in (0x100020BF, 0x30000130))
    for lines, made_of, state in (
        ((plain,), old, OK),
        ((plain, tls), old, FAILED),
        ((tls, taken), old, FAILED),
        ((plain, taken), old, WARNING),
        ((tls,), new, OK),
        ((tls,), Library(openssl=None, most_calls=4), FAILED),
    ):
        assert versions(lines, made_of=made_of).state == state
    told = versions((tls,), made_of=old)
    assert "make pjsua2" in say(told.do, "zh", **told.values)
    assert "1.0.2k" in say(told.do, "en", **told.values)


def test_a_time_zone_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert zone_data("Asia/Taipei").state == OK
    assert {one.name: one.value for one in zone_data("Asia/Taipei").figures}["utc_offset"] == 8.0
    assert zone_data("Asia/Nowhere").state == FAILED


def test_fonts_are_counted_missed_or_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fc_list = tmp_path / "fc-list"
    fc_list.write_text("#!/bin/sh\nprintf 'Noto Sans CJK TC,x\\nAR PL UMing TW\\n'\n")
    fc_list.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (fonts().state, fonts().values["n"]) == (OK, 2)
    fc_list.write_text("#!/bin/sh\nexit 0\n")
    assert fonts().state == WARNING
    fc_list.unlink()
    assert fonts().state == NOT_CHECKED


# --- clocks ---------------------------------------------------------------------------------------------


class Clocks:
    """A wall clock and a steady one, under the test's control."""

    def __init__(self) -> None:
        self.steady, self.wall = 100.0, 1_700_000_000.0

    def run(self, seconds: float, *, step: float = 0.0) -> None:
        self.steady += seconds
        self.wall += seconds + step


@pytest.mark.parametrize(("step", "state"), [(0.0, OK), (0.004, OK), (0.3, WARNING), (-2.0, WARNING)])
def test_a_wall_clock_that_steps_is_told(step: float, state: str) -> None:
    clocks = Clocks()
    watch = ClockWatch(wall=lambda: clocks.wall, steady=lambda: clocks.steady)
    clocks.run(5.0, step=step)
    first, _ = watch.findings(kernel=lambda: None, systemd=lambda: None)
    assert first.state == state
    assert figures(first)["wall_minus_steady"].value == pytest.approx(step, abs=1e-3)


@pytest.mark.parametrize(
    ("kernel", "systemd", "state"),
    [
        (KernelClock(synchronised=True, max_error_s=0.01), None, OK),
        (KernelClock(synchronised=False, max_error_s=16.0), True, OK),
        (KernelClock(synchronised=True, max_error_s=5.0), True, WARNING),
        (KernelClock(synchronised=False, max_error_s=16.0), None, WARNING),
        (None, False, WARNING),
        (None, True, OK),
        (None, None, NOT_CHECKED),
    ],
)
def test_who_keeps_the_wall_clock(kernel: KernelClock | None, systemd: bool | None, state: str) -> None:
    _, second = ClockWatch().findings(kernel=lambda: kernel, systemd=lambda: systemd)
    assert second.state == state


def test_the_kernel_is_asked_for_real_and_timedatectl_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = kernel_clock()
    assert said is None or said.max_error_s >= 0
    told = tmp_path / "timedatectl"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert synchronised_by_systemd() is None
    for answer, meant in (("yes", True), ("no", False), ("?", None)):
        told.write_text(f"#!/bin/sh\necho {answer}\n")
        told.chmod(0o755)
        assert synchronised_by_systemd() is meant


# --- the disk -------------------------------------------------------------------------------------------


def test_room_is_reckoned_in_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agency = agency_with(tmp_path, top="[caps]\nlongest_call_s = 100\ncalls_per_day = 10\n")
    call_b = 2 * 2 * 8000 * 100  # two sides, 16 bits, 8000 Hz
    real = os.statvfs(tmp_path)

    def free(count: float) -> Callable[[Any], Any]:
        return lambda _: SimpleNamespace(f_bavail=round(count * call_b / 4096), f_frsize=4096, f_type=real)

    for count, state, fit in ((300, OK, 300), (20, WARNING, 20), (1.5, FAILED, 1), (0, FAILED, 0)):
        monkeypatch.setattr(os, "statvfs", free(count))
        room = disk_room.disk(agency)[0]
        assert (room.state, figures(room)["calls_that_fit"].value) == (state, fit)


def test_a_wide_band_call_takes_twice_the_room() -> None:
    narrow, wide = LineSettings(id="a"), LineSettings(id="b", codecs=("G722/16000",))
    assert disk_room.bytes_a_second((narrow, wide)) == 2 * disk_room.bytes_a_second((narrow,))


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """A quota, as a full disk: Python ignores the signal, the write fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_takes_nothing_more_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    agency = agency_with(tmp_path)
    assert disk_room.disk(agency)[1].state in (OK, WARNING)
    with no_file_larger_than(1_000_000):
        speed = disk_room.disk(agency)[1]
    assert (speed.state, speed.do) == (FAILED, "doctor.do_unwritable")
    assert "File too large" in speed.measured("en")
    assert list(tmp_path.glob(".doctor*")) == []


def test_a_disk_that_is_slow_to_keep_its_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_room, "SLOW_SYNC_S", -1.0)  # slower than at once
    assert disk_room.disk(agency_with(tmp_path))[1].state == WARNING


@pytest.mark.parametrize(("kind", "state"), [("ext4", OK), ("nfs4", WARNING), ("cifs", WARNING)])
def test_a_network_disk_is_no_place_for_a_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, state: str
) -> None:
    folder = tmp_path / "with blank"
    mounts = tmp_path / "mounts"
    mounts.write_text(f"a / ext4 rw 0 0\nb {str(folder).replace(' ', chr(92) + '040')} {kind} rw 0 0\n")
    monkeypatch.setattr(disk_room, "MOUNTS", mounts)
    assert disk_room.disk(agency_with(folder))[2].state == state
    monkeypatch.setattr(disk_room, "MOUNTS", tmp_path / "nothing")
    assert disk_room.disk(agency_with(folder))[2].state == OK


# --- the folder -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("top", "check", "state"),
    [
        ("", "notice", OK),
        ("", "hours", OK),
        ("", "line_limits", OK),
        ("", "directory", OK),
        ('[hours]\ndefault = "05:00-23:00"\n', "hours", WARNING),
        ('[hours]\ndefault = "10:00-10:20"\n', "hours", WARNING),
        ('[hours]\ndays = ["mon", "sat"]\n', "hours", WARNING),
        ("[caps]\ncalls_at_once = 12\n", "line_limits", WARNING),
    ],
)
def test_what_the_folder_says(tmp_path: Path, top: str, check: str, state: str) -> None:
    agency = agency_with(tmp_path, top=top)
    assert by_check(papers(agency, today=MONDAY))[check].state == state


@pytest.mark.parametrize(("today", "key"), [(date(2026, 1, 1), "notice_later"), (date(2026, 1, 2), "notice")])
def test_a_notice_that_is_still_to_come(tmp_path: Path, today: date, key: str) -> None:
    assert by_check(papers(agency_with(tmp_path), today=today))["notice"].key == f"doctor.{key}"


def test_a_unit_with_odd_hours_and_an_empty_directory_are_told(tmp_path: Path) -> None:
    odd = agency_with(tmp_path / "a", units="unit,number,hours\nnight,0227001234,22:00-23:00\n")
    assert "night" in by_check(papers(odd, today=MONDAY))["hours"].measured("en")
    empty = agency_with(tmp_path / "b", units="unit,number\n")
    assert by_check(papers(empty, today=MONDAY))["directory"].key == "doctor.directory_empty"


@pytest.mark.parametrize(("today", "state"), [(MONDAY, OK), (date(2026, 1, 1), WARNING), (date(2026, 11, 22), OK)])
def test_a_day_off_is_told(tmp_path: Path, today: date, state: str) -> None:
    assert by_check(papers(agency_with(tmp_path), today=today))["holidays"].state == state


def test_the_official_table_beats_the_calendar(tmp_path: Path) -> None:
    agency = agency_with(tmp_path)
    (tmp_path / "calendar-115.csv").write_text("西元日期,星期,是否放假,備註\n20261123,一,2,颱風\n", encoding="utf-8")
    assert by_check(papers(agency, today=MONDAY))["holidays"].key == "doctor.holiday"


def test_where_a_secret_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def secret_of(line: str) -> Finding:
        return by_check(papers(agency_with(tmp_path, line), today=MONDAY))["secret"]

    (tmp_path / "line.secret").write_text("hunter2")
    (tmp_path / "line.secret").chmod(0o644)
    wide_open = secret_of('user = "1001"\nsecret_file = "line.secret"\n')
    assert (wide_open.state, wide_open.values["mode"]) == (FAILED, "0644")
    assert wide_open.write.startswith("chmod 600 ")
    (tmp_path / "line.secret").chmod(0o600)
    assert secret_of('user = "1001"\nsecret_file = "line.secret"\n').state == OK
    assert secret_of('user = "1001"\nsecret_file = "gone.secret"\n').key == "doctor.secret_file_none"
    monkeypatch.delenv("DOCTORS_SECRET", raising=False)
    assert secret_of('user = "1001"\nsecret_env = "DOCTORS_SECRET"\n').state == FAILED
    monkeypatch.setenv("DOCTORS_SECRET", "hunter2")
    assert secret_of('user = "1001"\nsecret_env = "DOCTORS_SECRET"\n').state == OK
    assert secret_of('user = "1001"\n').state == WARNING
    assert secret_of("").state == OK
    assert stat.S_IMODE((tmp_path / "line.secret").stat().st_mode) == 0o600


# --- lines, on real SIP ---------------------------------------------------------------------------------

REGISTERS = 'register = true\nuser = "1001"\nfrom_uri = "sip:1001@127.0.0.1"\nsecret_env = "DOCTORS_SECRET"\n'


def looked(folder: Path, peer: SipPeer, more: str = "", *, wait_s: float = 4.0) -> tuple[Finding, Finding, Finding]:
    agency = agency_with(folder, f'server = "{peer.address}"\n{more}')
    look = look_at(agency.settings.lines[0], agency, wait_s=wait_s)
    return registration(look), server(look), nat(look.messages, line="main")


def test_a_line_that_registers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCTORS_SECRET", "right")
    with RegistrarPeer() as peer:
        registered, there, translated = looked(tmp_path, peer, REGISTERS)
        assert [up for _, _, up in peer.bindings] == [True, False]  # it left again
    assert (registered.state, there.state) == (OK, OK)
    assert translated.key == "doctor.nat_silent"  # this PBX does not say what it sees
    took = figures(registered)["took"]
    assert 0 <= took.value <= took.latest
    assert figures(registered)["responses"].value == "401 200"
    assert "test-pbx/1" in there.measured("en")


def test_a_wrong_password_is_told_and_stands_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCTORS_SECRET", "hunter2-wrong")
    with RegistrarPeer() as peer:
        registered, there, _ = looked(tmp_path, peer, REGISTERS)
        assert peer.bindings == []
    assert (registered.state, registered.do) == (FAILED, "doctor.do_password")
    assert there.state == NOT_CHECKED
    assert "hunter2" not in json.dumps([registered.to_dict(), there.to_dict()])


@pytest.mark.parametrize(
    ("status", "do"), [(404, "do_user"), (403, "do_password"), (503, "do_server_error"), (606, "do_server_error")]
)
def test_a_registrar_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, do: str) -> None:
    monkeypatch.setenv("DOCTORS_SECRET", "right")
    with RegistrarPeer(status=status) as peer:
        registered, _, _ = looked(tmp_path, peer, REGISTERS)
    assert (registered.state, registered.do) == (FAILED, f"doctor.{do}")
    assert str(status) in registered.measured("en")


def test_a_server_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCTORS_SECRET", "right")
    with RegistrarPeer() as peer:
        gone = peer.address
    agency = agency_with(tmp_path, f'server = "{gone}"\n{REGISTERS}')
    look = look_at(agency.settings.lines[0], agency, wait_s=SOON)
    assert registration(look).key == "doctor.server_silent"
    assert registration(look).state == FAILED
    assert figures(registration(look))["sent"].value >= 1
    assert nat(look.messages, line="main").state == NOT_CHECKED


def test_a_line_without_its_password_is_a_finding_and_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCTORS_SECRET", raising=False)
    agency = agency_with(tmp_path, REGISTERS)
    report = examine(agency, Wish(wait_s=SOON), now=datetime(2026, 11, 23, 2, tzinfo=UTC))
    assert by_check(report.findings)["registration"].key == "doctor.line_not_opened"
    assert by_check(report.findings)["secret"].key == "doctor.secret_env_none"


def test_an_address_translator_is_seen_without_a_call(tmp_path: Path) -> None:
    with RegistrarPeer(sees=("203.0.113.9", 6000)) as peer:
        _, there, translated = looked(tmp_path, peer)
    assert there.state == OK
    assert (translated.state, translated.key) == (WARNING, "doctor.nat")
    assert figures(translated)["received"].value == "203.0.113.9:6000"
    assert figures(translated)["via"].value.startswith("127.0.0.1:")


def test_a_look_that_tells_nothing_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agency = agency_with(tmp_path)
    monkeypatch.setattr(line_look.sys, "executable", "/bin/false")
    assert registration(look_at(agency.settings.lines[0], agency, wait_s=SOON)).key == "doctor.line_not_opened"
    sleeps = tmp_path / "sleeps"
    sleeps.write_text("#!/bin/sh\nsleep 30\n")
    sleeps.chmod(0o755)
    monkeypatch.setattr(line_look.sys, "executable", str(sleeps))
    monkeypatch.setattr(line_look, "START_S", 0.1)
    assert "—" in registration(look_at(agency.settings.lines[0], agency, wait_s=0.0)).measured("en")


def test_a_line_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(WrongInput):
        examine(agency_with(tmp_path), Wish(line="other"), now=datetime.now(UTC))


# --- messages -------------------------------------------------------------------------------------------


def message(direction: str, text: str) -> Traced:
    return Traced(0.0, direction, "UDP 192.0.2.1:5060", text)


def test_codecs_are_read_from_a_session_description() -> None:
    head = "INVITE sip:1@x SIP/2.0\nContent-Type: application/sdp\n\nv=0\n"
    told = "m=audio 4000 RTP/AVP 8 0 9 120\na=rtpmap:9 G722/8000\na=rtpmap:120 telephone-event/8000\n"
    assert codecs_of(message("tx", head + told)) == ("PCMA/8000", "PCMU/8000", "G722/8000")
    assert codecs_of(message("tx", head + told.replace("4000", "0"))) == ()
    assert codecs_of(message("tx", head)) == ()
    assert codecs_of(message("tx", f"{head}m=audio 9 RTP/AVP 77\n")) == ("payload 77",)


@pytest.mark.parametrize(
    ("via", "received"),
    [
        ("SIP/2.0/UDP 10.0.0.5:5062;rport=5062;received=10.0.0.5;branch=z", "10.0.0.5:5062"),
        ("SIP/2.0/TCP [2001:db8::1]:5060;received=2001:db8::1", "[2001:db8::1]:5060"),
        ("SIP / 2.0 / UDP host.example;rport=7", "host.example:7"),
        ("SIP/2.0/UDP 10.0.0.5:5062;branch=z", None),
    ],
)
def test_what_the_server_saw_is_read_from_the_via(via: str, received: str | None) -> None:
    seen = seen_of((message("rx", f"SIP/2.0 200 OK\nVia: {via}\nCSeq: 1 OPTIONS\n"),))
    assert seen is not None
    assert seen.received == received
    assert seen.translated is (received == "host.example:7")


def test_a_private_media_address_behind_a_translator_is_told() -> None:
    offer = (
        "INVITE sip:1@x SIP/2.0\nContact: <sip:me@192.168.1.5:5060>\n\nv=0\nc=IN IP4 192.168.1.5\nm=audio 1 RTP/AVP 8\n"
    )
    answer = "SIP/2.0 200 OK\nv: SIP/2.0/UDP 192.168.1.5:5060;rport=1024;received=8.8.4.4\nCSeq: 1 INVITE\n"
    told = (message("tx", offer), message("rx", answer))
    assert nat(told, line="main", packets=0).key == "doctor.nat_media"
    assert nat(told, line="main", packets=100).key == "doctor.nat"


def test_a_digest_is_left_out_of_what_is_handed_on() -> None:
    told = 'REGISTER sip:x SIP/2.0\nAuthorization: Digest username="1001", response="abc"\nCSeq: 1 REGISTER\n'
    assert "abc" not in without_digest(told)
    assert "CSeq: 1 REGISTER" in without_digest(told)


# --- what is kept ---------------------------------------------------------------------------------------


def test_the_newest_bell_offset_is_given_and_a_torn_line_is_passed_over(tmp_path: Path) -> None:
    agency = agency_with(tmp_path)
    assert kept.bell_offset(agency) is None
    fact = Fact(
        what=BELL_OFFSET,
        line="main",
        number="301",
        measured_at="2026-11-01T10:00:00+08:00",
        call_id="a",
        how="key",
        interval_s=Interval(0.1, 0.4),
    )
    kept.keep(agency, replace(fact, measured_at="2026-11-02T03:00:00+00:00", call_id="b"))
    kept.keep(agency, fact)
    kept.keep(agency, replace(fact, line="other", measured_at="2026-11-09T10:00:00+08:00", call_id="c"))
    with (kept.folder_of(agency) / kept.FILE).open("a") as file:
        file.write('{"what": "bell_off')
    newest, own = kept.bell_offset(agency), kept.bell_offset(agency, line="main")
    assert newest is not None
    assert own is not None
    assert (newest.call_id, own.call_id, own.interval_s) == ("c", "b", Interval(0.1, 0.4))
    assert kept.bell_offset(agency, line="none") is None
    assert kept.release_proof(agency, line="main") is None
