"""Files as they are found: whole, cut off, stale, odd, empty, and not audio at all."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import soundfile

from dsp.audio import AudioError, read

SR = 8000
TONE = (8000 * np.sin(2 * np.pi * 440 * np.arange(SR) / SR)).astype(np.int16)


def wav(path, samples=TONE, rate=SR, subtype="PCM_16"):
    soundfile.write(path, samples, rate, subtype=subtype, format="WAV")
    return path


def patched(path, offset: int, value: int):
    data = bytearray(path.read_bytes())
    data[offset : offset + 4] = struct.pack("<I", value)
    path.write_bytes(data)
    return path


def test_wav_and_flac_are_the_same_sound(tmp_path):
    soundfile.write(tmp_path / "a.flac", TONE, SR)
    for audio in (read(wav(tmp_path / "a.wav")), read(tmp_path / "a.flac")):
        assert audio.sr == SR
        assert audio.samples.shape == (SR, 1)
        assert (audio.mono == TONE).all()


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_stale_length_is_taken_from_the_file(tmp_path, length):
    path = patched(patched(wav(tmp_path / "a.wav"), 40, length), 4, 0)
    assert (read(path).mono == TONE).all()


def test_a_writer_killed_in_mid_sample_loses_only_that(tmp_path):
    path = patched(wav(tmp_path / "a.wav"), 40, 0)
    path.write_bytes(path.read_bytes()[:-5])
    assert (read(path).mono == TONE[:-3]).all()


def test_stereo_keeps_its_channels(tmp_path):
    audio = read(wav(tmp_path / "a.wav", np.stack([TONE, -TONE], axis=1)))
    assert audio.samples.shape == (SR, 2)
    assert (audio.mono == TONE).all()


@pytest.mark.parametrize(
    ("rate", "heard"), [(11025, 8000), (12000, 8000), (22050, 16000), (44100, 16000), (48000, 16000)]
)
def test_odd_rates_are_converted(tmp_path, rate, heard):
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype(np.int16)
    audio = read(wav(tmp_path / "a.wav", tone, rate))
    assert audio.sr == heard
    assert abs(len(audio.samples) - heard) <= 2
    assert np.argmax(np.abs(np.fft.rfft(audio.mono[:heard]))) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("subtype", ["ALAW", "ULAW", "PCM_24", "FLOAT", "PCM_U8"])
def test_other_encodings_are_read(tmp_path, subtype):
    audio = read(wav(tmp_path / "a.wav", TONE, SR, subtype))
    assert np.abs(audio.mono.astype(int) - TONE).max() < 300


def test_a_flac_cut_short_gives_what_is_there(tmp_path):
    rng = np.random.default_rng(1)
    soundfile.write(tmp_path / "a.flac", rng.integers(-9000, 9000, 5 * SR).astype(np.int16), SR)
    data = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(data[: len(data) // 2])
    assert len(read(tmp_path / "a.flac").samples) > SR


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"hello, this is no sound", "not_audio"),
        (b"\x7fELF" + bytes(200), "not_audio"),
        (b"RIFF\x00\x00\x00\x00WAVE", "unreadable"),
        (b"fLaC" + bytes(100), "unreadable"),
    ],
)
def test_what_cannot_be_heard_says_why(tmp_path, content, why):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=r"a\.wav: ") as error:
        read(path)
    assert error.value.why_key == why


def test_a_header_without_samples_says_so(tmp_path):
    path = wav(tmp_path / "a.wav", TONE[:0])
    with pytest.raises(AudioError) as error:
        read(path)
    assert error.value.why_key == "no_samples"


def test_missing_files_and_folders(tmp_path):
    for path, why in ((tmp_path / "none.wav", "missing"), (tmp_path, "not_a_file")):
        with pytest.raises(AudioError) as error:
            read(path)
        assert error.value.why_key == why


@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_a_recording_of_floats_is_as_loud_as_its_samples_of_16_bits(tmp_path, subtype):
    as_floats = np.concatenate([TONE / 32768, [1.5, -1.5, np.nan, np.inf]])
    heard = read(wav(tmp_path / "a.wav", as_floats, subtype=subtype)).mono
    assert (heard[:SR] == TONE).all()
    assert heard[SR:].tolist() == [32767, -32768, 0, 32767]
