"""`thirdring listen` and `learn-tone`: plans by name, file and ear, pictures, and files that are no call."""

import json
import struct
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from dsp_calls import SR, quiet, voice, with_noise

from dsp import synthesis as syn
from dsp.listen import listen
from dsp.listening import to_dict
from dsp.tone_plan import load_plan, parse_tone
from harness.cli.hear import leg_row
from harness.cli.program import run
from harness.errors import WrongInput
from harness.hearing import find_plan, hear, verdict
from harness.plot.bar import bar_lines
from harness.plot.call_chart import call_svg
from harness.plot.rings import numbered_rings
from harness.words import BOTH, use_language

PBX = "350+450/800,0/300,350+450/800,0/2600"


@pytest.fixture(autouse=True)
def _both_languages():
    yield
    use_language(BOTH)


def samples(tone, answered_after=7.4, lead_s=1.0):
    ringing = syn.cadence(tone, answered_after, sr=SR, level_dbfs=-20)
    return with_noise(np.concatenate([quiet(lead_s), ringing, quiet(0.5), voice("wei-nin-hao"), quiet(1)]))


def call_file(path, tone=None, answered_after=7.4, **options):
    soundfile.write(path, samples(tone or load_plan("tw").ringback, answered_after), SR, **options)
    return path


def listened(capsys, *arguments):
    """What `listen --json` says, and its exit status."""
    status = run(["listen", *map(str, arguments), "--json"])
    return status, json.loads(capsys.readouterr().out)


def leg_of(told):
    (leg,) = told["legs"]
    return leg["outcome"], leg["rings"]


# --- tone plans ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("country", "rings"), [("tw", 5), ("uk", 5), ("de", 3)])
def test_auto_finds_the_plan(tmp_path, capsys, country, rings):
    file = call_file(tmp_path / "call.wav", load_plan(country).ringback, 12.4)
    status, told = listened(capsys, file, "--tone-plan", "auto")
    assert (status, leg_of(told)) == (int(rings > 3), ("answered", rings))
    assert load_plan(told["tone_plan"]).cadence == load_plan(country).cadence


@pytest.mark.parametrize("text", ["400/1500,0/2500", PBX, "425*20/1000,0/3000"])
def test_an_exchanges_own_ringback_is_learnt_and_used(tmp_path, capsys, text):
    tone = parse_tone(text)
    lesson, call = tmp_path / "lesson.wav", tmp_path / "call.wav"
    call_file(lesson, tone, 18)
    call_file(call, tone, 9.5)
    agency = ["--agency", str(tmp_path)]
    assert run(["learn-tone", str(lesson), "--name", "our-pbx", "--json", *agency]) == 0
    learnt = json.loads(capsys.readouterr().out)
    assert learnt["file"] == str(tmp_path / "tones" / "our-pbx.toml")
    for plan in ("our-pbx", learnt["file"]):
        status, told = listened(capsys, call, "--tone-plan", plan, *agency)
        assert leg_of(told) == ("answered", int(9.5 // tone.period_s) + 1)
        assert (status, told["tone_plan"]) == (0, "our-pbx")
    assert find_plan("our-pbx", agency_folder=tmp_path).ringback.frequencies_hz == tone.frequencies_hz


def test_a_learnt_plan_is_replaced_only_when_asked(tmp_path, capsys):
    lesson = str(call_file(tmp_path / "lesson.wav", parse_tone(PBX), 18))
    learn = ["learn-tone", lesson, "--name", "our-pbx", "--agency", str(tmp_path)]
    assert [run(learn), run(learn), run([*learn, "--replace"])] == [0, 2, 0]
    assert "--replace" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["tw", "gb", "auto", "Our PBX", "../up", "", "-x", "總機"])
def test_names_that_a_plan_cannot_have(tmp_path, capsys, name):
    lesson = call_file(tmp_path / "lesson.wav")
    assert run(["learn-tone", str(lesson), f"--name={name}", "--agency", str(tmp_path)]) == 2
    assert "音頻方案" in capsys.readouterr().err
    assert not (tmp_path / "tones").exists()


def test_what_does_not_ring_teaches_nothing(tmp_path, capsys):
    soundfile.write(tmp_path / "talk.wav", with_noise(np.concatenate([voice("hello"), quiet(2)])), SR)
    assert run(["learn-tone", str(tmp_path / "talk.wav"), "--name", "x", "--agency", str(tmp_path)]) == 2
    assert run(["learn-tone", str(tmp_path / "none.wav"), "--name", "x", "--agency", str(tmp_path)]) == 2
    lesson = call_file(tmp_path / "lesson.wav")
    assert run(["learn-tone", str(lesson), "--name", "x", "--agency", str(tmp_path / "nowhere")]) == 2


@pytest.mark.parametrize(
    "text", ["", "a = 1", "[x]\nringback = 5", "[x]\ntitle = ''", "[x", "[x]\ntitle=''\nsource=''\nringback='440'"]
)
def test_a_plan_that_is_written_wrong(tmp_path, capsys, text):
    (tmp_path / "tones").mkdir()
    plan = tmp_path / "tones" / "own.toml"
    plan.write_text(text, encoding="utf-8")
    for name in (str(plan), "own"):
        with pytest.raises(WrongInput) as raised:
            find_plan(name, agency_folder=tmp_path)
        assert raised.value.key == "ear.bad_plan"


def test_a_plan_that_there_is_not_tells_the_agencys_own(tmp_path):
    (tmp_path / "tones").mkdir()
    (tmp_path / "tones" / "our-pbx.toml").touch()
    with pytest.raises(WrongInput, match="our-pbx, tw"):
        find_plan("atlantis", agency_folder=tmp_path)
    with pytest.raises(WrongInput):
        find_plan(str(tmp_path / "nothing.toml"))


# --- files that are odd, or no call -------------------------------------------------------------------------


def stale_header(path):
    data = bytearray(call_file(path).read_bytes())
    data[4:8] = data[40:44] = struct.pack("<I", 0)
    path.write_bytes(data)


def cut_flac(path):
    whole = call_file(path, format="FLAC").read_bytes()
    path.write_bytes(whole[: len(whole) * 9 // 10])


def at_rate(rate):
    def write(path):
        wave = samples(load_plan("tw").ringback).astype(np.float64)
        soundfile.write(path, np.repeat(wave, rate // SR).astype(np.int16), rate)

    return write


def stereo(path):
    far = samples(load_plan("tw").ringback)
    soundfile.write(path, np.stack([far, np.zeros_like(far)], axis=1), SR)


ODD = {
    "stale header": stale_header,
    "cut short": lambda path: path.write_bytes(call_file(path).read_bytes()[:-2001]),
    "cut FLAC": cut_flac,
    "FLAC under another name": lambda path: call_file(path, format="FLAC"),
    "16 kHz": at_rate(16000),
    "48 kHz": at_rate(48000),
    "stereo": stereo,
    "µ-law": lambda path: call_file(path, subtype="ULAW"),
    "float": lambda path: call_file(path, subtype="FLOAT"),
    "24 bits": lambda path: call_file(path, subtype="PCM_24"),
}


@pytest.mark.parametrize("kind", sorted(ODD))
def test_an_odd_file_is_heard_all_the_same(tmp_path, capsys, kind):
    ODD[kind](tmp_path / "call.wav")
    status, told = listened(capsys, tmp_path / "call.wav")
    assert (status, leg_of(told)) == (0, ("answered", 3))


HEAD = b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00"
WRONG = {
    "empty": b"",
    "text": b"hello, this is no sound",
    "one byte": b"R",
    "RIFF and no more": b"RIFF",
    "no format": b"RIFF\x04\x00\x00\x00WAVE",
    "no data": HEAD + struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16),
    "no samples": HEAD + struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16) + b"data\0\0\0\0",
    "no channels": HEAD + struct.pack("<HHIIHH", 1, 0, 8000, 16000, 2, 16) + b"data\4\0\0\0abcd",
    "rate 0": HEAD + struct.pack("<HHIIHH", 1, 1, 0, 0, 2, 16) + b"data\4\0\0\0abcd",
    "rate 300": HEAD + struct.pack("<HHIIHH", 1, 1, 300, 600, 2, 16) + b"data\4\0\0\0abcd",
    "rate 4 GHz": HEAD + struct.pack("<HHIIHH", 1, 1, 2**32 - 1, 0, 2, 16) + b"data\4\0\0\0abcd",
    "unknown encoding": HEAD + struct.pack("<HHIIHH", 0x7777, 1, 8000, 16000, 2, 16) + b"data\4\0\0\0abcd",
    "FLAC's name only": b"fLaC",
    "FLAC and rubbish": b"fLaC" + bytes(range(256)) * 8,
    "MP3": b"ID3\x03" + bytes(500),
    "zeros": bytes(5000),
}


@pytest.mark.parametrize("kind", sorted(WRONG))
def test_a_file_that_cannot_be_heard_is_one_clear_error(tmp_path, capsys, kind):
    (tmp_path / "bad.wav").write_bytes(WRONG[kind])
    assert run(["listen", str(tmp_path / "bad.wav"), "--plot", str(tmp_path / "bad.svg")]) == 2
    told = capsys.readouterr()
    assert (told.out, "bad.wav" in told.err, "Traceback" in told.err) == ("", True, False)
    assert [any("一" <= one <= "鿿" for one in line) for line in told.err.splitlines()] == [True, False]
    assert not (tmp_path / "bad.svg").exists()


@pytest.mark.parametrize("n", [1, 2, 79, 160, 8000])
def test_a_very_short_file_is_heard(tmp_path, capsys, n):
    soundfile.write(tmp_path / "short.wav", np.full(n, 3, np.int16), SR)
    status, told = listened(capsys, tmp_path / "short.wav", "--tone-plan", "auto", "--plot", tmp_path / "short.svg")
    assert (status, told["legs"]) == (0, [])
    assert (tmp_path / "short.svg").exists()
    assert run(["listen", str(tmp_path / "short.wav")]) == 0


# --- what a person sees -------------------------------------------------------------------------------------


def test_the_bar_shows_every_sound_in_its_place():
    heard = listen(samples(load_plan("tw").ringback), sr=SR, plan=load_plan("tw"))
    seconds, rings, sounds, pick_up, _, legend = bar_lines(heard, columns=100)
    assert seconds.split()[2:] == ["0", "2", "4", "6", "8", "10"]
    at = {number: rings.rindex(number) for number in "123"}
    assert all(sounds[at[number]] == "#" for number in "123")
    assert at["2"] - at["1"] == at["3"] - at["2"] == 15
    assert sounds.index("~") > pick_up.rindex("]" if "]" in pick_up else "^") - 2
    assert "# 回鈴音 ringback" in legend


@pytest.mark.parametrize("seconds", [0.01, 5, 60, 1200])
def test_no_line_is_longer_than_the_terminal(seconds):
    heard = listen(with_noise(quiet(seconds)), sr=SR, plan=load_plan("tw"))
    for columns in (20, 40, 80, 200):
        *lines, legend = bar_lines(heard, columns=columns)
        assert legend.startswith(". ")
        # The heading of a line is in Chinese: its letters are two columns wide.
        assert max(len(line) + sum("一" <= one <= "鿿" for one in line) for line in lines) <= max(columns, 40)


def test_two_bursts_of_one_ring_share_a_number():
    heard = listen(samples(load_plan("uk").ringback, 9.5), sr=SR, plan=load_plan("uk"))
    assert [ring.number for ring in numbered_rings(heard)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("outcome", "rings", "latency", "told"),
    [
        ("answered", 3, (8.0, 8.9), "met"),
        ("answered", 4, (9.3, 9.4), "met"),
        ("answered", 4, (9.9, 10.2), "unsure"),
        ("answered", 4, (10.1, 11.9), "not_met"),
        ("no_answer", 9, None, "not_met"),
        ("busy", 0, None, None),
        ("none", 0, None, None),
    ],
)
def test_the_verdict_on_a_leg(outcome, rings, latency, told):
    span = latency and dict(zip(("earliest", "latest"), latency, strict=True))
    assert verdict({"outcome": outcome, "rings": rings, "answer_latency_s": span}) == told


@pytest.mark.parametrize(
    ("fewest", "most", "latency", "told"),
    [
        (2, 3, (8.0, 12.0), "met"),
        (3, 4, (9.0, 12.0), "unsure"),
        (3, 4, (10.5, 12.0), "unsure"),
        (4, 5, (10.5, 12.0), "not_met"),
        (4, 5, (9.0, 9.9), "met"),
    ],
)
def test_rings_that_are_known_between_two_counts_are_judged_by_both(fewest, most, latency, told):
    span = dict(zip(("earliest", "latest"), latency, strict=True))
    open_count = {"rings": None, "rings_at_least": fewest, "rings_at_most": most}
    assert verdict({"outcome": "answered", **open_count, "answer_latency_s": span}) == told


def test_an_open_count_of_rings_says_both_its_ends():
    heard = listen(samples(load_plan("tw").ringback, 9.4), sr=SR, plan=load_plan("tw"))
    open_count = replace(heard, legs=(replace(heard.legs[0], more_rings=1),))
    (told,) = to_dict(open_count, file="call.wav")["legs"]
    assert (told["rings"], told["rings_at_least"], told["rings_at_most"]) == (None, 4, 5)
    assert leg_row(1, told)[2] == "4–5"


def test_a_person_reads_rings_and_verdict(tmp_path, capsys):
    assert run(["listen", str(call_file(tmp_path / "call.wav"))]) == 0
    told = capsys.readouterr().out
    assert "三聲或十秒內接聽：是" in told
    assert run(["listen", str(call_file(tmp_path / "late.wav", answered_after=13.3)), "--lang", "en"]) == 1
    assert "seconds: no" in capsys.readouterr().out


# --- the picture --------------------------------------------------------------------------------------------


def texts_of(svg):
    return [one.text for one in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text") if one.text]


def test_the_picture_tells_all(tmp_path):
    heard = hear(call_file(tmp_path / "call.wav"), tone_plan="tw")
    svg = call_svg(heard)
    texts = texts_of(svg)
    assert {"1", "2", "3"} <= set(texts)
    for part in ("電話錄音", "Recorded call", "call.wav", "接起 picked up", "滿 3 聲 3 rings over", "波形 waveform"):
        assert any(part in one for one in texts), part
    assert "data:image/png;base64," in svg
    assert "人聲 speech" in texts


def test_the_limits_stand_where_the_rules_end(tmp_path):
    svg = texts_of(call_svg(hear(call_file(tmp_path / "late.wav", answered_after=13.3), tone_plan="tw")))
    over = [one for one in svg if "over" in one]
    assert over == ["滿 3 聲 3 rings over", "滿 10 秒 10 s over", "滿 4 聲 4 rings over"]


@pytest.mark.parametrize(("lang", "word"), [("zh", "波形"), ("en", "waveform")])
def test_the_picture_speaks_one_language_where_asked(tmp_path, capsys, lang, word):
    file, drawn = call_file(tmp_path / "call.wav"), tmp_path / "call.svg"
    assert run(["listen", str(file), "--plot", str(drawn), "--lang", lang]) == 0
    assert word in texts_of(drawn.read_text(encoding="utf-8"))
    assert str(drawn) in capsys.readouterr().out


def test_a_picture_that_cannot_be_drawn(tmp_path, capsys, monkeypatch):
    file = str(call_file(tmp_path / "call.wav"))
    assert run(["listen", file, "--plot", str(tmp_path / "call.png")]) == 2
    assert run(["listen", file, "--plot", str(tmp_path / "nowhere" / "call.svg")]) == 3
    monkeypatch.setitem(__import__("sys").modules, "altair", None)
    monkeypatch.delitem(__import__("sys").modules, "harness.plot.call_chart")
    assert run(["listen", file, "--plot", str(tmp_path / "call.svg")]) == 3
    assert "thirdring[plot]" in capsys.readouterr().err
