"""The papers opened by what offices open them with, and their PDF."""

from __future__ import annotations

import re
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kept_calls import agency_with_units, keep_call
from office import convert, need_fonts, need_office, need_pdf, need_poppler
from rubric_cases import best, call, leg

from harness.agency import Agency, load_agency
from harness.cli.program import run
from harness.documents.paper import TableBlock, plain_text, read_paper, width_of
from harness.documents.paper_pdf import paper_pdf
from harness.documents.table import escaped
from harness.errors import DONE, WRONG_USAGE, EnvironmentFailed
from harness.figures import span_of
from harness.papers.edition import edition_of
from harness.papers.gather import gather
from harness.papers.write import write_edition, write_sheet
from harness.programme.month import draw_and_seal
from harness.store import open_store

BAD = call(has_ivr=False, legs={"operator": leg(9, 30), "unit": leg(12, 36)})
MADE = datetime(2027, 1, 10, 1, tzinfo=UTC)
SETTLED = datetime(2026, 11, 4, 1, tzinfo=UTC)
"""When the sheets were made: long ago, so that nobody can object to them any more."""
PAPER = "# 簽\n\n主旨：檢陳結果。\n\n表一\n\n| 單位 | 分 |\n|---|---:|\n| 一課 | 90 |\n"


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    agency = agency_with_units(tmp_path / "agency")
    keep_call(agency, "c1", BAD, best(has_ivr=False), made_at=SETTLED)
    keep_call(agency, "c2", call(has_ivr=False), best(has_ivr=False), unit="u2", series="external", made_at=SETTLED)
    return agency


def papers(agency: Agency, folder: Path) -> list[Path]:
    """Every kind of paper, with a month that was drawn, and a sheet."""
    (agency.folder / "papers.toml").write_text("public = true\n", encoding="utf-8")
    today = max(date(2027, 1, 10), datetime.now(UTC).date() + timedelta(days=9))
    written: list[Path] = []
    with open_store(agency.database) as store:
        draw_and_seal(agency, "2026-11", store, seed="1", now=datetime(2026, 10, 25, tzinfo=UTC))
        for kind, period in (("month", "2026-11"), ("quarter", "115-Q4"), ("half_year", "115-H2"), ("year", "115")):
            known = gather(span_of(kind, period), agency=agency, store=store, today=today)  # type: ignore[arg-type]
            edition = edition_of(known, approved_by="局長")
            written += write_edition(edition, known, folder, pdf=False, made_at=datetime.now(UTC))
        written += write_sheet("c1", folder, agency=agency, store=store, pdf=False, overwrite=False, made_at=MADE)
    assert any("分配表" in path.name for path in written)
    return [path for path in written if path.suffix in (".odt", ".ods")]


@pytest.mark.slow
def test_libreoffice_opens_every_paper_and_keeps_its_text(
    agency: Agency, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    office = need_office(request)
    files = papers(agency, tmp_path / "out")
    texts = convert(office, [one for one in files if one.suffix == ".odt"], "txt:Text (encoded):UTF8", tmp_path)
    for path in texts:
        assert len(path.read_text("utf-8-sig").split()) > 10, path.name
    tables = convert(
        office, [one for one in files if one.suffix == ".ods"], "csv:Text - txt - csv (StarCalc):44,34,76", tmp_path
    )
    assert [path.name for path in tables if "測試通數" not in path.read_text("utf-8")] == []


def test_a_long_remark_takes_no_room_from_figures_that_would_break() -> None:
    """Widths in halves of a character, of which a line has 82: a cell of figures wants its own and a little more."""
    cells = ("單位 59", "1", "51（n=1）", "33.5（n=2）", "86.5（n=2）", "81–92", "未滿 5 通、另 1 通結果未確定")
    heads = ("單位", "測試通數", "總機部分（45 分）", "單位部分（55 分）", "總分平均", "最低–最高", "備註")
    text = f"| {' | '.join(heads)} |\n|{'---|' * 7}\n| {' | '.join(cells)} |\n"
    table = next(block for block in read_paper(text) if isinstance(block, TableBlock))
    room = [share * 82 for share in table.shares()]
    assert all(wide >= width_of(cell) + 1 for wide, cell in zip(room[:-1], cells[:-1], strict=True))
    assert room[-1] >= 20


MANY = "\n".join(f"x{n},第 {n} 課,02271{n:05d},{400 + n},丙組" for n in range(40))
A4 = (595.3, 841.9)
MARGIN = 0.1
"""Less than the 2.5 cm of 21 at each side."""


@pytest.mark.slow
def test_laid_out_by_libreoffice_a_paper_has_its_pages_its_headings_and_its_figures_whole(
    agency: Agency, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    office = need_office(request)
    need_fonts(request)
    need_poppler(request)
    (agency.folder / "units.csv").write_text((agency.folder / "units.csv").read_text("utf-8") + MANY, encoding="utf-8")
    with open_store(agency.database) as store:
        told: dict[str, Any] = {"agency": load_agency(agency.folder), "store": store, "today": date(2027, 1, 10)}
        known = gather(span_of("month", "2026-11"), **told)
        written = write_edition(edition_of(known), known, tmp_path / "out", pdf=False, made_at=MADE)
    files = [path for path in written if path.suffix == ".odt" and "二課" not in path.stem]
    result, board, *others = (_laid_out(path) for path in convert(office, files, "pdf", tmp_path))
    assert "主旨：" in result[0]
    assert len(others) == 2  # the improvements and a notice
    listed = [page for page in board if "第3課" in page or "第39課" in page]
    assert len(listed) == 4  # of each series the first and the last page of its table
    assert all("備註" in page for page in listed)  # the headings stand on the next page again


def _laid_out(path: Path) -> list[str]:
    """The text of each page without its spaces; size, number, margins and figures of every page are looked at."""
    told = dict(line.split(":", 1) for line in _said("pdfinfo", path).splitlines() if ":" in line)
    assert sorted(float(one) for one in re.findall(r"[\d.]+", told["Page size"])[:2]) == pytest.approx(A4, abs=1)
    text = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True).stdout.decode()
    pages = [re.sub(r"[ \u3000]", "", page) for page in text.split("\f")[:-1]]
    assert len(pages) == int(told["Pages"])
    for n, page in enumerate(pages, start=1):
        assert f"第{n}頁，共{len(pages)}頁" in page, path.name
        assert page.count("（n=") == len(re.findall(r"（n=\d+）", page)), (path.name, n)  # none is broken in two
        assert _inked(path, n) == (False, True, False), (path.name, n)
    return pages


def _inked(path: Path, page: int) -> tuple[bool, bool, bool]:
    """Whether a rendered page has ink in its left margin, between the margins, and in its right margin."""
    asked = ["pdftoppm", "-gray", "-r", "40", "-f", str(page), "-l", str(page), str(path)]
    head, size, _, dots = subprocess.run(asked, capture_output=True, check=True).stdout.split(b"\n", 3)
    width, height = map(int, size.split())
    assert head == b"P5"
    ink = np.frombuffer(dots, np.uint8, width * height).reshape(height, width) < 128
    edge = int(width * MARGIN)
    return bool(ink[:, :edge].any()), bool(ink[:, edge:-edge].any()), bool(ink[:, -edge:].any())


def test_a_pdf_is_tagged_and_has_its_fonts_in_it(request: pytest.FixtureRequest) -> None:
    need_pdf(request)
    found = paper_pdf(read_paper(PAPER), made_at=MADE)
    assert found.startswith(b"%PDF-1.7")
    whole = found + b"".join(_unpacked(found))
    for word in (b"/StructTreeRoot", b"pdfuaid", b"/FontFile", b"/Lang"):
        assert word in whole, word


def test_headings_that_skip_a_level_and_characters_of_no_font_are_mended_and_not_refused(
    request: pytest.FixtureRequest,
) -> None:
    need_pdf(request)
    text = "# 一\n\n### 三\n\n已改善\U0001f642、\U000f0001、𠮷。"
    assert paper_pdf(read_paper(text), made_at=MADE).startswith(b"%PDF")


def test_without_a_chinese_font_it_says_so(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    need_pdf(request)
    bare = __import__("typst").Compiler(ignore_system_fonts=True)
    monkeypatch.setattr("harness.documents.paper_pdf._compiler", lambda: bare)
    with pytest.raises(EnvironmentFailed, match="fonts-noto-cjk"):
        paper_pdf(read_paper(PAPER), made_at=MADE)


def _unpacked(pdf: bytes) -> Iterator[bytes]:
    for stream in re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL):
        with suppress(zlib.error):
            yield zlib.decompress(stream)


@pytest.mark.parametrize(
    "text", ['#read("/etc/passwd")', '#import "@preview/cetz:0.3.0": *', "#panic()", "$x$ *a* _b_ <c> @d `e` \\\\"]
)
def test_no_text_is_taken_for_markup_and_nothing_is_read_or_fetched(text: str, request: pytest.FixtureRequest) -> None:
    need_pdf(request)
    blocks = read_paper(f"# 簽\n\n{escaped(text)}")
    assert plain_text(blocks[1].runs) == text.replace("\\\\", "\\\\")  # type: ignore[union-attr]
    assert paper_pdf(blocks, made_at=MADE).startswith(b"%PDF")


def test_poppler_finds_every_font_in_the_pdf_and_its_tags(
    agency: Agency, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    need_pdf(request)
    need_poppler(request)
    with open_store(agency.database) as store:
        known = gather(span_of("quarter", "115-Q4"), agency=agency, store=store, today=date(2027, 1, 10))
        written = write_edition(edition_of(known), known, tmp_path, pdf=True, made_at=MADE)
    for path in (one for one in written if one.suffix == ".pdf"):
        fonts = [line.split() for line in _said("pdffonts", path).splitlines()[2:]]
        assert fonts
        assert [line for line in fonts if line[-5:-3] != ["yes", "yes"]] == []  # embedded, and a subset of the font
        told = dict(line.split(":", 1) for line in _said("pdfinfo", path).splitlines() if ":" in line)
        assert told["Tagged"].strip() == "yes"
        assert told["Title"].strip()


def _said(program: str, path: Path) -> str:
    return subprocess.run([program, str(path)], capture_output=True, text=True, check=True).stdout


def test_without_the_extra_it_says_what_to_install_and_makes_everything_else(
    agency: Agency, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    asked = ["--agency", str(agency.folder), "report", "month", "115-11", "--to", str(tmp_path / "out")]
    assert run(asked) == DONE
    assert "pip install 'thirdring[pdf]'" in capsys.readouterr().err
    kinds = {path.suffix for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert kinds == {".odt", ".ods", ".csv"}


def test_a_calls_sheet_is_printed_in_its_forms_own_layout(
    agency: Agency, tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    need_pdf(request)
    asked = ["--agency", str(agency.folder), "report", "sheet"]
    assert run([*asked, "c1", "--to", str(tmp_path / "out")]) == DONE
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"c1.html", "c1.odt", "c1.pdf"}
    assert (tmp_path / "out" / "c1.pdf").read_bytes().startswith(b"%PDF-1.7")
    assert run([*asked, "nobody", "--to", str(tmp_path / "out")]) == WRONG_USAGE
    capsys.readouterr()
