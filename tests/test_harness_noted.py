"""What commands change stands among the changes, beside what the pages changed."""

from __future__ import annotations

from pathlib import Path

from kept_calls import agency_with_units
from test_harness_hearing import PBX, call_file

from dsp.tone_plan import parse_tone
from harness.cli.program import run
from harness.store import open_store
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


def test_a_folder_that_is_no_agency_gets_no_database(tmp_path: Path) -> None:
    lesson = call_file(tmp_path / "lesson.wav", parse_tone(PBX), 18)
    assert run(["learn-tone", str(lesson), "--name", "our-pbx", "--agency", str(tmp_path)]) == 0
    assert not (tmp_path / "thirdring.db").exists()
