"""A test on paper: blank beforehand, the machine's half behind it later."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from agency_folder import make_agency
from odfdo import Document

from harness.agency import Agency
from harness.assisted.state import Asked
from harness.errors import NotFound, WrongInput
from harness.number_gate.called_number import find_unit
from harness.papers.by_hand import How, write_blank, write_machine_half
from harness.softphone.scripted import FarEnd, ScriptedSoftphone
from harness.store import open_store
from harness.test_call import plan_call, run_call

NUMBER = "0227000601"
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
HOW = How(made_at=NOW, pdf=False)


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return make_agency(tmp_path / "agency", {NUMBER: "127.0.0.1:5060"})


def text_of(path: Path) -> str:
    return str(Document(path).get_formatted_text())


def test_a_blank_sheet_has_every_item_and_no_point_and_the_questions(agency: Agency, tmp_path: Path) -> None:
    questions = (Asked(question="戶籍謄本多少錢？", answer="每張 15 元", source="規費標準"),)
    unit = find_unit(NUMBER, agency.units)
    (odt,) = write_blank(unit, tmp_path, agency=agency, questions=questions, how=HOW)
    text = text_of(odt)
    assert all(said in text for said in ("鈴響", "戶籍謄本多少錢？", "每張 15 元", unit.name))
    assert "未測" not in text  # a call that has not been is not one in which something was left out
    assert "計時紀錄" not in text
    with pytest.raises(WrongInput):
        write_blank(unit, tmp_path, agency=agency, questions=questions, how=HOW)


def test_the_machines_half_has_its_points_and_reasons_and_nothing_of_the_testers(
    agency: Agency, tmp_path: Path
) -> None:
    far = FarEnd().says(0.1, 180).says(2.0, 200).sounds_like(2.1, np.zeros(8000, np.int16)).hangs_up(4.0)
    test = run_call(plan_call(NUMBER, agency), agency, ScriptedSoftphone({NUMBER: far}), now=NOW)
    call_id = test.record.call_id
    with open_store(agency.database) as store:
        (odt,) = write_machine_half(call_id, tmp_path, agency=agency, store=store, how=HOW)
        with pytest.raises(NotFound):
            write_machine_half("nobody", tmp_path, agency=agency, store=store, how=HOW)
    text = text_of(odt)
    decided = [item for item in test.sheet.items if item.by == "machine" and item.points is not None]
    assert decided
    assert all(item.id in text for item in decided)
    assert all(item.id not in text for item in test.sheet.items if item.points is None)
    assert call_id in text
