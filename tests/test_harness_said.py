"""What we say to the far end: found and read before anything is dialled, whatever its format."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
from agency_folder import leave_for, make_agency

from dsp.tone_plan import load_plan
from harness.caller import place_call
from harness.errors import ScenarioError
from harness.said import make_ready
from harness.scenario import load_scenario
from harness.softphone.growing_wav import GrowingWav
from harness.softphone.scripted import FarEnd, ScriptedSoftphone

NUMBER = "0227000601"
SCENARIO = """name = "says-hello"
[title]
zh = "打招呼"
en = "Says hello"
[[steps]]
do = "dial"
[[steps]]
do = "wait_for_answer"
[[steps]]
do = "say"
file = "hello.flac"
[[steps]]
do = "hang_up"
"""


def place(folder: Path) -> tuple[ScriptedSoftphone, list[str]]:
    (folder / "says-hello.toml").write_text(SCENARIO, encoding="utf-8")
    phone = ScriptedSoftphone({NUMBER: FarEnd().says(0.1, 180).says(1.0, 200)})
    record = place_call(
        load_scenario(str(folder / "says-hello.toml")),
        phone,
        leave=leave_for(NUMBER, make_agency(folder / "agency", {NUMBER: "127.0.0.1:5060"})),
        call_id="said",
        folder=folder,
        plan=load_plan("tw"),
        started=datetime(2026, 11, 22, tzinfo=UTC),
    )
    return phone, [s.reason for s in record.signals if s.kind == "play"]


def test_a_sound_beside_the_scenario_is_played_and_leaves_nothing_behind(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "hello.flac", np.zeros(4410, np.int16), 44100)
    _, played = place(tmp_path)
    assert played == ["said.say3.wav"]
    assert not list(tmp_path.glob("*.say*"))


@pytest.mark.parametrize("content", [None, b"", b"not a sound at all"])
def test_a_sound_that_cannot_be_read_is_refused_and_nothing_is_dialled(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "hello.flac").write_bytes(content)
    with pytest.raises(ScenarioError, match=r"第 3 步.*hello\.flac"):
        place(tmp_path)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
def test_any_rate_becomes_the_lines_rate_and_lasts_as_long(tmp_path: Path, rate: int) -> None:
    t = np.arange(rate) / rate
    soundfile.write(tmp_path / "a.wav", 0.3 * np.sin(2 * np.pi * 440 * t), rate)
    ready = make_ready(tmp_path / "a.wav", tmp_path / "b.wav", sample_rate_hz=8000)
    assert len(GrowingWav(ready).more()) == pytest.approx(8000, abs=2)
