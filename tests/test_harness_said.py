"""What we say to the far end: found and read before anything is dialled, whatever its format."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
from agency_folder import leave_for, make_agency

from dsp.bursts.dtmf import dtmf
from dsp.tone_plan import load_plan
from harness.agency import load_agency
from harness.caller import place_call
from harness.errors import LineError, Refused, ScenarioError
from harness.said import Sound, make_ready, said_sounds
from harness.scenario import load_scenario
from harness.softphone.growing_wav import GrowingWav
from harness.softphone.scripted import FarEnd, ScriptedSoftphone
from harness.synthesiser import installed

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


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_a_sound_with_tones_of_keys_is_refused_and_nothing_is_dialled(tmp_path: Path, rate: int) -> None:
    rng = np.random.default_rng(rate)
    sound = 0.02 * rng.standard_normal(3 * rate)
    keys = dtmf("9110", sr=rate)
    sound[rate : rate + len(keys)] += keys
    soundfile.write(tmp_path / "hello.flac", sound, rate)
    with pytest.raises(ScenarioError, match=r"第 3 步.*hello\.flac.*(0.9|1.0)\d 秒.* 9"):
        place(tmp_path)
    with pytest.raises(Refused, match="press"):
        make_ready(tmp_path / "hello.flac", tmp_path / "b.wav", sample_rate_hz=8000)
    assert not (tmp_path / "b.wav").exists()


# --- a synthesiser --------------------------------------------------------------------------------------


@pytest.fixture
def synthesiser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of the synthesiser's name that says half a second of something, and writes down what it was asked."""
    soundfile.write(tmp_path / "voice.wav", 0.9 * np.sin(np.arange(11025) / 5), 22050)
    program = tmp_path / "bin" / "espeak-ng"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nfor a in "$@"; do echo "$a"; done > {tmp_path}/asked\ncat {tmp_path}/voice.wav\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return program


def test_a_text_is_read_out_at_the_level_of_a_telephone(synthesiser: Path, tmp_path: Path) -> None:
    assert installed()
    ready = make_ready(Sound(name="x", text="請轉服務台"), tmp_path / "ready.wav", sample_rate_hz=8000)
    samples = GrowingWav(ready).more().astype(np.float64) / 32768
    assert len(samples) == pytest.approx(4000, abs=4)
    assert 20 * np.log10(np.sqrt(np.mean(samples**2))) == pytest.approx(-20.0, abs=0.5)
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert asked[:2] == ["-v", "cmn"]
    assert asked[-1] == "請轉服務台"


@pytest.mark.parametrize("says", ["exit 1", "echo not a sound"])
def test_a_synthesiser_that_fails_is_told_and_nothing_is_dialled(synthesiser: Path, tmp_path: Path, says: str) -> None:
    synthesiser.write_text(f"#!/bin/sh\n{says}\n")
    phone = ScriptedSoftphone({NUMBER: FarEnd().says(0.1, 180)})
    text = SCENARIO.replace('file = "hello.flac"', 'text = "您好"')
    (tmp_path / "says-hello.toml").write_text(text, encoding="utf-8")
    with pytest.raises(LineError, match="espeak-ng"):
        place_call(
            load_scenario(str(tmp_path / "says-hello.toml")),
            phone,
            leave=leave_for(NUMBER, make_agency(tmp_path / "agency", {NUMBER: "127.0.0.1:5060"})),
            call_id="said",
            folder=tmp_path,
            plan=load_plan("tw"),
            started=datetime(2026, 11, 22, tzinfo=UTC),
        )
    assert phone.dialled == []
    assert not list(tmp_path.glob("*.say*"))


def test_the_agency_s_own_courtesy_comes_before_everything(tmp_path: Path) -> None:
    agency = make_agency(tmp_path, {NUMBER: "127.0.0.1:5060"})
    for name in ("own.wav", "sounds/courtesy.flac"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, np.ones(800, np.int16), 8000)
    scenario = load_scenario("automated-courtesy")
    said = said_sounds(scenario, agency=agency, unit=agency.units[0])
    assert {sound.path for sound in said.values()} == {tmp_path / "sounds" / "courtesy.flac"}
    text = (tmp_path / "agency.toml").read_text(encoding="utf-8")
    (tmp_path / "agency.toml").write_text('courtesy = "own.wav"\n' + text, encoding="utf-8")
    said = said_sounds(scenario, agency=load_agency(tmp_path), unit=agency.units[0])
    assert {sound.path for sound in said.values()} == {tmp_path / "own.wav"}
    (tmp_path / "own.wav").unlink()
    with pytest.raises(ScenarioError, match=r"own\.wav"):
        said_sounds(scenario, agency=load_agency(tmp_path), unit=agency.units[0])
