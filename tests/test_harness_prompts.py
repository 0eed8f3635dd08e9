"""A prompt marked once is found in every later call, and what follows from it: the operator's key, recordings known."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
import soundfile
from agency_folder import HEAD

from dsp import synthesis as syn
from harness.agency import load_agency
from harness.cli.program import run
from harness.errors import NotFound, WrongInput
from harness.prompts.marking import mark_prompt
from harness.prompts.marks import load_marks
from harness.softphone.growing_wav import write_wav
from harness.softphone.scripted import FarEnd, ScriptedSoftphone
from harness.store import open_store
from harness.switchboard import sound
from harness.test_call import plan_call, run_call

RATE = 8000
NOW = datetime(2026, 3, 4, 2, 30, tzinfo=UTC)
ANSWER_S = 4.4
MENU_S = ANSWER_S + 0.4
KEY_S = 3.0
"""Where in the menu the operator's key has been said."""


def prompt(name):
    return sound.to_pcm(sound.prompt(name, RATE))


def tone(seconds):
    return sound.to_pcm(sound.tone("ringback", seconds, sample_rate_hz=RATE))


def quiet(seconds):
    return np.zeros(round(seconds * RATE), np.int16)


def menu(recorded=None, *, operator="greeting-operator", then="greeting-unit"):
    """A switchboard that answers with a menu; 9 rings the operator, who transfers."""
    said = prompt("ivr-menu") if recorded is None else recorded
    behind = np.concatenate([quiet(0.5), tone(4.5), quiet(0.5), prompt(operator), quiet(2.5), tone(1.4), prompt(then)])
    ringing = FarEnd().says(0.1, 183).sounds_like(0.15, tone(60)).says(ANSWER_S, 200)
    return ringing.sounds_like(ANSWER_S, np.concatenate([quiet(0.4), said])).after("9", FarEnd().sounds_like(0, behind))


@pytest.fixture
def agency(tmp_path):
    folder = tmp_path / "agency"
    folder.mkdir()
    sites = '[[sites]]\nid = "{}"\nname = "{}"\nswitchboard = "{}"\nhas_ivr = true\n'
    lines = '[[lines]]\nid = "main"\nserver = "127.0.0.1:5060"\nbind = "127.0.0.1"\n'
    text = HEAD + sites.format("hq", "本部", "500") + sites.format("east", "東區", "600") + lines
    (folder / "agency.toml").write_text(text, encoding="utf-8")
    rows = "tax,稅務課,,21,hq\npark,公園課,,22,east\n"
    (folder / "units.csv").write_text("unit,name,number,extension,site\n" + rows, encoding="utf-8")
    (folder / "sounds").mkdir()  # what is said to an operator: no synthesiser is needed
    write_wav(folder / "sounds" / "put-through.wav", prompt("greeting-operator"), sample_rate_hz=RATE)
    return load_agency(folder)


def placed(agency, far, unit="tax", number="500"):
    plan = plan_call(unit, agency, scenario="ivr-operator-extension")
    return run_call(plan, agency, ScriptedSoftphone({number: far}), now=NOW)


def marked(agency, target, at_s, **more):
    usual = {"name": "key-9", "what": "operator", "site": None}
    return mark_prompt(str(target), agency_folder=agency.folder, at_s=at_s, **(usual | more))[0]


def menu_starts_s(test):
    """Where the menu begins in a call's recording, by the truth of the scripted far end."""
    answered = next(s for s in test.record.signals if s.status == 200)
    return answered.latest_s + 0.4


def measured(test):
    return test.to_dict()["measured"]


def test_a_mark_made_in_one_call_is_found_in_the_next(agency):
    first = placed(agency, menu())
    assert (measured(first)["prompts"], measured(first)["operator_code_s"]) == ([], None)
    place_s = menu_starts_s(first) + KEY_S
    made = marked(agency, first.record.call_id, place_s)
    assert (made.site, made.after_voice_s) == ("hq", pytest.approx(KEY_S, abs=0.15))
    second = placed(agency, menu())
    (found,) = measured(second)["prompts"]
    assert (found["status"], found["place_s"]) == ("heard", pytest.approx(menu_starts_s(second) + KEY_S, abs=0.05))
    span = measured(second)["operator_code_s"]
    assert span["earliest"] <= 0.4 + KEY_S <= span["latest"]
    assert span["latest"] - span["earliest"] < 0.2
    assert [e.what for e in second.timeline.events if e.source == "prompt"] == ["operator heard"]
    with open_store(agency.database) as store:
        assert store.get_call(second.record.call_id)["measured"]["operator_code_s"] == span


@pytest.mark.parametrize("coded", ["a", pytest.param("GSM610", marks=pytest.mark.slow), "G721_32"])
def test_codec_gain_and_loss_do_not_matter(agency, coded):
    first = placed(agency, menu())
    marked(agency, first.record.call_id, menu_starts_s(first) + KEY_S)
    wave = prompt("ivr-menu").astype(np.float32) / 32768 * 0.4
    wave = syn.g711(wave, law="a") if coded == "a" else syn.adpcm(wave, subtype=coded)
    lossy, _ = syn.lose_packets(wave, sr=RATE, share=0.05, rng=np.random.default_rng(3))
    later = placed(agency, menu(syn.to_int16(lossy)))
    (found,) = measured(later)["prompts"]
    assert found["place_s"] == pytest.approx(menu_starts_s(later) + KEY_S, abs=0.05)


def test_a_prompt_recorded_anew_is_reported(agency, capsys):
    first = placed(agency, menu())
    marked(agency, first.record.call_id, menu_starts_s(first) + KEY_S)
    anew = np.concatenate([prompt("lunch-notice"), prompt("courtesy-caller")])
    later = placed(agency, menu(anew))
    (found,) = measured(later)["prompts"]
    assert (found["status"], found["at_s"], measured(later)["operator_code_s"]) == ("changed", None, None)
    assert "ear.prompt_changed" in measured(later)["problems"]
    assert run(["show", later.record.call_id, "--agency", str(agency.folder)]) == 0
    assert "prompt changed" in capsys.readouterr().out


def test_a_call_that_did_not_come_so_far_says_nothing_of_the_prompt(agency):
    first = placed(agency, menu())
    marked(agency, first.record.call_id, menu_starts_s(first) + KEY_S)
    busy = placed(agency, FarEnd().says(0.1, 180).says(0.2, 486))
    assert [one["status"] for one in measured(busy)["prompts"]] == ["not_heard"]
    assert "ear.prompt_changed" not in measured(busy)["problems"]


def test_a_mark_belongs_to_its_site(agency):
    first = placed(agency, menu())
    marked(agency, first.record.call_id, menu_starts_s(first) + KEY_S)
    assert measured(placed(agency, menu(), "park", "600"))["prompts"] == []
    marked(agency, first.record.call_id, menu_starts_s(first) + KEY_S, name="both", site="east")
    assert len(measured(placed(agency, menu(), "park", "600"))["prompts"]) == 1


def test_the_menu_after_the_choice_of_a_language(agency):
    first = placed(agency, menu())
    begun = menu_starts_s(first)
    marked(agency, first.record.call_id, begun + KEY_S)
    marked(agency, first.record.call_id, begun + 1.2, name="menu", what="menu")
    span = measured(placed(agency, menu()))["operator_code_after_menu_s"]
    assert span["earliest"] <= KEY_S - 1.2 <= span["latest"]


def test_a_recording_heard_before_is_known_for_one(agency):
    first = placed(agency, menu(operator="operator-busy"))
    assert first.facts["legs"]["operator"].get("answerer") is None
    words = next(leg for leg in first.measured.legs if leg.leg == "operator").voice_onset_s.middle
    marked(agency, first.record.call_id, words + 2.0, name="all-busy", what="end")
    again = placed(agency, menu(operator="operator-busy"))
    assert again.facts["legs"]["operator"]["answerer"] == "recording"
    legs = {leg["leg"]: leg for leg in measured(again)["legs"]}
    assert (legs["operator"]["answerer"], legs["operator"]["provisional"]) == ("recording", False)
    assert legs["unit"]["answerer"] is None
    assert "ear.recording_answered" in measured(again)["problems"]
    person = placed(agency, menu())
    assert person.facts["legs"]["operator"].get("answerer") is None


def test_show_and_rehear_find_the_mark_in_calls_made_before_it(agency, capsys):
    first = placed(agency, menu())
    call_id = first.record.call_id
    marked(agency, call_id, menu_starts_s(first) + KEY_S)
    assert run(["show", call_id, "--json", "--agency", str(agency.folder)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["prompts"][0]["status"] == "heard"
    assert shown["operator_code_s"]["earliest"] <= 0.4 + KEY_S <= shown["operator_code_s"]["latest"]
    assert any(one["source"] == "prompt" for one in shown["timeline"])
    assert run(["rehear", call_id, "--json", "--agency", str(agency.folder)]) == 0
    (told,) = json.loads(capsys.readouterr().out)["calls"]
    assert "operator_code_s" in [one["what"] for one in told["numbers"]]


def test_a_mark_is_made_in_a_file_too(agency, tmp_path, capsys):
    file = tmp_path / "menu.wav"
    soundfile.write(file, np.concatenate([quiet(1.0), prompt("ivr-menu")]), RATE)
    mark = ["prompt", "mark", str(file), "--at", str(1 + KEY_S), "--name", "key-9", "--what", "operator"]
    assert run([*mark, "--agency", str(agency.folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["site"], told["after_voice_s"]) == ("", pytest.approx(KEY_S, abs=0.15))
    assert [one["status"] for one in measured(placed(agency, menu()))["prompts"]] == ["heard"]
    assert run([*mark, "--agency", str(agency.folder)]) == 2
    assert run([*mark, "--agency", str(agency.folder), "--replace"]) == 0
    assert run(["prompt", "list", "--agency", str(agency.folder)]) == 0
    assert "key-9" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("at_s", "more"),
    [(-1.0, {}), (99.0, {}), (2.0, {"name": "Key 9"}), (2.0, {"name": ""}), (2.0, {"site": "moon"})],
)
def test_marks_that_cannot_be(agency, tmp_path, at_s, more):
    soundfile.write(tmp_path / "menu.wav", prompt("ivr-menu"), RATE)
    with pytest.raises(WrongInput):
        marked(agency, tmp_path / "menu.wav", at_s, **more)
    assert load_marks(agency.folder) == ()


def test_silence_is_no_prompt(agency, tmp_path):
    soundfile.write(tmp_path / "quiet.wav", quiet(5), RATE)
    with pytest.raises(WrongInput):
        marked(agency, tmp_path / "quiet.wav", 2.0)


def test_a_call_that_there_is_not_and_one_without_sound(agency):
    with pytest.raises(NotFound):
        marked(agency, "nothing", 1.0)
    first = placed(agency, menu())
    first.recording.unlink()
    with pytest.raises(NotFound):
        marked(agency, first.record.call_id, 1.0)


def test_a_mark_that_cannot_be_read_is_told(agency):
    (agency.folder / "prompts").mkdir()
    (agency.folder / "prompts" / "a.json").write_text('{"name": "a"}', encoding="utf-8")
    with pytest.raises(WrongInput):
        load_marks(agency.folder)
