"""Every point can be explained, in both languages, as a tree and as text."""

import ast
import json
import string
from pathlib import Path

from rubric_cases import best, call, keelung, leg

import rubric
from rubric.explain import explain, lines, reason_to_dict
from rubric.form import load_form
from rubric.words import LANGUAGES, phrase, read_table, say, say_from, seconds

FORM = load_form("keelung-102")
ROOM = Path(rubric.__file__).parent


def test_the_tree_holds_every_item_with_its_reason() -> None:
    sheet = keelung(call(has_ivr=False, legs={"unit": leg(None, (9.8, 10.2))}), {"B2.3": {"option": "1", "points": 9}})
    tree = explain(FORM, sheet)
    told = "\n".join(lines(tree))
    for item in sheet.items:
        assert item.why in told
    assert "可能之分數：7、8" in told
    assert "乘以 2.5，滿分 25 分" in told
    assert "本系統採：" in told
    assert [child.id for child in tree.children][:2] == ["A", "B"]


def test_the_tree_is_data_and_english_too() -> None:
    tree = explain(FORM, keelung(call(), best()))
    told = json.loads(json.dumps(reason_to_dict(tree)))
    assert (told["id"], told["points"], told["max"]) == ("total", 100, 100)
    english = list(lines(tree, lang="en"))
    assert english[0].startswith("Total (")
    assert any("decided by: machine" in one for one in english)


def test_overrides_stand_in_the_tree_with_their_reason() -> None:
    said = {"B1.1": {"points": 9, "reason": "起響誤判"}, "facts": {"transferred": {"value": False, "reason": "未轉接"}}}
    told = "\n".join(lines(explain(FORM, keelung(call(), said))))
    assert "機器原給 10 分；改分理由：起響誤判" in told
    assert "機器 true，人工改為 false，理由：未轉接" in told


def test_code_and_word_list_name_the_same_keys_and_values() -> None:
    table = read_table((ROOM / "words.toml").read_text("utf-8"))
    source = "\n".join(file.read_text("utf-8") for file in ROOM.glob("*.py"))
    spoken = {
        node.value
        for node in ast.walk(ast.parse(source.replace("from __future__", "# ")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    families = (
        "outcome.",
        "duty.every_",
        "heard.",
        "why.busy",
        "why.pending",
        "why.guess",
        "why.unsure",
        "why.recording",
        "why.was_",
        "by.",
        "aloud.",
        "cond.",
        "auto.",
        "policy.",
        "setting.",
        "value.",
    )
    unused = [key for key in table if key not in spoken and not key.startswith(families)]
    assert unused == []
    for key, sentence in table.items():
        fields = [{name for _, name, _, _ in string.Formatter().parse(sentence[lang]) if name} for lang in LANGUAGES]
        assert fields[0] == fields[1], key


def test_phrases_inside_phrases_are_said_in_the_same_language() -> None:
    told = phrase("why.unsettled", why=phrase("why.awaits"))
    assert "待測試人員評定" in told.say("zh")
    assert "awaits the tester" in told.say("en")
    own = {"x": {"zh": "甲 {n}", "en": "A {n}"}}
    assert say_from(own, "x", "en", n=("1", "2")) == "A 1, 2"
    assert say("why.awaits") == "待測試人員評定"


def test_seconds_are_written_as_a_stopwatch_shows_them() -> None:
    from decimal import Decimal

    assert [seconds(Decimal(one)) for one in ("10", "12.4", "0.0205", "100.10")] == ["10.0", "12.4", "0.02", "100.1"]


def test_facts_stand_in_the_tree_with_their_evidence() -> None:
    traces = [f"heard:ringback@{n}.000" for n in range(9)]
    facts = call(held=True, evidence={"held": ["heard:music@30.000-36.000"], "unit": traces})
    sheet = keelung(facts)
    told = "\n".join(lines(explain(FORM, sheet)))
    assert "事實 held = true（依據：heard:music@30.000-36.000）" in told
    assert "通話段 unit 之依據：heard:ringback@0.000；" in told
    assert sheet.fact_evidence["unit"] == tuple(traces)
    overridden = keelung(facts, {"facts": {"held": {"value": False, "reason": "是背景音樂"}}})
    assert "機器 true，人工改為 false，理由：是背景音樂" in "\n".join(lines(explain(FORM, overridden)))


def test_the_tree_says_who_told_a_person_from_a_recording() -> None:
    facts = call(legs={"unit": leg(1, 2.0, provisional=True)})
    assert "接聽者：真人或錄音，待確認（判定：尚無人確認" in "\n".join(lines(explain(FORM, keelung(facts))))
    said = keelung(facts, {"heard": {"unit": "person"}})
    assert "unit 接聽者：真人（判定：測試人員" in "\n".join(lines(explain(FORM, said)))
