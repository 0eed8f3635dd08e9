"""What the pages are made of: brought by the lock file, small, with licences, and nothing from elsewhere."""

import io
import json
import re
import tokenize
from pathlib import Path

import pytest

from hatch_build import ASSETS, FILES

ROOT = Path(__file__).parent.parent
WEB = ROOT / "harness" / "web"
MARKS = r"[\u3000-\u303f\uff01-\uff60]"
"""Full-width marks."""
MOST_BYTES = 500_000
BEFORE = ("/login", "/login/code")
"""Forms of who has no session yet, so no token of one."""


def test_everything_that_is_brought_is_there_and_small():
    brought = {path.relative_to(ROOT / ASSETS).as_posix() for path in (ROOT / ASSETS).rglob("*") if path.is_file()}
    assert set(FILES) <= brought
    sizes = sum(path.stat().st_size for folder in ("assets", "static") for path in (WEB / folder).rglob("*.*"))
    assert sizes <= MOST_BYTES


def test_every_package_comes_with_its_licence():
    for package in json.loads((ROOT / "package.json").read_text("utf-8"))["dependencies"]:
        sources = [source for name, source in FILES.items() if name.startswith("licences/")]
        assert any(source.startswith(f"{package}/") for source in sources), package


def test_versions_are_exact_and_the_lock_names_no_address():
    package = json.loads((ROOT / "package.json").read_text("utf-8"))
    wanted = package["dependencies"] | package["devDependencies"]
    assert [one for one in wanted.values() if not re.fullmatch(r"\d+\.\d+\.\d+", one)] == []
    lock = (ROOT / "package-lock.json").read_text("utf-8")
    assert "http" not in lock
    locked = json.loads(lock)["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all(one["integrity"].startswith("sha512-") for name, one in locked.items() if name)


@pytest.mark.parametrize("path", sorted(WEB.rglob("templates/*.html")), ids=lambda path: path.stem)
def test_no_template_names_another_host_or_carries_a_script(path):
    text = path.read_text("utf-8")
    assert re.findall(r"(?:src|href|action)=\"(?:https?:)?//|<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", text) == []
    assert "| safe" not in text


@pytest.mark.parametrize("path", sorted(WEB.rglob("templates/*.html")), ids=lambda path: path.stem)
def test_no_template_has_marks_of_one_language(path):
    """Full-width marks come from the catalogue, which has the English ones beside them."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.DOTALL)
    assert re.findall(MARKS, text) == []


@pytest.mark.parametrize("path", sorted(WEB.rglob("*.py")), ids=lambda path: path.stem)
def test_no_module_has_marks_of_one_language_in_its_text(path):
    """As the templates: what is only looked for in a text is written as an escape, `\\uff1a`."""
    said, begins = [], True
    for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
        if token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            begins = True
        elif token.type not in (tokenize.COMMENT, tokenize.NL):
            is_text = tokenize.tok_name[token.type] in ("STRING", "FSTRING_MIDDLE")
            said += re.findall(MARKS, token.string) if is_text and not begins else []  # a docstring begins its line
            begins = False
    assert said == []


@pytest.mark.parametrize("path", sorted((WEB / "static").glob("*.js")), ids=lambda path: path.stem)
def test_no_script_has_marks_of_one_language(path):
    """Scripts are given their words by the page."""
    text = re.sub(r"^\s*//.*$|\s// .*$", "", path.read_text("utf-8"), flags=re.MULTILINE)
    assert re.findall(MARKS, text) == []


@pytest.mark.parametrize("path", sorted(WEB.rglob("templates/*.html")), ids=lambda path: path.stem)
def test_every_form_that_changes_something_carries_the_token(path):
    forms = re.findall(r'<form[^>]*method="post"[^>]*action="([^"]+)".*?</form>', path.read_text("utf-8"), re.DOTALL)
    whole = re.findall(r'<form[^>]*method="post".*?</form>', path.read_text("utf-8"), re.DOTALL)
    without = [one for one, text in zip(forms, whole, strict=True) if "csrf_field()" not in text]
    assert set(without) <= set(BEFORE)
