"""A unit that calls back hears a sentence and is logged; every other incoming call is refused; on real SIP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from agency_folder import leave_for, make_agency
from hypothesis import given
from hypothesis import strategies as st

from harness.agency import Agency, load_agency
from harness.callback import CALLBACKS
from harness.callback.attend import Attending, attending, numbers_of
from harness.callback.desk import QUIET_S, CallBack, Desk, Limits, caller_of
from harness.callback.sentence import sentence_of
from harness.errors import NotFound, Refused
from harness.softphone.growing_wav import write_wav
from harness.softphone.line import Line
from harness.softphone.message import parse_message
from harness.softphone.pool import WorkerPool
from harness.softphone.real_call import RealCall
from harness.softphone.signals import MEDIA, RELEASED, RESPONSE, SipSignal

pytestmark = pytest.mark.waits

TEST_NUMBER, OTHER = "0227001999", "0227001000"
RATE = 8000
SENTENCE_S = 0.6


# --- the desk alone, in virtual time ------------------------------------------------------------------------


class Telephone:
    """Notes what the desk does."""

    def __init__(self) -> None:
        self.did: list[tuple[str, str, object]] = []

    def answer(self, leg_id: str, status: int) -> None:
        self.did.append(("answer", leg_id, status))

    def play(self, leg_id: str, wav: Path) -> None:
        self.did.append(("play", leg_id, wav.name))

    def hang_up(self, leg_id: str) -> None:
        self.did.append(("hang_up", leg_id, None))


def invite(called: str = TEST_NUMBER, *headers: str) -> str:
    return "\r\n".join([f"INVITE sip:{called}@127.0.0.1 SIP/2.0", "CSeq: 1 INVITE", *headers, "", ""])


def desk(numbers: frozenset[str] = frozenset({TEST_NUMBER}), **limits: float) -> tuple[Desk, Telephone, list[CallBack]]:
    telephone, told = Telephone(), list[CallBack]()
    made = Desk(
        telephone,
        line="main",
        numbers=numbers,
        sentence=Path("call-back.wav"),
        sentence_s=4.0,
        tell=told.append,
        limits=replace(Limits(), **limits),
    )
    return made, telephone, told


def signal(kind: str, direction: str = "own", status: int = 0) -> SipSignal:
    return SipSignal(earliest_s=0.0, latest_s=0.0, kind=kind, direction=direction, status=status)


def test_a_call_back_is_answered_told_the_sentence_and_ended() -> None:
    one, telephone, told = desk()
    one.came("in-1", parse_message(invite(TEST_NUMBER, "From: <sip:02-2700-1234@pbx>;tag=1")), now_s=0.0)
    one.take("in-1", signal(MEDIA, status=1), now_s=0.1)
    for tenth in range(60):
        one.turn(now_s=tenth / 10)
    one.take("in-1", signal(RELEASED, "tx"), now_s=5.0)
    assert telephone.did == [("answer", "in-1", 200), ("play", "in-1", "call-back.wav"), ("hang_up", "in-1", None)]
    assert [(c.caller, c.called, c.status, c.duration_s, c.released_by) for c in told] == [
        ("0227001234", TEST_NUMBER, 200, 5.0, "near")
    ]
    assert one.calls_up == ()


def test_a_call_without_sound_is_ended_too() -> None:
    one, telephone, _ = desk(longest_s=10.0)
    one.came("in-1", parse_message(invite()), now_s=0.0)
    for second in range(20):
        one.turn(now_s=float(second))
    assert telephone.did == [("answer", "in-1", 200), ("hang_up", "in-1", None)]


@pytest.mark.parametrize("called", ["110", "0227001998", "", "anonymous", "0227001999x", "thirdring"])
def test_what_is_not_called_by_the_test_number_is_refused_and_told(called: str) -> None:
    one, telephone, told = desk()
    one.came("in-1", parse_message(invite(called)), now_s=0.0)
    assert telephone.did == [("answer", "in-1", 404)]
    assert [(c.status, c.duration_s) for c in told] == [(404, 0.0)]


def test_whoever_scans_the_network_fills_no_disk() -> None:
    one, telephone, told = desk(told_per_hour=5)
    for n in range(50):
        one.came(f"in-{n}", parse_message(invite("100")), now_s=float(n))
    assert (len(telephone.did), len(told)) == (50, 5)
    one.came("later", parse_message(invite("100")), now_s=3700.0)
    assert len(told) == 6


def test_without_a_test_number_everything_is_refused() -> None:
    one, telephone, told = desk(frozenset())
    for n, called in enumerate([TEST_NUMBER, "", "thirdring"]):
        one.came(f"in-{n}", parse_message(invite(called)), now_s=0.0)
    assert {status for _, _, status in telephone.did} == {403}
    assert len(told) == 3


@given(st.lists(st.tuples(st.sampled_from(["came", "gone", "media"]), st.floats(0, 900)), max_size=60))
def test_never_more_at_once_nor_in_an_hour_nor_longer_than_allowed(events: list[tuple[str, float]]) -> None:
    one, telephone, told = desk(at_once=2, per_hour=5, longest_s=30.0)
    now, came, answered_s = 0.0, 0, dict[str, float]()
    for what, later_s in events:
        now += later_s
        one.turn(now_s=now)
        for leg in [leg for leg in one.calls_up if ("hang_up", leg, None) in telephone.did]:
            one.take(leg, signal(RELEASED, "tx"), now_s=now)
        if what == "came":
            came += 1
            one.came(f"in-{came}", parse_message(invite()), now_s=now)
            if telephone.did[-1] == ("answer", f"in-{came}", 200):
                answered_s[f"in-{came}"] = now
        elif one.calls_up:
            kind = MEDIA if what == "media" else RELEASED
            one.take(one.calls_up[0], signal(kind, "rx", 1), now_s=now)
        assert len(one.calls_up) <= 2
        assert sum(at > now - 3600 for at in answered_s.values()) <= 5
        assert all(now - answered_s[leg] < 30 + later_s for leg in one.calls_up)
    assert len(told) == came - len(one.calls_up)


@pytest.mark.parametrize(
    ("headers", "caller"),
    [
        (['From: "x" <sip:+886-2-2700-1234@pbx>;tag=1'], "0227001234"),
        (["From: <sip:anonymous@anonymous.invalid>;tag=1", "P-Asserted-Identity: <tel:0227001234>"], "0227001234"),
        (["From: sip:301@pbx;tag=1"], "301"),
        ([], ""),
        (["From: " + "x" * 500], "x" * 80),
        (["From: <sip:a\x1b[2Jb@c>"], "<sip:a?[2Jb@c>"),
    ],
)
def test_who_called(headers: list[str], caller: str) -> None:
    assert caller_of(parse_message(invite(TEST_NUMBER, *headers))) == caller


def test_quiet_lasts_less_than_a_caller_would_wait() -> None:
    assert 0 < QUIET_S < 1


# --- on real SIP --------------------------------------------------------------------------------------------


def an_agency(folder: Path, number: str = TEST_NUMBER) -> Agency:
    folder.mkdir(parents=True, exist_ok=True)
    given = f'call_back_number = "{number}"\n' if number else ""
    line = '[[lines]]\nid = "main"\nbind = "127.0.0.1"\nfrom_uri = "sip:27001234@127.0.0.1"\n'
    (folder / "agency.toml").write_text(f'name = "測試機關"\n{given}{line}', encoding="utf-8")
    (folder / "sounds").mkdir(exist_ok=True)
    beep = (8000 * np.sin(np.arange(round(SENTENCE_S * RATE)) * 0.6)).astype(np.int16)
    write_wav(folder / "sounds" / "call-back.wav", beep, sample_rate_hz=RATE)
    return load_agency(folder)


@pytest.fixture(scope="module")
def caller() -> Iterator[WorkerPool]:
    with WorkerPool(Line(bind="127.0.0.1", from_uri="sip:0227001234@127.0.0.1"), most_calls=4) as pool:
        pool.warm_up()
        yield pool


def dialled(pool: WorkerPool, port: int, folder: Path, name: str, number: str = TEST_NUMBER) -> RealCall:
    agency = make_agency(folder / f"calling-{name}", {number: f"127.0.0.1:{port}"})
    return pool.dial(leave_for(number, agency), call_id=name, folder=folder, headers={})


def until_over(call: RealCall, most_s: float = 20.0) -> list[SipSignal]:
    signals, end = list[SipSignal](), time.monotonic() + most_s
    while not call.over and time.monotonic() < end:
        signals += call.advance(0.2)
    return signals + list(call.advance(0))


def collected(taking: Attending, wanted: int) -> list[CallBack]:
    """The calls as they are told, up to so many; the pipe is read on a thread of its own."""
    found = list[CallBack]()

    def read() -> None:
        for call in taking.calls():
            found.append(call)
            if len(found) == wanted:
                return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(20.0)
    return found


def answered(call: RealCall, most_s: float = 20.0) -> int:
    """Let time pass until the call has its final response; 0 when none came."""
    signals, end = list[SipSignal](), time.monotonic() + most_s
    while not final(signals) and time.monotonic() < end:
        signals += call.advance(0.2)
    return final(signals)


def final(signals: list[SipSignal]) -> int:
    return next((s.status for s in signals if s.kind == RESPONSE and s.method == "INVITE" and s.status >= 200), 0)


def test_a_unit_that_calls_back_hears_the_sentence(tmp_path: Path, caller: WorkerPool) -> None:
    agency = an_agency(tmp_path / "agency")
    with attending(agency) as taking:
        call = dialled(caller, taking.port, tmp_path, "back")
        signals = until_over(call)
        recording = call.finish()
        (told,) = collected(taking, 1)
    assert final(signals) == 200
    assert next(s.direction for s in signals if s.kind == RELEASED) == "rx"
    heard = np.frombuffer(recording.far.read_bytes()[44:], "<i2")
    loud = np.count_nonzero(np.abs(heard.astype(int)) > 1000) / RATE
    assert loud == pytest.approx(SENTENCE_S, abs=0.35)
    assert (told.caller, told.called, told.status, told.released_by) == ("0227001234", TEST_NUMBER, 200, "near")
    (line,) = (agency.folder / CALLBACKS).read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == told.to_dict()


def test_other_calls_are_refused_and_a_third_at_once_finds_it_engaged(tmp_path: Path, caller: WorkerPool) -> None:
    with ExitStack() as stack:
        taking = stack.enter_context(attending(an_agency(tmp_path / "agency"), limits=Limits(at_once=1)))
        other = dialled(caller, taking.port, tmp_path, "other", OTHER)
        first = dialled(caller, taking.port, tmp_path, "first")
        assert answered(first) == 200
        second = dialled(caller, taking.port, tmp_path, "second")
        assert final(until_over(second)) == 486
        assert final(until_over(other)) == 404
        until_over(first)
        for call in (first, second, other):
            call.finish()
        assert sorted(call.status for call in collected(taking, 3)) == [200, 404, 486]


def test_without_a_test_number_a_real_call_is_forbidden(tmp_path: Path, caller: WorkerPool) -> None:
    agency = an_agency(tmp_path / "agency", number="")
    with attending(agency) as taking:
        call = dialled(caller, taking.port, tmp_path, "none")
        assert final(until_over(call)) == 403
        call.finish()
        assert [one.status for one in collected(taking, 1)] == [403]


def test_a_registration_that_fails_is_told(tmp_path: Path) -> None:
    agency = an_agency(tmp_path / "agency")
    gone = agency.settings.lines[0].model_copy(
        update={"server": "127.0.0.1:9", "transport": "tcp", "register_": True, "user": "u"}
    )
    agency = replace(agency, settings=agency.settings.model_copy(update={"lines": (gone,)}))
    told = threading.Event()
    with attending(agency) as taking:
        reader = threading.Thread(target=lambda: list(taking.calls(unregistered=lambda *_: told.set())), daemon=True)
        reader.start()
        assert told.wait(30.0)
    reader.join(10.0)


def test_who_ends_the_attending_ends_the_calls(tmp_path: Path, caller: WorkerPool) -> None:
    agency = an_agency(tmp_path / "agency")
    with attending(agency) as taking:
        call = dialled(caller, taking.port, tmp_path, "left")
        assert answered(call) == 200
    assert any(s.kind == RELEASED and s.direction == "rx" for s in until_over(call))
    call.finish()


# --- what the agency says -----------------------------------------------------------------------------------


def test_the_test_number_is_an_ordinary_one(tmp_path: Path) -> None:
    agency = an_agency(tmp_path / "a", number="02-2700-1999")
    assert numbers_of(agency, agency.line()) == {TEST_NUMBER, "27001234"}
    assert numbers_of(an_agency(tmp_path / "b", number=""), agency.line()) == frozenset()
    for number in ("110", "0110", "call me", "0204123456"):
        with pytest.raises(Refused):
            numbers_of(an_agency(tmp_path / "c", number=number), agency.line())


def test_a_sentence_that_is_nowhere_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agency = an_agency(tmp_path / "agency")
    assert sentence_of(agency).path == agency.folder / "sounds" / "call-back.wav"
    (agency.folder / "sounds" / "call-back.wav").unlink()
    monkeypatch.setattr("harness.callback.sentence.installed", lambda: True)
    assert "測試機關" in sentence_of(agency).text
    monkeypatch.setattr("harness.callback.sentence.installed", lambda: False)
    with pytest.raises(NotFound) as caught:
        sentence_of(agency)
    assert "sounds/call-back.wav" in str(caught.value)
