"""A far end that puts markup, formulas, escape sequences and broken bytes wherever SIP has room for text.

Nothing of it is active on a page, in the stream of a call that is up, in a table or on a terminal; the number stays.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from agency_folder import make_agency
from hostile_peer import RINGS_S, HostilePeer, answers_with
from sip_peer import Dialog
from test_web_rights import path_of, table
from web_pages import NAMES, Client, Running, add_person, login_of, serving

from harness import clocks
from harness.assisted.live_calls import CALLS
from harness.cli.program import run
from harness.logs import JsonLines
from harness.plain_text import INSTEAD, plain, plain_json
from harness.planned_call import TestCall
from harness.store import open_store
from harness.telephones import Telephones
from harness.test_call import plan_call
from harness.web.rights import Role
from harness.web.site import Site
from harness.words import BOTH, use_language

pytest_plugins = ("web_fixtures",)
NUMBER = "0227000501"
MARKUP = "\"><img src=x onerror=alert(1)><script>alert(2)</script>{{ 7*7 }}'"
FORMULA = '=HYPERLINK("http://e.example/","x")'
ESCAPES = "\x1b[31m\x1b]0;title\x07\x1b[2J\x9b31m\u202efdp\u2066\u200b"
EVIL = FORMULA + MARKUP + ESCAPES + "+1@1-1"
BROKEN = "@SUM(1)" + MARKUP + "\udcff\udcfe\udc80\udcc3\x1b[31m"
"""The same with bytes that are neither UTF-8 nor Big5."""
RAW = re.compile(r"<img src=x|<script>alert|(?<!\d)49'")
SIGN = re.compile(r"HYPERLINK|SUM\(1\)")
"""That it is there at all, however short it was cut."""
ROLES = (Role.CONVENER, Role.TESTER, Role.ADMINISTRATOR, Role.AUDITOR)


def obeyed(text: str) -> list[str]:
    """What a terminal would go by, but the ends of lines."""
    return [one for one in text if one not in "\n\t" and unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp")]


# --- the text of strangers on a terminal -----------------------------------------------------------------------


def test_a_terminal_obeys_nothing_of_a_strangers_text_and_chinese_stays() -> None:
    assert obeyed(plain(EVIL)) == []
    assert plain(EVIL).startswith(FORMULA + MARKUP + INSTEAD)
    for text in ("三聲內\u3000總機\n一\t二", "王小明（兼任）", "\ue000\U0002000b", "🇹🇼"):
        assert plain(text) == text


def test_json_reads_back_as_it_was_and_a_terminal_obeys_nothing_of_it() -> None:
    told = {"reason": EVIL + "\U000e0001\u2028", "三聲內": ["\u3000王", 1.5, None]}
    for indent in (None, 2):
        assert json.loads(plain_json(told, indent=indent)) == told
        assert obeyed(plain_json(told, indent=indent)) == []
    assert "王" in plain_json(told)


def test_an_error_and_a_log_line_are_no_commands_to_a_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    make_agency(tmp_path / "agency", {NUMBER: "127.0.0.1:1"})
    for words in (["call", ESCAPES], ["show", ESCAPES], [ESCAPES], ["ladder", "--json", ESCAPES]):
        assert run(["--agency", str(tmp_path / "agency"), *words]) in (2, 4)
    told = capfd.readouterr()
    assert INSTEAD in told.err
    assert obeyed(told.out + told.err) == []
    caplog.set_level("WARNING")
    import logging

    logging.getLogger("thirdring.programme").warning("%s", EVIL)
    (record,) = caplog.records
    line = JsonLines().format(record)
    assert obeyed(line) == []
    assert ESCAPES in json.loads(line)["said"]


# --- a live call -----------------------------------------------------------------------------------------------


class Office:
    """A served agency with one call, as it came to whoever watched."""

    def __init__(self, running: Running, test: TestCall, seen: dict[str, str]) -> None:
        self.running, self.test, self.seen = running, test, seen


def noisy(peer: HostilePeer, dialog: Dialog) -> None:
    """Messages that no telephone has to understand: it goes on as if they had not come."""
    for text in ("a\0b\x01", "B" * 4500, "C" * 60_000, "\udcff" * 3000):
        peer.respond(dialog, 180, text, headers=f"User-Agent: {text}\r\nSubject: {text}\r\n")
        peer._send(f"OPTIONS sip:{text} SIP/2.0\r\n{text}: {text}\r\n\r\n", dialog.source)
    peer._send("\0" * 60_000, dialog.source)


@pytest.fixture(scope="module", params=[EVIL, BROKEN], ids=["text", "bytes"])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Such a call, with a convener who looks at it while it is up."""
    seen, script = dict[str, str](), answers_with(lambda: request.param, talking=lambda: "answered" in seen)

    def answers(peer: HostilePeer, dialog: Dialog) -> None:
        noisy(peer, dialog)
        script(peer, dialog)

    with HostilePeer(answers) as peer:  # type: ignore[arg-type]
        agency = make_agency(tmp_path_factory.mktemp("hostile") / "agency", {NUMBER: peer.address})
        with open_store(agency.database) as store:
            for role in ROLES:
                add_person(store, login_of(role), name=NAMES[role], roles=[role])
        with (
            serving(Site(folder=agency.folder, clock=clocks.now)) as running,
            ThreadPoolExecutor(1) as workers,
            Telephones(several=True) as telephones,
        ):
            convener = running.client(Role.CONVENER)
            placed = workers.submit(telephones.place, plan_call(NUMBER, agency), agency)
            assert peer.wait(lambda: CALLS.up() and CALLS.up()[0].state().signalling.startswith("183"), 60)
            call_id = CALLS.up()[0].state().call_id
            seen["page"], seen["calls"] = convener.get(f"/live/{call_id}").text, convener.get("/live").text
            seen["stream"] = streamed(running, convener, f"/live/{call_id}/stream")
            seen["answered"] = "yes"
            yield Office(running, placed.result(120), seen)


def streamed(running: Running, client: Client, path: str) -> str:
    """The stream of a call until it is answered and told so."""
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    told = ""
    with closing(urlopen(Request(running.url + path, headers={"Cookie": cookie}), timeout=60)) as answer:
        while "200 " not in told:
            told += answer.readline().decode()
    return told


def live(test: Any) -> Any:
    """Mark what needs the call."""
    return pytest.mark.slow(pytest.mark.realtime(test))


def month_of(office: Office) -> str:
    """The month of its call."""
    return office.test.record.started_at[:7]


@live
def test_the_number_is_what_it_would_have_been(office: Office) -> None:
    measured, record = office.test.measured, office.test.record
    (leg,) = measured.legs
    assert (measured.outcome, leg.rings) == ("answered", (2, 2))
    assert leg.answer_latency_s is not None
    assert leg.answer_latency_s.earliest - 0.1 <= RINGS_S <= leg.answer_latency_s.latest + 0.1
    assert [one for one in record.signals if one.kind == "fault"] == []
    assert office.test.recording.stat().st_size > 10_000
    said = [one.reason for one in record.signals if one.status == 183]
    assert [MARKUP in one for one in said] == [True]


@live
def test_the_page_and_the_stream_of_a_call_that_is_up_show_it_as_text(office: Office) -> None:
    for where in ("page", "calls", "stream"):
        assert not RAW.search(office.seen[where]), where
    assert "onerror" in office.seen["stream"]
    for line in office.seen["stream"].splitlines():  # no text of a stranger begins an event of its own
        assert re.match(r"(data|event|id|retry|:)|$", line), line


@live
def test_on_no_page_is_it_anything_but_text(office: Office) -> None:
    call_id, raw, opened = office.test.record.call_id, list[str](), 0
    for role in ROLES:
        client = office.running.client(role)
        for method, path in table():
            if method == "GET" and "stream" not in path and "spectrogram" not in path:
                answer = client.get(path_of(path.replace("{call_id}", call_id)))
                assert answer.status < 500, path
                if "text/html" in answer.headers.get("content-type", ""):
                    opened += answer.status == 200
                    raw += [f"{path} ({role})"] if RAW.search(answer.text) else []
    assert raw == []
    assert opened > 30


@live
def test_no_table_that_goes_out_holds_a_formula(
    office: Office, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["report", "month", month_of(office), "--to", str(tmp_path), "--no-pdf"]
    assert run(["--agency", str(office.running.site.folder), "--lang", "zh", *words]) in (0, 1), capfd.readouterr().err
    files = [one for one in tmp_path.rglob("*") if one.suffix in (".csv", ".ods", ".odt")]
    assert files
    for one in files:
        if one.suffix == ".csv":
            cells = [cell for row in csv.reader(io.StringIO(one.read_text("utf-8-sig"))) for cell in row]
            assert [cell for cell in cells if re.match(r"[=+@\t\r]|-(?!\d|$)", cell)] == [], one.name
        else:
            with zipfile.ZipFile(one) as parts:
                text = parts.read("content.xml").decode()
            assert "table:formula" not in text
            assert "<script" not in text


@live
def test_a_terminal_shows_it_and_obeys_nothing_of_it(office: Office, capfd: pytest.CaptureFixture[str]) -> None:
    call_id, folder, month = office.test.record.call_id, str(office.running.site.folder), month_of(office)
    for words in (["list"], ["show", call_id], ["ladder", call_id], ["figures", "month", month]):
        for more in ([], ["--json"]):
            assert run(["--agency", folder, "--lang", "en", *words, *more]) in (0, 1)
            told = capfd.readouterr()
            assert obeyed(told.out + told.err) == [], words
            assert SIGN.search(told.out) or words[0] in ("list", "figures")
    use_language(BOTH)
