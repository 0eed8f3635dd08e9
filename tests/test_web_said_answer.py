"""What a tester answered, told in words to whoever decides: no raw keys, marks of the reader's language."""

from __future__ import annotations

import re
from typing import Any

import pytest

from harness.web.said_answer import said_in_words
from rubric.form import load_form

FORM = load_form("keelung-102")
SAID: list[tuple[str, Any, str, str]] = [
    ("B2.3", {"option": "1", "points": 8, "reason": "聽得清楚"}, "「(1)", "聽得清楚"),
    ("B2.3", "2", "「(2)", "(2)"),
    ("B2.1", {"unit": True, "name": False}, "是、", "no"),
    ("B2.1", {"unsettled": True}, "無法判定", "nobody can tell"),
    ("accuracy", {"asked": 2, "correct": 1}, "答對 1／2 題", "1 of 2"),
    ("questions", [{"text": "幾點？", "verdict": "partly", "precise": True}], "幾點？（部分答對", "partly correct"),
    ("questions", [{"verdict": "wrong"}, {"verdict": "correct"}], "第 2 題（答對）", "question 2 (correct)"),
    (
        "heard",
        {"unit": "person", "operator": {"value": "recording", "reason": "語音"}},
        "真人",
        "recording (reason: 語音)",
    ),
    ("observed", {"B": False}, "否", "no"),
    ("bonus", {"points": 1, "reason": "主動", "second_person": "許"}, "1 分、理由：主動、同意人：許", "points: 1"),
    ("B2.1", None, "沒有填", "nothing said"),
]
RAW = (
    r"\b(?:met|ticks|option|unsettled|adjusted|at_s|verdict|asked|True|False|precise|second_person|person\))\b|[{}\[\]]"
)


@pytest.mark.parametrize(("key", "answer", "zh", "en"), SAID, ids=lambda one: None)
def test_an_answer_is_told_in_words_of_either_language(key: str, answer: Any, zh: str, en: str) -> None:
    in_zh, in_en = (said_in_words(key, answer, FORM, lang) for lang in ("zh", "en"))
    assert zh in in_zh
    assert en in in_en
    assert re.findall(RAW, in_zh + in_en) == []
    assert re.findall(r"[✓✗]", in_zh + in_en) == []
    assert re.findall(r"\b(?:yes|no|points|reason|person|recording)\b", in_zh) == []


def test_marks_in_english_are_english_ones() -> None:
    said = said_in_words("B2.3", {"unsettled": True, "reason": "x", "at_s": 3}, FORM, "en")
    assert said == "nobody can tell, reason: x, at 3 s of the recording"
