"""The printed sheet: the agency's wording, the boxes, the evidence; what is open stays a blank."""

import re
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from rubric_cases import best, call, keelung, leg

from harness.documents.roc import roc_minute
from harness.documents.sheet_page import render_sheet
from rubric.form import load_form, shipped_ids
from rubric.sheet import to_dict

FORM = load_form("keelung-102")
CALL: dict[str, Any] = {
    "call_id": "20261122T010509Z-7f3a",
    "unit_name": "第二課",
    "number": "02-2423-1151",
    "scenario": "switchboard-then-extension",
    "started_at": "2026-11-22T01:05:09+00:00",
    "outcome": "answered",
    "recording": "recordings/2026-11-22/7f3a.flac",
    "recording_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "legs": [
        {
            "name": "unit",
            "ring_onset_s": 25.3,
            "rings": 5,
            "pick_up_s": {"earliest": 37.7, "latest": 38.3},
            "answer_latency_s": {"earliest": 12.4, "latest": 13.0},
        }
    ],
}


def page(facts: dict[str, Any], answers: dict[str, Any] | None = None, **more: Any) -> str:
    told = to_dict(keelung(facts, answers))
    return render_sheet(
        told, FORM, header=more.get("header", {}), call=more.get("call", CALL), lang=more.get("lang", "zh")
    )


def plain(text: str) -> str:
    """What a reader sees, without spaces."""
    body = text.split("<body>")[1]
    return re.sub(r"\s+", "", unescape(re.sub(r"<[^>]+>", "", body)))


class Rows(HTMLParser):
    """Boxes and points by the wording of their row."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag == "td" and self.rows:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()

    def of(self, wording: str) -> list[str]:
        return next(row for row in self.rows if len(row) == 4 and wording in row[1])


def test_every_word_of_the_form_is_on_the_page() -> None:
    seen = plain(page(call(), best()))
    wording = [form_text for item in FORM.items for form_text in (item.text, *(o.text for o in item.options))]
    wording += [FORM.title, *(part.text for part in FORM.parts), *(group.text for group in FORM.groups)]
    wording += [note.text for note in FORM.notes] + list(FORM.columns) + [blank.text for blank in FORM.header]
    for text in wording:
        assert re.sub(r"\s+", "", text) in seen


def test_boxes_and_points() -> None:
    legs = {"operator": leg(4, 10.0), "unit": leg(5, 13.0)}
    rows = Rows(page(call(has_ivr=False, legs=legs), best(has_ivr=False)))
    assert rows.of("(1) 語調謙和、熱誠。")[0] == "■"
    assert rows.of("(3) 語調急躁")[0] == "□"
    assert rows.of("(二) 總機人員接聽速度")[3] == "8×2.5＝20"
    assert rows.of("電話鈴響 4 聲或 10 秒應答")[3] == "7【機】"
    assert rows.of("總 得 分")[3] == "92"
    assert "是□否■" in plain(page(call(has_ivr=False), best(has_ivr=False)))


def test_machine_points_carry_their_reason() -> None:
    told = plain(page(call(has_ivr=False, legs={"unit": leg(5, 12.5)})))
    assert "【機】7分：第5聲、12.5秒接聽（規則：4聲或10秒8分" in told


def test_what_is_open_is_a_blank_and_no_zero() -> None:
    text = page(call())
    rows = Rows(text)
    for wording in ("1、接話應對情形", "3、接話時之態度", "清晰報明單位。"):
        assert rows.of(wording)[3] == "【待評】"
    assert rows.of("總 得 分")[3] == ""
    assert "計時紀錄" in text
    assert "尚有" in text


def test_a_void_call_says_so() -> None:
    rows = Rows(page(call(legs={"unit": leg(outcome="fault_ours")})))
    assert rows.of("電話鈴響 4 聲或 10 秒應答")[3] == "不計"


def test_the_foot_names_call_recording_and_form() -> None:
    text = plain(page(call(), best()))
    for proof in (CALL["call_id"], CALL["recording_sha256"], "7f3a.flac", "keelung-102v1", "115年11月22日9時05分"):
        assert proof in text
    assert "12.40–13.00秒" in text
    assert "/2026-11-22/" not in text  # a sheet names the file, not where the agency keeps it


def test_what_is_missing_is_a_dash() -> None:
    text = plain(page(call(), best(), call={}))
    assert "受測單位—" in text
    assert "通話編號—" in text


def test_whatever_was_typed_stays_text() -> None:
    nasty = '<script>alert("x")</script>'
    text = page(call(), best(header={"answerer_surname": nasty}, remarks=nasty), call={**CALL, "unit_name": nasty})
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 3


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_is_fetched(lang: str) -> None:
    text = page(call(), best(), lang=lang)
    assert not re.search(r"(src=|href=|url\(|@import)", text)
    assert "default-src 'none'" in text
    assert f'<html lang="{"zh-Hant-TW" if lang == "zh" else "en"}">' in text


@pytest.mark.parametrize("form_id", shipped_ids())
def test_every_shipped_form_prints(form_id: str) -> None:
    from rubric.facts import parse_facts
    from rubric.score import score

    form = load_form(form_id)
    text = render_sheet(to_dict(score(form, parse_facts(call()))), form, header={}, call=CALL)
    assert re.sub(r"\s+", "", form.title) in plain(text)
    assert ("草案" in text) == form.draft


def test_roc_dates_are_taiwans() -> None:
    assert roc_minute(datetime(2013, 2, 5, 16, 7, tzinfo=UTC)) == "102 年 2 月 6 日 0 時 07 分"
    with pytest.raises(ValueError, match="time zone"):
        roc_minute(datetime(2013, 2, 6))


def test_a_voice_nobody_has_heard_is_a_blank_with_what_it_would_be_worth() -> None:
    legs = {"operator": leg(1, 2.0), "unit": leg(5, 12.5, provisional=True)}
    call_with_legs = {**CALL, "legs": [{"name": "unit", "rings": 5, "provisional": True}]}
    text = page(call(has_ivr=False, legs=legs), call=call_with_legs)
    rows = Rows(text)
    assert rows.of("電話鈴響 4 聲或 10 秒應答")[3] == "【待評】"
    assert "接聽者是真人或錄音，尚待確認；若為真人：7分：第5聲" in plain(text)
    assert "業務單位（真人或錄音，待確認）" in plain(text)
    person = page(call(has_ivr=False, legs=legs), {"heard": {"unit": "person"}}, call=call_with_legs)
    assert Rows(person).of("電話鈴響 4 聲或 10 秒應答")[3] == "7【機】"
    assert "業務單位（已確認為真人）" in plain(person)
    recording = page(call(has_ivr=False, legs=legs), {"heard": {"unit": "recording"}}, call=call_with_legs)
    assert Rows(recording).of("電話鈴響 4 聲或 10 秒應答")[3] == "【待評】"
    assert "由錄音接聽，不是真人" in plain(recording)
    english = page(call(has_ivr=False, legs=legs), call=call_with_legs, lang="en")
    assert "not said yet" in english
