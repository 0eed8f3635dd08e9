"""The READMEs' pictures of the pages: there, small, each in its own README, and of pages that answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from web_pages import Client

from harness.bench.screenshots import DOCS, SHOTS, files, serving
from harness.bench.shown import CALL, NOW, PASSWORD, PEOPLE, show_agency
from harness.web.site import Site

ROOT = Path(__file__).parents[1]
READMES = {"zh": "README.zh-TW.md", "en": "README.md"}
LARGEST = 150_000
"""Bytes of a picture."""


def width(picture: bytes) -> int:
    """Pixels of a WebP across (VP8: 14 bits behind its start code)."""
    assert (picture[:4], picture[8:15]) == (b"RIFF", b"WEBPVP8")
    start = picture.index(b"\x9d\x01\x2a") + 3
    return int.from_bytes(picture[start : start + 2], "little") & 0x3FFF


def test_every_picture_is_there_and_small() -> None:
    taken = files(DOCS)
    assert {one.name: width(one.read_bytes()) for one in taken} == {
        f"{shot.name}.{lang}.webp": shot.width for shot in SHOTS for lang in READMES
    }
    assert [one.name for one in taken if one.stat().st_size > LARGEST] == []
    assert {one.name for one in DOCS.glob("*.webp")} == {one.name for one in taken}


@pytest.mark.parametrize("lang", READMES)
def test_each_readme_shows_those_of_its_language(lang: str) -> None:
    shown = re.findall(r"!\[[^\]]+\]\(docs/([^)]+\.webp)\)", (ROOT / READMES[lang]).read_text(encoding="utf-8"))
    assert shown == [f"{shot.name}.{lang}.webp" for shot in SHOTS]


@pytest.mark.slow
def test_the_pages_of_the_pictures_answer_and_say_whose_call_it_is(tmp_path: Path) -> None:
    agency = show_agency(tmp_path / "agency")
    with serving(Site(folder=agency.folder, clock=lambda: NOW)) as url:
        for shot in SHOTS:
            client = Client(url.removeprefix("http://"))
            assert client.log_in(shot.role.value, PASSWORD).status == 303
            told = client.get(shot.path)
            assert told.status == 200
            assert PEOPLE[shot.role] in told.text
            if CALL in shot.path:
                assert [client.get(f"/calls/{CALL}/sound/{part}").status for part in ("peaks", "heard")] == [200, 200]
