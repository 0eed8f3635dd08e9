"""What commands change stands among the changes, beside what the pages changed."""

from __future__ import annotations

from pathlib import Path

import soundfile
from kept_calls import agency_with_units
from test_harness_hearing import PBX, call_file

from dsp.tone_plan import parse_tone
from harness.cli.program import run
from harness.recording import sha256
from harness.store import open_store
from harness.switchboard.sound import prompt
from harness.web.pages.changes import KINDS


def test_a_form_and_a_tone_plan_that_were_made_at_the_terminal_stand_among_the_changes(
    tmp_path: Path,
) -> None:
    folder = agency_with_units(tmp_path / "agency").folder
    asked, lesson = ["--agency", str(folder)], call_file(tmp_path / "lesson.wav", parse_tone(PBX), 18)
    assert run(["form", "new", "own-115", "--from", "boft", *asked]) == 0
    assert run(["learn-tone", str(lesson), "--name", "our-pbx", *asked]) == 0
    with open_store(folder / "thirdring.db") as store:
        tone, form = store.log.named(*KINDS)
    assert (form["what"], form["detail"]) == ("form_copied", {"form": "own-115", "like": "boft"})
    assert (tone["what"], tone["detail"]["plan"]) == ("tone_learnt", "our-pbx")
    assert form["who"].endswith("(thirdring form new)")


def test_a_mark_that_was_made_at_the_terminal_stands_there_with_its_files_hash(tmp_path: Path) -> None:
    folder, menu = agency_with_units(tmp_path / "agency").folder, tmp_path / "menu.wav"
    soundfile.write(menu, prompt("ivr-menu", 8000), 8000)
    mark = ["prompt", "mark", str(menu), "--at", "2", "--name", "key-9", "--agency", str(folder)]
    for more in ([], ["--kind", "closed_hours", "--replace"]):
        assert run([*mark, *more]) == 0
        with open_store(folder / "thirdring.db") as store:
            newest = store.log.named(*KINDS)[0]
        kept = {"name": "key-9", "at_s": 2.0, "sha256": sha256(folder / "prompts" / "key-9.json")}
        assert (newest["what"], newest["detail"]) == ("prompt_marked", kept)
        assert newest["who"].endswith("(thirdring prompt mark)")


def test_a_folder_that_is_no_agency_gets_no_database(tmp_path: Path) -> None:
    lesson = call_file(tmp_path / "lesson.wav", parse_tone(PBX), 18)
    assert run(["learn-tone", str(lesson), "--name", "our-pbx", "--agency", str(tmp_path)]) == 0
    assert not (tmp_path / "thirdring.db").exists()
