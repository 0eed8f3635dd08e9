"""The same walk on the real telephone: real SIP and RTP to an embedded agency, three calls at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
from agency_folder import leave_for, make_agency
from test_harness_walk import MARKS, Sitting, done, said_by_us

from dsp.tone_plan import load_plan
from harness.caller import place_call
from harness.record import CallRecord
from harness.scenario import load_scenario
from harness.softphone.line import Line
from harness.softphone.pool import WorkerPool
from harness.switchboard.script import load_script
from harness.switchboard.serve import EmbeddedAgency
from harness.walk.barge_in import CUT
from harness.walk.far_tester import Doing

pytestmark = pytest.mark.realtime

SCRIPT = Path(__file__).parent / "agency_scripts" / "menus.toml"
CALLS = {
    "0227000501": ("ivr-barge-in", MARKS, None),
    "0227000502": ("ivr-operator", (), None),
    "0227000503": ("tester-takes-over", (), Sitting(30, [Doing("mark", "unit_speaks"), Doing("done")])),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("walk")


@pytest.fixture(scope="module")
def placed(folder: Path) -> dict[str, CallRecord]:
    log = folder / "truth.jsonl"
    log.touch()
    script = load_script(SCRIPT)
    with EmbeddedAgency(SCRIPT, truth=log) as embedded, WorkerPool(Line(bind="127.0.0.1")) as pool:
        pool.warm_up()
        agency = make_agency(folder / "agency", {e.number: embedded.addresses[e.site] for e in script.extension})

        def one(number: str) -> CallRecord:
            name, marks, tester = CALLS[number]
            steps = load_scenario(name)
            return place_call(
                steps,
                pool,
                leave=leave_for(number, agency),
                call_id=number,
                folder=folder,
                plan=load_plan("tw"),
                started=datetime.now(UTC),
                sounds=said_by_us(steps),
                marks=marks,
                tester=tester,
            )

        with ThreadPoolExecutor(len(CALLS)) as threads:
            return dict(zip(CALLS, threads.map(one, CALLS), strict=True))


def test_a_key_pressed_into_the_menu_cuts_it(placed: dict[str, CallRecord]) -> None:
    record = placed["0227000501"]
    assert [verdict.split()[0] for verdict in done(record, "barge_in")] == [CUT]
    assert done(record, "effect") == ["ringback"]
    assert [(act.leg, act.detail) for act in record.acts if act.do == "answered"][-1] == ("operator", "answered")
    assert record.fault == ""


def test_a_menu_that_begins_again_voids_the_attempt(placed: dict[str, CallRecord]) -> None:
    record = placed["0227000502"]
    assert done(record, "effect") in (["repeated"], ["torn"])  # torn: by a machine with too much to do
    assert record.fault == "walk.digits_no_effect"


def test_a_tester_takes_over_and_the_silence_is_kept_behind(placed: dict[str, CallRecord]) -> None:
    record = placed["0227000503"]
    assert done(record, "tester") == ["invited", "here", "done"]
    assert done(record, "marked") == ["unit_speaks"]
    held, hung_up = (next(act.at_s for act in record.acts if act.do == one) for one in ("held", "hang_up"))
    assert hung_up - held >= 5.0


def test_nothing_was_said_where_a_tester_came_and_no_sound_is_left_over(
    placed: dict[str, CallRecord], folder: Path
) -> None:
    near, _ = soundfile.read(folder / placed["0227000503"].files["near"], dtype="int16")
    assert int(np.abs(near).max()) < 100
    assert list(folder.glob("*.say*")) == []
