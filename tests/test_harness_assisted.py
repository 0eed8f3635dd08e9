"""A tester's own telephone beside the agency's call, on real SIP: an embedded agency and a desk telephone."""

from __future__ import annotations

import json
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile
from agency_folder import make_agency, with_patience
from desk_telephone import DeskTelephone as Telephone
from desk_telephone import Does, at_pitch

from harness.agency import Agency, load_agency
from harness.assisted import desk, silence
from harness.assisted.assist import assist
from harness.assisted.live_call import LiveCall
from harness.assisted.live_calls import CALLS, LiveCalls
from harness.assisted.state import LiveState
from harness.cli import main
from harness.errors import TesterNotReached
from harness.ledger import claims
from harness.planned_call import TestCall
from harness.softphone.growing_wav import write_wav
from harness.store import open_store
from harness.switchboard.script import load_script
from harness.switchboard.serve import EmbeddedAgency
from harness.telephones import Telephones
from harness.test_call import plan_call
from harness.tester_telephones import telephone_of
from harness.walk import taking_over

pytestmark = pytest.mark.waits

SCRIPT = Path(__file__).parent / "agency_scripts" / "assisted.toml"
ANSWERS, RINGS_ON, HANGS_UP = "0227000601", "0227000602", "0227000603"
WAIT_S = 60.0
WHO = "王小明"


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    log = tmp_path_factory.mktemp("truth") / "truth.jsonl"
    log.touch()
    with EmbeddedAgency(SCRIPT, truth=log) as embedded:
        yield {e.number: embedded.addresses[e.site] for e in load_script(SCRIPT).extension}


@dataclass
class Office:
    """An agency with one tester, and what came of a call."""

    agency: Agency
    telephone: Telephone
    calls: LiveCalls = field(default_factory=LiveCalls)

    def begin(self, number: str = ANSWERS, *, muted: bool = True) -> tuple[LiveCall, Future[tuple[TestCall, ...]]]:
        """Begin an assisted call in a thread of its own."""
        plan = plan_call(number, self.agency, by_tester=True)
        live = self.calls.begin(plan=plan, agency=self.agency, tester=WHO, muted=muted)
        done: Future[tuple[TestCall, ...]] = Future()

        def run() -> None:
            try:
                with Telephones() as telephones:
                    telephone = telephone_of(WHO, self.agency)
                    done.set_result(assist(plan, self.agency, telephones, telephone=telephone, live=live))
            except BaseException as error:
                traceback.print_exc()
                done.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        return live, done


@pytest.fixture
def office(addresses: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Office]:
    does: tuple[Does, ...] = getattr(request, "param", ("answers",))
    with Telephone(does) as telephone:
        folder = tmp_path / "agency"
        make_agency(folder, addresses)
        text = (folder / "agency.toml").read_text(encoding="utf-8")
        told = f'\n[[telephones]]\ntester = "{WHO}"\naddress = "{telephone.address}"\n'
        (folder / "agency.toml").write_text(
            text.replace("[hours]", 'call_back_number = "02-2700-0999"\n[hours]') + told
        )
        (folder / "sounds").mkdir()
        write_wav(
            folder / "sounds" / "courtesy.wav", (8000 * np.sin(np.arange(8000) * 2)).astype("i2"), sample_rate_hz=8000
        )
        yield Office(load_agency(folder), telephone)


def until(live: LiveCall, ready: Callable[[LiveState], object]) -> LiveState:
    """Wait for a state; the test fails when it does not come, or the call is over before."""
    end, state = time.monotonic() + WAIT_S, live.state()
    while not ready(state):
        assert time.monotonic() < end, state
        assert state.phase != "over", (state.outcome, state.sentence)
        state = live.wait(state.serial, 1.0) or live.state()
    return state


def test_the_tester_speaks_once_the_agency_has_picked_up_and_the_far_side_is_the_agencys_alone(office: Office) -> None:
    live, done = office.begin()
    until(live, lambda state: state.answered_s is not None)
    talks = until(live, lambda state: state.phase == "talks" and state.tester_is == "here")
    live.mark("unit_speaks", who=WHO)
    until(live, lambda state: state.marks and (state.now_s or 0) > (talks.now_s or 0) + 2.0)
    live.done(who=WHO)
    held = until(live, lambda state: state.phase == "holds")
    assert [one.what for one in held.countdowns] == ["stay_silent"]
    (test,) = done.result(WAIT_S)
    assert live.state().phase == "over"
    assert test.measured.outcome == "answered"
    assert [act.detail for act in test.record.acts if act.do == "tester"] == ["invited", "here", "done"]
    sound, _ = soundfile.read(office.agency.recordings / test.recording, dtype="int16")
    far, near = at_pitch(sound[:, 0]), at_pitch(sound[:, 1])
    handed = next(act.at_s for act in test.record.acts if act.do == "tester" and act.detail == "here")
    ended = next(act.at_s for act in test.record.acts if act.do == "tester" and act.detail == "done")
    loud = [n / 10 for n in range(len(near)) if near[n] > -20]
    assert handed - 0.2 <= loud[0] <= handed + 0.5  # muted before
    assert ended - 0.5 <= loud[-1] <= ended + 0.5  # and after
    talked = far[round(10 * handed) : round(10 * ended)]
    assert max(far) < -30  # a voice has a little of every pitch
    assert np.median(talked) < -60  # the tester's tone, at −12 dBFS all that time, has left nothing
    with open_store(office.agency.database) as store:
        marks = store.call_marks.of(test.record.call_id)
    assert ("unit_speaks", WHO) in [(mark["what"], mark["who"]) for mark in marks]


@pytest.mark.parametrize(
    ("office", "key"),
    [
        (("busy",), "telephone.busy"),
        (("refuses",), "telephone.refused"),
        (("rings",), "telephone.unanswered"),
    ],
    indirect=["office"],
)
def test_without_the_tester_nothing_is_dialled_and_nothing_claimed(
    office: Office, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if key == "telephone.unanswered":
        monkeypatch.setattr(desk, "RINGS_S", 2.0)  # the real 25 s are held in virtual time
    live, done = office.begin()
    with pytest.raises(TesterNotReached) as raised:
        done.result(WAIT_S)
    assert raised.value.key == key
    assert claims(office.agency) == ()
    assert (live.state().phase, live.state().outcome) == ("over", "tester_not_reached")
    assert office.telephone.rang == 1


def talking(live: LiveCall) -> LiveState:
    return until(live, lambda state: state.phase == "talks" and state.tester_is == "here" and state.answered_s)


def told(test: TestCall) -> list[str]:
    return [act.detail for act in test.record.acts if act.do == "tester"]


@pytest.mark.slow
@pytest.mark.parametrize("office", [("answers",), ("vanishes", "answers")], indirect=True)
def test_a_lost_telephone_is_rung_again_and_the_agencys_call_stays_up(office: Office) -> None:
    live, done = office.begin()
    talking(live)
    office.telephone.hangs_up.set()
    lost = until(live, lambda state: state.tester_is == "away")
    assert lost.signalling.startswith("200")
    until(live, lambda state: state.tester_is == "here")
    live.done(who=WHO)
    (test,) = done.result(WAIT_S)
    assert told(test) == ["invited", "here", "lost", "back", "done"]
    at = {act.detail: act.at_s for act in test.record.acts if act.do == "tester"}
    assert at["back"] - at["lost"] < taking_over.BACK_S
    assert (test.measured.outcome, test.record.fault, live.state().outcome) == ("answered", "", "answered")
    assert office.telephone.rang == 2


@pytest.mark.slow
@pytest.mark.parametrize("office", [("saves",)], indirect=True)
def test_a_telephone_that_saves_packets_while_nobody_speaks_is_there(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in (("DEAD_S", 0.5), ("ASK_S", 0.5)):  # the real ones are held in virtual time
        monkeypatch.setattr(silence, name, seconds)
    live, done = office.begin()
    talks = talking(live)
    office.telephone.hangs_up.set()
    until(live, lambda state: (state.now_s or 0) > (talks.now_s or 0) + 2 * silence.ANSWERS_S)
    assert live.state().tester_is == "here"
    office.telephone.hangs_up.clear()
    until(live, lambda state: (state.tester_dbfs or -99) > -30)  # and speaks again
    live.done(who=WHO)
    (test,) = done.result(WAIT_S)
    assert told(test) == ["invited", "here", "done"]
    assert office.telephone.rang == 1


@pytest.mark.slow
@pytest.mark.parametrize("office", [("answers", "busy")], indirect=True)
def test_where_no_tester_comes_back_a_sentence_says_so_and_the_outcome_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking_over, "BACK_S", 6.0)  # the real 20 s are held in virtual time
    live, done = office.begin()
    talking(live)
    office.telephone.hangs_up.set()
    until(live, lambda state: any(one.what == "tester_back" for one in state.countdowns))
    (test,) = done.result(WAIT_S)
    assert told(test) == ["invited", "here", "lost", "nobody"]
    assert [act.detail for act in test.record.acts if act.do == "said"] == ["courtesy"]
    assert test.measured.outcome == "answered"
    assert live.state().outcome == "tester_lost"
    assert office.telephone.rang >= 3  # rung again and again meanwhile


@pytest.mark.slow
def test_a_tester_who_hangs_up_while_it_rings_has_tested_nothing(office: Office) -> None:
    live, done = office.begin(RINGS_ON)
    until(live, lambda state: state.ring_onset_s is not None and (state.rings or 0) >= 2)
    live.hang_up(who=WHO)
    (test,) = done.result(WAIT_S)
    assert test.measured.outcome == "fault_ours"  # void: cut short by us is no unanswered call
    with open_store(office.agency.database) as store:
        assert "abandoned" in [mark["what"] for mark in store.call_marks.of(test.record.call_id)]
    assert [one.outcome for one in claims(office.agency)] == ["fault_ours"]


@pytest.mark.slow
def test_a_convener_listens_to_an_automated_call_and_takes_it_over(office: Office) -> None:
    placed: Future[TestCall] = Future()

    def place() -> None:
        with Telephones(several=True) as telephones:
            placed.set_result(
                telephones.place(
                    plan_call(ANSWERS, office.agency, scenario=with_patience(office.agency)), office.agency
                )
            )

    threading.Thread(target=place, daemon=True).start()
    live = wait_for_call()
    until(live, lambda state: state.answered_s is not None)
    live.listen(telephone_of(WHO, office.agency), who=WHO)
    until(live, lambda state: state.listeners == (WHO,) and office.telephone.answered)
    office.telephone.hangs_up.set()  # who only listens may put the handset down, and is not rung again
    until(live, lambda state: state.listeners == ())
    live.listen(telephone_of(WHO, office.agency), who=WHO)
    until(live, lambda state: state.listeners == (WHO,))
    live.take_over(who=WHO)
    until(live, lambda state: state.phase == "talks" and state.tester_is == "here")
    live.press("119", who=WHO)
    assert "119" in until(live, lambda state: state.refused).refused
    live.done(who=WHO)
    test = placed.result(WAIT_S)
    assert f"由 {WHO} 接手" in test.ending.sentence["zh"]
    done = [(act.do, act.detail, act.who) for act in test.record.acts if act.who]
    told = [what for what, _, _ in done if what in ("listens", "leaves", "takes_over")]
    assert told[:2] == ["listens", "leaves"]
    assert sorted(told[2:4]) == ["listens", "takes_over"]  # the handset is lifted before, or after
    assert office.telephone.rang == 2
    assert ("tester", "here", WHO) in done
    assert test.measured.outcome == "answered"
    sound, _ = soundfile.read(office.agency.recordings / test.recording, dtype="int16")
    assert max(at_pitch(sound[:, 1])) > -20 > max(at_pitch(sound[:, 0]))


@pytest.mark.slow
def test_the_command_line_places_an_assisted_call_and_tells_how_far_it_is(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--agency", str(office.agency.folder), "assist", f"u{HANGS_UP}", "--tester", WHO, "--json"])
    told = capsys.readouterr()
    assert left.value.code in (0, 1)
    (attempt,) = json.loads(told.out)["attempts"]
    assert attempt["measured"]["outcome"] == "answered"
    assert attempt["measured"]["first_release"] == "far"
    assert "響測試人員的話機" in told.err
    with pytest.raises(SystemExit) as left:
        main(["--agency", str(office.agency.folder), "assist", f"u{HANGS_UP}", "--tester", "nobody"])
    assert left.value.code == 2
    with pytest.raises(SystemExit) as left:
        main(["--agency", str(office.agency.folder), "assist", "119", "--tester", WHO])
    assert left.value.code == 4


def wait_for_call() -> LiveCall:
    end = time.monotonic() + WAIT_S
    while not CALLS.up():
        assert time.monotonic() < end
        time.sleep(0.02)
    return CALLS.up()[0]
