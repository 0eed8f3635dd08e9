"""What the doctor finds by a call: on real SIP against the embedded agency and scripted peers, and in virtual time."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from agency_folder import make_agency
from registrar_peer import RegistrarPeer
from sip_peer import Dialog, Rtp, SipPeer
from telephone import SILENT
from test_harness_caller import RATE, tone, voice

from harness.agency import Agency, load_agency
from harness.cli.program import run
from harness.doctor import kept
from harness.doctor.bell import EndpointBell, KeyBell, bell_offset, offset
from harness.doctor.call import DoctorCall, call_line
from harness.doctor.examine import examine
from harness.doctor.examine_call import placed
from harness.doctor.finding import FAILED, NOT_CHECKED, OK, WARNING, Finding, Report
from harness.doctor.line_settings import line_settings
from harness.doctor.release import release
from harness.doctor.tones import tone_plan
from harness.doctor.wish import Wish
from harness.errors import LineError, Refused
from harness.interval import Interval
from harness.ladder.find import ladder_of
from harness.ledger import claims
from harness.lines import softphone_line
from harness.softphone.pool import WorkerPool
from harness.softphone.scripted import FarEnd, ScriptedSoftphone
from harness.switchboard.serve import EmbeddedAgency
from harness.words import BOTH, use_language

pytestmark = pytest.mark.realtime

SCRIPT = Path(__file__).parent / "agency_scripts" / "doctor.toml"
HANGS_UP, ANALOGUE, SWITCHBOARD = "0227000401", "0227000402", "0227000403"
NUMBER = "0227000501"
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _both_languages() -> Iterator[None]:
    yield
    use_language(BOTH)


@dataclass
class Pbx:
    """The embedded agency and where it listens."""

    address: str


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbx]:
    folder = tmp_path_factory.mktemp("doctor")
    truth = folder / "truth.jsonl"
    truth.touch()
    with EmbeddedAgency(SCRIPT, truth=truth) as embedded:
        yield Pbx(embedded.addresses["pbx"])


def agency_at(folder: Path, address: str, *numbers: str, line: str = "", top: str = "") -> Agency:
    """An agency whose numbers are all at one server; `top` goes before everything else."""
    agency = make_agency(folder, {number: address for number in numbers}, line=line)
    if top:
        path = agency.folder / "agency.toml"
        path.write_text(top + path.read_text(encoding="utf-8"), encoding="utf-8")
    return load_agency(folder)


def examined(agency: Agency, number: str | None, **more: Any) -> tuple[Report, dict[str, Finding]]:
    report = examine(agency, Wish(call=True, test_number=number, wait_s=2.0, **more), now=datetime.now(UTC))
    return report, {one.check: one for one in report.findings}


def scripted(agency: Agency, far: FarEnd, number: str = NUMBER) -> DoctorCall:
    """The doctor's call in virtual time."""
    return call_line(agency, ScriptedSoftphone({number: far}), test_number=number, now=NOW)


@pytest.fixture
def plain(tmp_path: Path) -> Agency:
    return agency_at(tmp_path / "agency", "127.0.0.1:9", NUMBER)


# --- one call tells it all ------------------------------------------------------------------------------


@dataclass
class Examined:
    """An agency, and what was found on its line."""

    agency: Agency
    call: DoctorCall
    checks: dict[str, Finding]


def mute(peer: SipPeer, dialog: Dialog) -> None:
    """Answer, and send no sound and no reports."""
    rtp = Rtp()
    peer.respond(dialog, 180, "Ringing")
    peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
    time.sleep(2.0)
    peer.request(dialog, "BYE")
    rtp.close()


def internal(peer: SipPeer, dialog: Dialog) -> None:
    """Say that it rings as an internal call."""
    peer.respond(dialog, 180, "Ringing", headers="Alert-Info: <urn:alert:source:internal>\r\n")
    peer.respond(dialog, 486, "Busy Here")


def rings_and_is_busy(peer: SipPeer, dialog: Dialog) -> None:
    """Ring, then busy."""
    peer.respond(dialog, 180, "Ringing")
    peer.respond(dialog, 486, "Busy Here")


def takes_no_codec(peer: SipPeer, dialog: Dialog) -> None:
    """Refuse the session description."""
    peer.respond(dialog, 488, "Not Acceptable Here")


PEERS = {"mute": mute, "internal": internal, "inside": rings_and_is_busy, "no codec": takes_no_codec}


@pytest.fixture(scope="module")
def lines(pbx: Pbx, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Examined]:
    """Every line that is looked at on real SIP, three at once: most of a call is waiting."""
    folder = tmp_path_factory.mktemp("lines")
    claims_release = "signals_release = true\n"
    with ExitStack() as stack:
        peers = {name: stack.enter_context(SipPeer(script)).address for name, script in PEERS.items()}
        agencies = {
            "good": (agency_at(folder / "good", pbx.address, HANGS_UP), HANGS_UP),
            "analogue": (agency_at(folder / "analogue", pbx.address, ANALOGUE, line=claims_release), ANALOGUE),
            "main": (with_switchboard(agency_at(folder / "main", pbx.address, HANGS_UP)), None),
            "mute": (agency_at(folder / "mute", peers["mute"], NUMBER), NUMBER),
            "internal": (agency_at(folder / "internal", peers["internal"], NUMBER), NUMBER),
            "inside": (agency_at(folder / "in", peers["inside"], NUMBER, line='from_uri = "sip:6201@pbx"\n'), NUMBER),
            "no codec": (agency_at(folder / "codec", peers["no codec"], NUMBER), NUMBER),
        }
        with ThreadPoolExecutor(3) as threads:
            done = {name: threads.submit(called, *one) for name, one in agencies.items()}
            return {name: one.result() for name, one in done.items()}


def called(agency: Agency, number: str | None) -> Examined:
    """Place the doctor's call, without what the machine has to say."""
    wish = Wish(call=True, test_number=number)
    call, findings = placed(agency, wish, datetime.now(UTC), lambda: "", lambda _: None)
    return Examined(agency, call, {one.check: one for one in findings})


def with_switchboard(agency: Agency) -> Agency:
    path = agency.folder / "agency.toml"
    site = f'[[sites]]\nid = "hq"\nname = "本部"\nswitchboard = "{SWITCHBOARD}"\n'
    path.write_text(path.read_text(encoding="utf-8") + site, encoding="utf-8")
    return load_agency(agency.folder)


def test_a_good_line_is_proved_good_by_one_call(lines: dict[str, Examined]) -> None:
    agency, checks = lines["good"].agency, lines["good"].checks
    good = ("call", "ringing_as", "tone_plan", "codecs", "nat", "audio_in", "audio_out")
    assert {name: checks[name].state for name in good} == dict.fromkeys(good, OK)
    assert (checks["release"].state, checks["release"].write) == (WARNING, "signals_release = true")
    assert "signals_release" not in (agency.folder / "agency.toml").read_text(encoding="utf-8")
    assert "PCMA/8000" in checks["codecs"].measured("en")
    # claimed, settled, kept apart from the tests, and to be drawn as a ladder
    assert [one.outcome for one in claims(agency)] == ["answered"]
    assert not agency.database.exists()
    ladder = ladder_of(lines["good"].call.record.call_id, agency)
    assert [s.ring for s in ladder.sounds if s.sound == "ringback"][:3] == [1, 2, 3]


def test_what_was_proved_stays_proved_until_agency_toml_says_it(lines: dict[str, Examined]) -> None:
    agency, call = lines["good"].agency, lines["good"].call
    proof = kept.release_proof(agency, line="l0")
    assert proof is not None
    assert (proof.proved, proof.how, proof.call_id) == (True, "bye", call.record.call_id)
    claimed = '[[lines]]\nid = "l0"\nserver = "127.0.0.1:9"\nsignals_release = true\n'
    other = agency_at(agency.folder.parent / "later", "127.0.0.1:9", HANGS_UP)
    path = other.folder / "agency.toml"
    path.write_text(path.read_text(encoding="utf-8").split("[[lines]]")[0] + claimed, encoding="utf-8")
    states = []
    for proved in (None, False, True):
        if proved is not None:
            kept.keep(other, replace(proof, proved=proved, measured_at=f"2026-11-2{int(proved)}T00:00:00+08:00"))
        report = examine(load_agency(other.folder), Wish(wait_s=0.2), now=datetime.now(UTC))
        states.append(next(one.state for one in report.findings if one.check == "release"))
    assert states == [WARNING, WARNING, OK]


def test_an_analogue_trunk_is_proved_not_to_tell(lines: dict[str, Examined]) -> None:
    checks = lines["analogue"].checks
    assert (checks["release"].state, checks["release"].key) == (FAILED, "doctor.release_never")
    assert checks["release"].write == "signals_release = false"
    assert checks["tone_plan"].state == NOT_CHECKED  # 180 without sound
    proof = kept.release_proof(lines["analogue"].agency, line="l0")
    assert proof is not None
    assert proof.proved is False


def test_the_main_number_is_let_ring_twice(lines: dict[str, Examined]) -> None:
    one = lines["main"]
    assert (one.checks["call"].state, one.checks["call"].values["number"]) == (OK, SWITCHBOARD)
    assert one.checks["tone_plan"].state == one.checks["ringing_as"].state == OK
    assert len([s.ring for s in ladder_of(one.call.record.call_id, one.agency).sounds if s.ring]) <= 4


def test_one_way_audio(lines: dict[str, Examined]) -> None:
    checks = lines["mute"].checks
    assert (checks["audio_in"].state, checks["audio_in"].do) == (FAILED, "doctor.do_no_audio_in")
    # we sent, but a far end without RTCP proves nothing
    assert (checks["audio_out"].state, checks["audio_out"].key) == (NOT_CHECKED, "doctor.audio_no_reports")
    assert {one.name: one.value for one in checks["audio_out"].figures}["sent"] > 50
    assert checks["release"].key == "doctor.release_bye"


def test_an_internal_ring_gives_the_tester_away(lines: dict[str, Examined]) -> None:
    by_header, by_number = lines["internal"].checks, lines["inside"].checks
    assert (by_header["ringing_as"].state, by_header["call"].state) == (WARNING, OK)
    assert "urn:alert:source:internal" in by_header["ringing_as"].measured("en")
    assert by_number["ringing_as"].state == WARNING
    assert line_settings(lines["inside"].agency.line("l0")).state == WARNING
    assert line_settings(lines["good"].agency.line("l0")).state == OK


def test_codecs_that_nobody_takes(lines: dict[str, Examined]) -> None:
    checks = lines["no codec"].checks
    assert (checks["codecs"].state, checks["codecs"].values["status"]) == (FAILED, 488)
    assert checks["ringing_as"].state == checks["audio_in"].state == NOT_CHECKED
    assert checks["call"].state == FAILED
    assert checks["call"].write.startswith("thirdring ladder ")


def test_the_whole_examination_with_its_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with SipPeer(rings_and_is_busy) as peer:
        agency = agency_at(tmp_path / "agency", peer.address, NUMBER)
        status = run(["doctor", "--agency", str(agency.folder), "--call", "--test-number", NUMBER, "--json"])
        told = capsys.readouterr()
    report = json.loads(told.out)
    checks = [one["check"] for one in report["findings"]]
    assert status == report["exit_status"]
    assert len(set(checks)) == len(checks)  # each once: what the call told is not told again without it
    assert {"versions", "disk_room", "server", "registration", "call", "codecs", "nat", "release"} <= set(checks)
    assert "A telephone will ring there" in told.err
    assert (agency.folder / "doctor").is_dir()
    assert ladder_of(report["call_id"], agency).outcome == "busy"


# --- what keeps a call from being placed ----------------------------------------------------------------


def test_the_gate_is_asked_as_for_every_call(pbx: Pbx, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    agency = agency_at(tmp_path / "agency", pbx.address, HANGS_UP)
    asked = ["doctor", "--agency", str(agency.folder), "--call", "--json", "--test-number"]
    for number in ("119", "0227009999", "nobody"):
        assert run([*asked, number]) == 4
        told = json.loads(capsys.readouterr().out)
        assert (told["call_id"], told["exit_status"]) == (None, 4)
    assert claims(agency) == ()
    logged = (agency.folder / "refusals.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["asked"] for line in logged] == ["119", "0227009999", "nobody"]
    report, checks = examined(agency, None)  # no main number
    assert (report.exit_status, checks["call"].key) == (4, "doctor.call_refused")


def test_nothing_is_dialled_before_the_staff_were_told(pbx: Pbx, tmp_path: Path) -> None:
    agency = agency_at(tmp_path / "agency", pbx.address, HANGS_UP)
    path = agency.folder / "agency.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("recording_notice_date", "# "), encoding="utf-8")
    report, checks = examined(load_agency(agency.folder), HANGS_UP)
    assert report.exit_status == 4
    assert checks["notice"].state == WARNING
    assert claims(agency) == ()


def test_a_line_that_cannot_register_places_no_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCTORS_SECRET", "wrong")
    with RegistrarPeer() as peer:
        line = 'register = true\nuser = "1001"\nsecret_env = "DOCTORS_SECRET"\nfrom_uri = "sip:1001@127.0.0.1"\n'
        agency = agency_at(tmp_path / "agency", peer.address, NUMBER, line=line)
        report, checks = examined(agency, NUMBER)
        assert peer.dialogs == {}
    assert (checks["registration"].state, checks["call"].key) == (FAILED, "doctor.call_impossible")
    assert report.exit_status == 3


def test_without_call_a_test_number_is_only_told(pbx: Pbx, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    agency = agency_at(tmp_path / "agency", pbx.address, HANGS_UP)
    run(["doctor", "--agency", str(agency.folder), "--test-number", HANGS_UP, "--lang", "en"])
    assert "Nothing was dialled" in capsys.readouterr().err
    assert claims(agency) == ()


# --- tones and releases, in virtual time ----------------------------------------------------------------


def answered(ringing: np.ndarray, seconds: float) -> FarEnd:
    return FarEnd().says(0.1, 183).sounds_like(0.15, ringing).says(0.15 + seconds, 200)


def test_a_foreign_ringback_says_what_to_write(tmp_path: Path) -> None:
    agency = agency_at(tmp_path / "agency", "127.0.0.1:9", NUMBER, top='tone_plan = "us"\n')
    finding = tone_plan(scripted(agency, answered(tone("ringback", 20), 13.0).hangs_up(16.0)), agency)
    assert (finding.state, finding.write) == (WARNING, 'tone_plan = "tw"')
    assert "440+480 Hz" in finding.measured("en")


def test_an_exchange_s_own_ringback_says_how_to_learn_it(plain: Agency) -> None:
    t = np.arange(30 * RATE) / RATE
    own = ((np.sin(2 * np.pi * 700 * t) + np.sin(2 * np.pi * 900 * t)) * 4000 * (t % 2.3 < 0.6)).astype(np.int16)
    call = scripted(plain, answered(own, 15.0).hangs_up(18.0))
    finding = tone_plan(call, plain)
    assert (finding.state, finding.do) == (WARNING, "doctor.do_tones_own")
    words = finding.write.split()
    assert words[:2] == ["thirdring", "learn-tone"]
    assert run([*words[1:], "--agency", str(plain.folder)]) == 0


@pytest.mark.parametrize(("seconds", "state"), [(13.0, OK), (4.5, OK), (0.5, NOT_CHECKED)])
def test_the_agency_s_own_ringback(plain: Agency, seconds: float, state: str) -> None:
    finding = tone_plan(scripted(plain, answered(tone("ringback", 30), seconds).hangs_up(seconds + 2.0)), plain)
    assert finding.state == state


def hears(*parts: np.ndarray) -> FarEnd:
    return FarEnd().says(0.1, 180).says(1.0, 200).sounds_like(1.3, np.concatenate(parts))


@pytest.mark.parametrize(
    ("busy_s", "bye_s", "key"),
    [
        (None, 6.0, "doctor.release_bye"),
        (5.8, 6.0, "doctor.release_bye"),  # a BYE right behind the tone still tells
        (4.0, 40.0, "doctor.release_never"),
        (None, None, "doctor.release_ours"),
    ],
)
def test_what_a_release_proves(plain: Agency, busy_s: float | None, bye_s: float | None, key: str) -> None:
    spoken = voice()[: round(1.2 * RATE)]
    quiet = np.zeros(round(((busy_s or 4.0) - 1.3 - 1.2) * RATE), np.int16)
    far = hears(spoken, quiet, *([] if busy_s is None else [tone("busy", 30)]))
    call = scripted(plain, far if bye_s is None else far.hangs_up(bye_s))
    finding, fact = release(call, plain.settings.lines[0])
    assert finding.key == key
    assert finding.state == {True: WARNING, False: OK, None: NOT_CHECKED}[fact.proved if fact else None]
    assert (fact is None) == (key == "doctor.release_ours")


def test_a_busy_tone_long_before_the_bye_does_not_tell_who_hung_up(plain: Agency) -> None:
    t = hears(voice()[: round(1.2 * RATE)], np.zeros(RATE, np.int16), tone("busy", 30)).hangs_up(5.6)
    finding, fact = release(scripted(plain, t), plain.settings.lines[0])
    assert finding.key in ("doctor.release_late", "doctor.release_never")
    assert fact is not None
    assert fact.proved is False


# --- the bell -------------------------------------------------------------------------------------------


def spans(*pairs: tuple[float, float]) -> tuple[Interval, ...]:
    return tuple(Interval(a, b) for a, b in pairs)


def test_an_offset_is_what_every_ring_allows() -> None:
    rings = spans((1.0, 1.06), (4.0, 4.06))
    one = offset(rings, spans((0.2, 1.0)))
    assert one is not None
    assert (one.earliest, one.latest) == pytest.approx((0.0, 0.86))
    both = offset(rings, spans((0.2, 1.0), (3.7, 4.9)))
    assert both is not None
    assert (both.earliest, both.latest) == pytest.approx((0.0, 0.36))
    apart = offset(rings, spans((0.2, 0.3), (3.9, 3.95)))
    assert apart is not None
    assert apart.width > 0.7  # they contradict one another: all of them
    assert offset((), spans((0, 1))) is None
    assert offset(rings, ()) is None


def test_a_key_tells_when_the_bell_began_within_what_a_person_needs() -> None:
    keys: queue.Queue[str] = queue.Queue()
    with KeyBell(keys.get) as bell:
        rang_s = time.monotonic()
        keys.put("\n")
        while not bell.rang():
            time.sleep(0.005)
        pressed_s = time.monotonic()
        keys.put("\n")
        while len(bell.rang()) < 2:
            time.sleep(0.005)
        keys.put("")
    first, second = bell.rang()
    assert rang_s - 1.0 <= first.earliest < first.latest <= pressed_s - 0.1
    assert second.latest > first.latest + 0.2  # from the second on somebody may be ahead of it


class Told:
    """A bell that rang when the test says."""

    how = "key"

    def __init__(self, *rang: tuple[float, float]) -> None:
        self._rang = spans(*rang)

    def rang(self) -> tuple[Interval, ...]:
        return self._rang


def test_the_offset_of_a_call_is_kept_with_its_interval_and_printed_later(plain: Agency) -> None:
    call = scripted(plain, answered(tone("ringback", 30), 8.0).hangs_up(11.0))
    zero = call.record.zero_s
    finding, fact = bell_offset(call, Told((zero - 0.3, zero - 0.1), (zero + 2.5, zero + 2.95)))
    assert finding.state == OK
    assert fact is not None
    assert fact.interval_s is not None
    assert 0.17 + 0.2 in fact.interval_s  # the ringback at 0.17 s, the bell at −0.2
    kept.keep(plain, fact)
    again = kept.bell_offset(plain)
    assert again is not None
    assert again.interval_s is not None
    assert again.interval_s.earliest == pytest.approx(fact.interval_s.earliest, abs=1e-3)
    none, nothing = bell_offset(call, Told())
    assert (none.state, nothing) == (NOT_CHECKED, None)


def test_a_second_endpoint_is_the_bell_and_proves_the_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    delay_s, moments = 0.4, {}

    def through(peer: RegistrarPeer, dialog: Dialog) -> None:
        rtp = Rtp()
        moments["bell"] = peer.ring_bell()
        time.sleep(delay_s)
        moments["ringing"] = time.monotonic()
        peer.respond(dialog, 180, "Ringing")
        peer.bell_answered()
        peer.respond(dialog, 200, "OK", sdp_port=rtp.port)
        rtp.send(dialog.media, SILENT, 0.6)
        peer.bell_hung_up()
        peer.request(dialog, "BYE")
        rtp.close()

    monkeypatch.setenv("DOCTORS_SECRET", "right")
    with RegistrarPeer(through) as peer:
        agency = agency_at(tmp_path / "agency", peer.address, NUMBER)
        path = agency.folder / "agency.toml"
        second = (
            f'[[lines]]\nid = "bell"\nserver = "{peer.address}"\nbind = "127.0.0.1"\nregister = true\nuser = "1001"\n'
            'secret_env = "DOCTORS_SECRET"\nfrom_uri = "sip:1001@127.0.0.1"\n'
        )
        path.write_text(path.read_text(encoding="utf-8") + second, encoding="utf-8")
        agency = load_agency(agency.folder)
        line = softphone_line(agency.line("l0"), folder=agency.folder)
        with EndpointBell(agency.line("bell"), agency, ring_s=1.5, talk_s=0.8) as bell, WorkerPool(line) as phone:
            phone.warm_up()
            call = call_line(agency, phone, test_number=NUMBER, now=datetime.now(UTC))
        assert [up for _, _, up in peer.bindings] == [True, False]  # nobody is led to a telephone that is gone
    finding, fact = bell_offset(call, bell)
    assert fact is not None
    assert fact.interval_s is not None
    true_s = moments["ringing"] - moments["bell"]
    assert true_s in fact.interval_s.widened(0.02, 0.02)
    assert fact.how == "endpoint"
    assert finding.state == OK
    assert release(call, agency.line("l0"))[0].key == "doctor.release_bye"


def test_a_bell_that_cannot_register_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCTORS_SECRET", "wrong")
    with RegistrarPeer() as peer:
        line = 'register = true\nuser = "1001"\nsecret_env = "DOCTORS_SECRET"\nfrom_uri = "sip:1001@127.0.0.1"\n'
        agency = agency_at(tmp_path / "agency", peer.address, NUMBER, line=line)
        with pytest.raises(LineError) as caught, EndpointBell(agency.line("l0"), agency):
            pass
    assert "401" in str(caught.value) or "403" in str(caught.value)


def test_the_line_that_was_asked_for_is_the_one_that_is_called_on(pbx: Pbx, tmp_path: Path) -> None:
    agency = agency_at(tmp_path / "agency", pbx.address, HANGS_UP)
    path = agency.folder / "agency.toml"
    more = f'[[lines]]\nid = "other"\nserver = "{pbx.address}"\n'
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    report, checks = examined(load_agency(agency.folder), HANGS_UP, line="other")
    assert report.refused
    assert "l0" in checks["call"].measured("en")
    with pytest.raises(Refused):
        call_line(agency, ScriptedSoftphone({}), test_number="0227009999", now=NOW)


def test_the_offset_stands_on_the_score_sheet(plain: Agency) -> None:
    from harness.softphone.scripted import ScriptedSoftphone as Phone
    from harness.test_call import plan_call, run_call

    far = answered(tone("ringback", 30), 4.0).hangs_up(8.0)
    pages = []
    for number in range(2):
        test = run_call(plan_call(NUMBER, plain), plain, Phone({NUMBER: far}), now=NOW, call_id=f"call-{number}")
        assert test.page is not None
        pages.append(test.page.read_text(encoding="utf-8"))
        fact = kept.Fact(
            what=kept.BELL_OFFSET,
            line="l0",
            number=NUMBER,
            measured_at="2026-11-01T10:00:00+08:00",
            call_id="a",
            how="key",
            interval_s=Interval(-0.05, 0.4),
        )
        kept.keep(plain, fact)
    assert ["-0.05–+0.40 秒（2026-11-01 量）" in page for page in pages] == [False, True]
