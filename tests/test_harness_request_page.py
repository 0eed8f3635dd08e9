"""The request to the PBX's vendor and to IT: filled from agency.toml, one page, blanks where nothing is known."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.agency import Agency, load_agency
from harness.cli.program import run
from harness.documents.request_page import BLANK, render_request
from harness.new_agency import make_agency
from harness.softphone.line import RTP_PORTS

TODAY = datetime(2026, 11, 22, 17, tzinfo=UTC)  # the 23rd in Taiwan
AGENCY = """name = "測試局<局>"
recording_notice_date = 2026-01-02
max_calls_at_once = 6
[[sites]]
id = "hq"
name = "本局"
switchboard = "02-2700-1000"
[[lines]]
id = "trunk"
server = "pbx.example:5070"
transport = "tcp"
user = "1001"
register = true
secret_env = "S"
max_calls = 4
codecs = ["G722/16000", "PCMA/8000"]
"""


def agency_of(folder: Path, text: str) -> Agency:
    folder.mkdir()
    (folder / "agency.toml").write_text(text, encoding="utf-8")
    (folder / "units.csv").write_text("unit,number\na,0227001234\nb,0227001235\n", encoding="utf-8")
    return load_agency(folder)


def page(agency: Agency, lang: str = "zh") -> str:
    return render_request(agency, today=TODAY, rtp_ports=RTP_PORTS, lang=lang)


class Words(HTMLParser):
    """The words of a page, and whether every element that was opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "col"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.said += data


def test_what_agency_toml_says_is_filled_in(tmp_path: Path) -> None:
    words = Words(page(agency_of(tmp_path / "a", AGENCY)))
    assert words.open == []
    for said in (
        "測試局<局>",
        "115 年 11 月 23 日",
        "帳號 1001",
        "需註冊",
        "pbx.example:5070",
        "TCP 5070",
        "4 路",  # the line's own limit is below the agency's
        "G.722、G.711 A-law",
        "02-2700-1000",
        "2 個單位",
        "UDP 4000–4999",
        "115 年 1 月 2 日",
        "polarity reversal",
        "NTP",
        "RFC 4733",
    ):
        assert said in words.said, said
    assert "SRTP" not in words.said


def test_what_is_not_known_is_a_blank_and_never_the_example(tmp_path: Path) -> None:
    make_agency(tmp_path / "a")
    words = Words(page(load_agency(tmp_path / "a")))
    assert "範例" not in words.said
    assert "127.0.0.1" not in words.said
    assert words.said.count(BLANK) >= 3


def test_encryption_is_asked_for_where_the_line_uses_it(tmp_path: Path) -> None:
    text = AGENCY.replace('"tcp"', '"tls"\nsrtp = "mandatory"').replace("pbx.example:5070", "pbx.example")
    words = Words(page(agency_of(tmp_path / "a", text)))
    assert "SRTP（SDES）" in words.said
    assert "TLS 5061" in words.said


def test_the_page_stands_alone_and_is_said_in_english_too(tmp_path: Path) -> None:
    agency = agency_of(tmp_path / "a", AGENCY)
    for lang in ("zh", "en"):
        text = page(agency, lang)
        assert not re.search(r"<script|src=|https?://|url\(", text)
    assert "polarity reversal" in Words(page(agency, "en")).said


def test_no_password_stands_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S", "hunter2")
    assert "hunter2" not in page(agency_of(tmp_path / "a", AGENCY))


def test_the_command_writes_html_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    agency = agency_of(tmp_path / "a", AGENCY)
    asked = ["doctor", "--agency", str(agency.folder), "--request"]
    assert run([*asked, str(tmp_path / "r.html")]) == 0
    assert "申請單" in (tmp_path / "r.html").read_text(encoding="utf-8")
    for name in ("r.odt", "r.pdf", "r"):
        assert run([*asked, str(tmp_path / name)]) == 2
        assert not (tmp_path / name).exists()
    assert "瀏覽器" in capsys.readouterr().err
