"""The catalogue of sentences: every key that the code says is there, every key that is there is said."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import harness
from harness.errors import ThirdringError, WrongInput
from harness.words import BOTH, catalogue, chosen, label, placeholders, say, use_language

ROOT = Path(harness.__file__).parent
SAYING = {"say", "label", "wrong", "fault", "_impossible", "refuse_cap", "PydanticCustomError", "softphone_error"}
KEY = re.compile(r"[a-z_]+\.[a-z_0-9]+")


IN_TEMPLATES = re.compile(r"""\b(?:t|word)\(["']([a-z_]+\.[a-z_0-9]+)["'][,)]""")
BEGUN_IN_TEMPLATES = re.compile(r"""\b(?:t|word)\(["']([a-z_]+\.[a-z_0-9]*)["'] ~""")


def in_templates(pattern):
    """What the pages' templates say by `t("…")`."""
    pages = sorted((ROOT / "web" / "templates").rglob("*.html"))
    return {key for path in pages for key in pattern.findall(path.read_text(encoding="utf-8"))}


@cache
def trees():
    return [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))]


def texts_of(tree):
    """Constant strings of a module, without docstrings, and the constant beginnings of its f-strings."""
    parts = {id(one) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for one in node.values}
    whole = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts
    }
    begun = {
        node.values[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant)
    }
    return whole, begun


def said_by(tree):
    """First arguments of everything that says a key: `say`, `label`, and our own exceptions."""
    saying = SAYING | {one.__name__ for one in subclasses(ThirdringError)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in saying and KEY.fullmatch(str(node.args[0].value)):
                yield node.args[0].value


def subclasses(one):
    return {one}.union(*(subclasses(child) for child in one.__subclasses__()))


def test_every_key_that_the_code_says_is_there():
    said = {key for tree in trees() for key in said_by(tree)}
    said |= in_templates(IN_TEMPLATES)
    assert sorted(said - set(catalogue())) == []


def test_every_key_that_is_there_is_said():
    whole, begun = in_templates(IN_TEMPLATES), in_templates(BEGUN_IN_TEMPLATES)
    for tree in trees():
        one, other = texts_of(tree)
        whole, begun = whole | one, begun | other
    unsaid = [
        key
        for key in catalogue()
        if key not in whole and not any(key.startswith(text) for text in begun if text.endswith((".", "_")))
    ]
    assert unsaid == []


def test_both_languages_say_the_same():
    assert [key for key, texts in catalogue().items() if set(texts) != {"zh", "en"}] == []
    unlike = [key for key, one in catalogue().items() if placeholders(one["zh"]) != placeholders(one["en"])]
    assert unlike == []
    assert [key for key, one in catalogue().items() if not all(t.strip() == t and t for t in one.values())] == []


def test_chinese_comes_first_and_a_language_can_be_chosen():
    assert label("outcome.busy") == "忙線 busy"
    assert say("cli.no_calls") == "還沒有通話\nNo calls yet"
    assert (say("cli.no_calls", "zh"), say("cli.no_calls", "en")) == ("還沒有通話", "No calls yet")
    assert chosen("甲", "A", between="/") == "甲/A"
    try:
        use_language("en")
        assert (label("outcome.busy"), chosen("甲", "A")) == ("busy", "A")
    finally:
        use_language(BOTH)


def test_a_language_that_there_is_not():
    with pytest.raises(ValueError, match="zh, en or both"):
        use_language("fr")


def test_a_value_may_differ_by_language():
    error = WrongInput("score.wrong", reason={"zh": "甲", "en": "A"})
    assert (error.sentence("zh"), error.sentence("en"), str(error)) == ("甲", "A", "甲\nA")
    assert error.to_dict()["exit_status"] == 2
