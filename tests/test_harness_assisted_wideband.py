"""Assisted calls in G.722 (16 kHz): the agency, the tester's desk telephone, and a browser."""

from __future__ import annotations

import asyncio
import functools
import threading
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
import soundfile
from agency_folder import leave_for, make_agency
from browser_sounds import Caller, Page, heard_share, speak, talk, telephone_of, until
from desk_telephone import at_pitch
from test_harness_assisted import WAIT_S, WHO
from test_harness_assisted import until as shown

from harness.agency import Agency, load_agency
from harness.assisted.assist import assist
from harness.assisted.browser.telephone import UP
from harness.assisted.live_calls import LiveCalls
from harness.assisted.phone import _line_of
from harness.number_gate import permit_telephone
from harness.planned_call import TestCall
from harness.softphone.growing_wav import GrowingWav, write_wav
from harness.softphone.line import Line
from harness.softphone.pool import WorkerPool
from harness.softphone.signals import MEDIA
from harness.switchboard.serve import EmbeddedAgency
from harness.telephones import Telephones
from harness.test_call import plan_call
from harness.tester_telephones import loopback_telephone
from harness.tester_telephones import telephone_of as desk_of_tester

pytestmark = [pytest.mark.slow, pytest.mark.realtime]
NUMBER, DESK, WIDE_HZ = "0227000601", "7001", 16000
BUSY_HZ = 480.0
"""One of the two pitches that the desk telephone sends (Taiwan's busy tone); nobody's voice stays on it."""
CODECS = '["G722/16000", "PCMA/8000"]'
SCRIPT = """
title = "wide band"
[[site]]
id = "agency"
port = 0
codecs = ["G722/16000"]
[[site]]
id = "desks"
port = 0
codecs = ["G722/16000"]
[[extension]]
number = "0227000601"
site = "agency"
steps = [
  { do = "ring" }, { do = "wait", seconds = 0.5 }, { do = "answer", leg = "unit" },
  { do = "play", parts = [{ prompt = "greeting-unit" }, { silence_s = 60.0 }], noise_dbfs = -50 },
  { do = "wait_release", at_most_s = 120 },
]
[[extension]]
number = "7001"
site = "desks"
steps = [
  { do = "ring" }, { do = "answer", leg = "unit" },
  { do = "play", parts = [{ tone = "busy", seconds = 60.0 }] },
  { do = "wait_release", at_most_s = 120 },
]
"""


@pytest.fixture
def agency(tmp_path: Path) -> object:
    log = tmp_path / "truth.jsonl"
    log.touch()
    (tmp_path / "script.toml").write_text(SCRIPT, encoding="utf-8")
    with EmbeddedAgency(tmp_path / "script.toml", truth=log) as embedded:
        folder = tmp_path / "agency"
        make_agency(folder, {NUMBER: embedded.addresses["agency"]})
        text = (folder / "agency.toml").read_text(encoding="utf-8")
        text = text.replace("[[lines]]", f"[[lines]]\ncodecs = {CODECS}")
        text += f'\n[[telephones]]\ntester = "{WHO}"\naddress = "sip:{DESK}@{embedded.addresses["desks"]}"\n'
        (folder / "agency.toml").write_text(text, encoding="utf-8")
        (folder / "sounds").mkdir()
        write_wav(folder / "sounds" / "courtesy.wav", np.full(800, 99, np.int16), sample_rate_hz=8000)
        yield load_agency(folder)


def test_a_conversation_in_wide_band_is_heard_and_kept_as_such(agency: Agency) -> None:
    plan = plan_call(NUMBER, agency, by_tester=True)
    live, done = LiveCalls().begin(plan=plan, agency=agency, tester=WHO), Future[tuple[TestCall, ...]]()

    def run() -> None:
        try:
            with Telephones() as telephones:
                telephone = desk_of_tester(WHO, agency)
                done.set_result(assist(plan, agency, telephones, telephone=telephone, live=live))
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    talks = shown(live, lambda state: state.phase == "talks" and state.tester_is == "here" and state.answered_s)
    shown(live, lambda state: (state.now_s or 0.0) > (talks.now_s or 0.0) + 3.0)
    live.done(who=WHO)
    live.hang_up(who=WHO)
    (test,) = done.result(WAIT_S)
    assert (test.measured.outcome, test.record.fault) == ("answered", "")
    assert next(one.reason for one in test.record.signals if one.kind == MEDIA) == "G722"
    sound, rate = soundfile.read(agency.recordings / test.recording, dtype="int16")
    assert rate == WIDE_HZ
    handed = next(act.at_s for act in test.record.acts if act.do == "tester" and act.detail == "here")
    during = sound[round((handed + 1) * WIDE_HZ) : round((handed + 2.5) * WIDE_HZ)]
    far, near = (np.percentile(at_pitch(side[::2], BUSY_HZ), 75) for side in during.T)  # it sounds half of the time
    assert near > max(-30.0, far + 10.0)  # the tester's tone stands on our side alone


@pytest.mark.parametrize(
    "codecs",
    [("G722/16000", "PCMA/8000"), ("G722/16000",), ("PCMA/8000", "G722/16000")],
    ids=["wide first", "wide alone", "wide last"],
)
def test_a_browser_speaks_and_hears_in_wide_band_where_the_line_has_it(codecs: tuple[str, ...], tmp_path: Path) -> None:
    ours, theirs = talk(1.5, 1, rate=WIDE_HZ), talk(1.5, 2, rate=WIDE_HZ)
    write_wav(tmp_path / "theirs.wav", theirs, sample_rate_hz=WIDE_HZ)

    async def conversation(caller: Caller) -> None:
        async with telephone_of("wide") as telephone:
            page = Page()
            telephone.attach(page)
            ours_now = loopback_telephone(WHO, telephone.address)
            unit = leave_for("0227000301", caller.agency)
            leave = permit_telephone(ours_now, caller.agency, beside=unit, now=unit.issued_at)
            line = _line_of(ours_now, caller.agency, caller.pool)
            how = {"call_id": "wide", "folder": tmp_path, "headers": {}, "line": line}
            call = await asyncio.to_thread(lambda: caller.pool.dial(leave, **how))
            await until(lambda: telephone.state == UP, "nobody answered")
            assert page.told[-1] == {"event": "up", "sample_rate_hz": WIDE_HZ}
            await asyncio.to_thread(call.play, tmp_path / "theirs.wav")
            await speak(telephone, page, ours)

            def came() -> np.ndarray:
                return GrowingWav(call.far).more().astype(float)

            share = functools.partial(heard_share, rate=WIDE_HZ)
            await until(lambda: share(theirs, page.samples()) > 0.7, "what they said did not come")
            await until(lambda: share(ours, came()) > 0.7, "what was said did not come")
            for said, heard in ((theirs, page.samples()), (ours, came())):
                assert above_4_khz(heard) == pytest.approx(above_4_khz(said), abs=3.0)
            await asyncio.to_thread(call.finish)

    with WorkerPool(Line(bind="127.0.0.1", codecs=codecs)) as pool:
        asyncio.run(conversation(Caller(pool, tmp_path)))


def above_4_khz(samples: np.ndarray) -> float:
    """How loud 4.5 to 6 kHz are beside 1 to 3 kHz, in dB: no line of 8 kHz can carry any of it."""
    power = np.abs(np.fft.rfft(samples.astype(float))) ** 2
    pitch = np.fft.rfftfreq(len(samples), 1 / WIDE_HZ)
    high, low = (power[(pitch > a) & (pitch < b)].sum() for a, b in ((4500, 6000), (1000, 3000)))
    return float(10 * np.log10(high / low + 1e-12))
