"""A tester's telephone and a switchboard that are both not ours: baresip beside a call to Asterisk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
import soundfile
from agency_folder import make_agency
from baresip import Baresip
from desk_telephone import TONE_HZ, at_pitch
from pbx import Asterisk, asterisk  # noqa: F401 - a fixture
from peers import need
from test_harness_assisted import WAIT_S, WHO, until

from harness.agency import Agency, load_agency
from harness.assisted.assist import assist
from harness.assisted.live_call import LiveCall
from harness.assisted.live_calls import LiveCalls
from harness.planned_call import TestCall
from harness.softphone.growing_wav import write_wav
from harness.telephones import Telephones
from harness.test_call import plan_call
from harness.tester_telephones import telephone_of

pytestmark = [pytest.mark.slow, pytest.mark.realtime]
NUMBER = "0227120120"
"""Asterisk's situation 12: 180, after 1.2 s somebody answers and stays."""
TONE = (0.25 * 32767 * np.sin(2 * np.pi * TONE_HZ * np.arange(8000 * 120) / 8000)).astype(np.int16)


@pytest.fixture
def telephone(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Baresip]:
    need("baresip", request)
    with Baresip(tmp_path / "baresip", TONE, number="wang") as running:
        yield running


@pytest.fixture
def agency(asterisk: Asterisk, telephone: Baresip, tmp_path: Path) -> Agency:  # noqa: F811
    folder = tmp_path / "agency"
    make_agency(folder, {NUMBER: asterisk.address})
    text = (folder / "agency.toml").read_text(encoding="utf-8")
    text += f'[[telephones]]\ntester = "{WHO}"\naddress = "sip:wang@{telephone.address}"\n'
    (folder / "agency.toml").write_text(text, encoding="utf-8")
    (folder / "sounds").mkdir()
    write_wav(folder / "sounds" / "courtesy.wav", TONE[:4000], sample_rate_hz=8000)
    return load_agency(folder)


def begin(agency: Agency) -> tuple[LiveCall, Future[tuple[TestCall, ...]]]:
    plan = plan_call(NUMBER, agency, by_tester=True)
    live, done = LiveCalls().begin(plan=plan, agency=agency, tester=WHO), Future[tuple[TestCall, ...]]()

    def run() -> None:
        try:
            with Telephones() as telephones:
                done.set_result(assist(plan, agency, telephones, telephone=telephone_of(WHO, agency), live=live))
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return live, done


def test_a_conversation_over_two_telephones_that_are_not_ours(agency: Agency, telephone: Baresip) -> None:
    live, done = begin(agency)
    telephone.wait_for("CALL_INCOMING")
    telephone.do("accept")
    talks = until(live, lambda state: state.phase == "talks" and state.tester_is == "here" and state.answered_s)
    assert talks.signalling.startswith("200")
    until(live, lambda state: (state.now_s or 0.0) > (talks.now_s or 0.0) + 2.0)
    live.done(who=WHO)
    (test,) = done.result(WAIT_S)
    assert (test.measured.outcome, test.record.fault) == ("answered", "")
    sound, _ = soundfile.read(agency.recordings / test.recording, dtype="int16")
    assert max(at_pitch(sound[:, 1])) > -25 > max(at_pitch(sound[:, 0]))


def test_a_telephone_that_dies_without_a_word_is_noticed_and_the_agency_is_not_hung_up_on(
    agency: Agency, telephone: Baresip
) -> None:
    live, done = begin(agency)
    telephone.wait_for("CALL_INCOMING")
    telephone.do("accept")
    until(live, lambda state: state.phase == "talks" and state.tester_is == "here")
    telephone._process.kill()
    away = until(live, lambda state: state.tester_is == "away")
    assert away.signalling.startswith("200")
    live.hang_up(who=WHO)
    (test,) = done.result(WAIT_S)
    assert [act.detail for act in test.record.acts if act.do == "tester"] == ["invited", "here", "lost", "done"]
    assert (test.measured.outcome, test.record.fault) == ("answered", "")
