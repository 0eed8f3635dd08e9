"""The papers opened by what offices open them with, and their PDF."""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from kept_calls import agency_with_units, keep_call
from office import convert, need_office, need_pdf
from rubric_cases import best, call, leg

from harness.agency import Agency
from harness.cli.program import run
from harness.documents.paper import read_paper
from harness.documents.paper_html import html_page
from harness.documents.pdf import no_fetcher, pdf_bytes, why_no_pdf
from harness.errors import DONE, WRONG_USAGE, EnvironmentFailed
from harness.figures import span_of
from harness.papers.edition import edition_of
from harness.papers.gather import gather
from harness.papers.write import write_edition
from harness.store import open_store

BAD = call(has_ivr=False, legs={"operator": leg(9, 30), "unit": leg(12, 36)})
PAGE = html_page(read_paper("# 簽\n\n主旨：檢陳結果。\n\n表一\n\n| 單位 | 分 |\n|---|---:|\n| 一課 | 90 |\n"))


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    agency = agency_with_units(tmp_path / "agency")
    keep_call(agency, "c1", BAD, best(has_ivr=False))
    keep_call(agency, "c2", call(has_ivr=False), best(has_ivr=False), unit="u2", series="external")
    return agency


def papers(agency: Agency, folder: Path) -> list[Path]:
    """Every kind of paper but those that need a drawn month."""
    (agency.folder / "papers.toml").write_text("public = true\n", encoding="utf-8")
    today = max(date(2027, 1, 10), datetime.now(UTC).date() + timedelta(days=9))
    written: list[Path] = []
    with open_store(agency.database) as store:
        for kind, period in (("month", "2026-11"), ("quarter", "115-Q4"), ("half_year", "115-H2"), ("year", "115")):
            known = gather(span_of(kind, period), agency=agency, store=store, today=today)  # type: ignore[arg-type]
            edition = edition_of(known, approved_by="局長")
            written += write_edition(edition, known, folder, pdf=False, made_at=datetime.now(UTC))
    return [path for path in written if path.suffix in (".odt", ".ods")]


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


def test_a_pdf_is_tagged_and_has_its_fonts_in_it(request: pytest.FixtureRequest) -> None:
    need_pdf(request)
    found = pdf_bytes(PAGE)
    assert found.startswith(b"%PDF-1.7")
    found += b"".join(_unpacked(found))
    for word in (b"/StructTreeRoot", b"pdfuaid", b"/FontFile", b"zh-Hant-TW"):
        assert word in found, word


def _unpacked(pdf: bytes) -> Iterator[bytes]:
    for stream in re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL):
        with suppress(zlib.error):
            yield zlib.decompress(stream)


def test_nothing_is_fetched(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    need_pdf(request)
    secret = tmp_path / "secret.css"
    secret.write_text("h1 { font-size: 99pt }", encoding="utf-8")
    asking = PAGE.replace("</head>", f'<link rel="stylesheet" href="{secret.as_uri()}"></head>')
    assert b"".join(_unpacked(pdf_bytes(asking))) == b"".join(_unpacked(pdf_bytes(PAGE)))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x.css", "file:///etc/passwd", "data:text/css,h1{}"])
def test_the_fetcher_refuses_everything(url: str, request: pytest.FixtureRequest) -> None:
    need_pdf(request)
    with pytest.raises(ValueError, match="disallowed"):
        no_fetcher().fetch(url)


def test_without_the_extra_it_says_what_to_install_and_makes_everything_else(
    agency: Agency, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
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
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"c1.html", "c1.pdf"}
    assert (tmp_path / "out" / "c1.pdf").read_bytes().startswith(b"%PDF-1.7")
    assert run([*asked, "nobody", "--to", str(tmp_path / "out")]) == WRONG_USAGE
    capsys.readouterr()


def test_without_pango_it_names_the_systems_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library libpango-1.0-0')", encoding="utf-8")
    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    missing = why_no_pdf()
    assert missing is not None
    assert "libpango-1.0-0" in missing.sentence("zh")
    assert "apt install" in missing.sentence("en")
    with pytest.raises(EnvironmentFailed):
        pdf_bytes(PAGE)
