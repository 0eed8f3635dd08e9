"""What somebody tries who wants in, wants what is not theirs, or wants the pages down."""

import ast
import json
import queue
import re
import socket
import stat
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import uvicorn
from kept_calls import agency_with_units
from web_pages import NOW, PASSWORD, Client, Running, add_person, serving

from harness.cli.program import run
from harness.errors import WrongInput
from harness.imported.names import read_name
from harness.spreadsheets import read_sheets
from harness.store import open_store
from harness.web import gate, passwords, patience, sessions
from harness.web.pages import calls
from harness.web.rights import Role
from harness.web.serve import Reached, server_settings
from harness.web.sessions import MOST_OF_ADDRESS, MOST_OF_LOGIN
from harness.web.site import Site

pytest_plugins = ("web_fixtures",)
ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "asvs.md"


@pytest.fixture
def alone(agency):
    with open_store(agency.database) as store, store.writing():
        store._db.execute("DELETE FROM failed_logins")
    with serving(Site(folder=agency.folder, clock=lambda: NOW)) as running:
        yield running


def test_guesses_sent_all_at_once_are_as_many_guesses(alone: Running, monkeypatch):
    told, go_on = queue.Queue(), threading.Event()

    def slow(kept, password):
        told.put("looked at")
        return not go_on.wait(240)

    monkeypatch.setattr(sessions, "fits", slow)
    count = MOST_OF_LOGIN + 4
    asking = [
        threading.Thread(target=lambda: told.put(alone.client().log_in("convener", "guess").status))
        for _ in range(count)
    ]
    for one in asking:
        one.start()
    seen = [told.get(timeout=240) for _ in range(count)]
    go_on.set()
    for one in asking:
        one.join(240)
    assert (seen.count("looked at"), seen.count(429)) == (MOST_OF_LOGIN, count - MOST_OF_LOGIN)


def test_no_account_takes_as_long_as_a_wrong_password(alone: Running, monkeypatch):
    """What takes the time is the hash: it is worked out once either way, and not at all once too much was guessed."""
    kept = list[str]()

    class Counting:
        def verify(self, hashed, password):
            kept.append(hashed)
            return real.verify(hashed, password)

        def hash(self, password):
            return real.hash(password)

    real = passwords._hasher
    monkeypatch.setattr(passwords, "_hasher", Counting())
    client = alone.client()
    for login in ("auditor", "nobody-of-that-name"):
        assert client.log_in(login, "a guess that is wrong 1").status == 401
    assert len(kept) == 2
    assert all(one.startswith("$argon2id$") for one in kept)
    assert {re.sub(r"[^$]+\$[^$]+$", "", one) for one in kept} == {re.sub(r"[^$]+\$[^$]+$", "", kept[0])}  # same cost


def test_a_cookie_that_somebody_planted_is_no_session_after_the_log_in(alone: Running):
    client, planted = alone.client(), "planted-by-somebody-else"
    client.cookies["thirdring"] = planted
    assert client.log_in("auditor").status == 303
    assert client.cookies["thirdring"] != planted
    thief = alone.client()
    thief.cookies["thirdring"] = planted
    assert thief.get("/").status == 303


@pytest.mark.parametrize("charset", ["unicode_escape", "undefined", "punycode", "utf-8; charset=utf-16", '"utf-7"'])
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b", "application/x-www-form-urlencoded"])
def test_a_form_in_an_encoding_of_no_text_is_refused_before_it_is_read(kind, charset, server: Running):
    client = server.client(Role.CONVENER)
    body = '--b\r\nContent-Disposition: form-data; name="unit"\r\n\r\n\\ud800\r\n--b--\r\n'
    head = {"content_type": f"{kind}; charset={charset}", "sec_fetch_site": "same-origin"}
    assert client.send("POST", "/settings/unit", body, head).status == 400


def test_one_machine_does_not_lock_somebody_out_of_another(agency):
    names = frozenset({"a.example"})
    with serving(Site(folder=agency.folder, names=names, secure=True, proxy="127.0.0.1", clock=lambda: NOW)) as running:

        def enters(address, password):
            values = {"login": "unit", "password": password}
            return running.client().post("/login", values, host="a.example", x_forwarded_for=address).status

        assert {enters("203.0.113.9", "wrong") for _ in range(MOST_OF_LOGIN)} == {401}
        assert enters("203.0.113.9", PASSWORD) == 429
        assert enters("203.0.113.10", PASSWORD) == 303


def test_who_finds_a_page_open_cannot_guess_its_owners_password_there(alone: Running):
    client = alone.client(Role.AUDITOR)
    new = "另一句沒有人知道的話 77"
    tried = [client.post("/me/password", {"now": f"guess {n}", "new": new}).status for n in range(MOST_OF_LOGIN + 1)]
    assert tried == [422] * MOST_OF_LOGIN + [429]
    assert client.post("/me/password", {"now": PASSWORD, "new": new}).status == 429


@pytest.mark.parametrize(
    "lines", [("{}, 198.51.100.4",), ("{}", "198.51.100.4"), ("{}, nonsense",)], ids=["one", "two", "no address"]
)
def test_behind_a_proxy_nobody_chooses_the_address_that_guesses_are_counted_by(lines, agency):
    """A proxy appends to the line, or as a line of its own."""
    with serving(Site(folder=agency.folder, names=frozenset({"a.example"}), secure=True, proxy="127.0.0.1")) as running:
        host, port = running.url.removeprefix("http://").split(":")
        sent = "\r\n".join(f"X-Forwarded-For: {line.format('203.0.113.9')}" for line in lines)
        asked = f"POST /login HTTP/1.1\r\nHost: a.example\r\n{sent}\r\nSec-Fetch-Site: same-origin\r\nConnection: close"
        body = "login=tester&password=wrong"
        head = f"{asked}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection((host, int(port)), timeout=240) as plain:
            plain.sendall((head + body).encode())
            assert plain.recv(12) == b"HTTP/1.1 401"
            while plain.recv(65536):
                pass
    with open_store(agency.database) as store:
        (newest,) = store.log.newest(limit=1)
    assert newest["detail"]["address"] == ("" if "nonsense" in lines[0] else "198.51.100.4")
    assert MOST_OF_ADDRESS > MOST_OF_LOGIN


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("path", ["/", "/today/stream", "/calls/c-open/recording", "/login"])
def test_no_other_page_fetches_or_frames_ours(path, site, alone: Running):
    """A page on another port of this machine is of the same site, and its requests carry the cookie."""
    client = alone.client(Role.CONVENER)
    for mode, kind in (("no-cors", "audio"), ("cors", "empty"), ("navigate", "iframe")):
        assert client.get(path, sec_fetch_site=site, sec_fetch_mode=mode, sec_fetch_dest=kind).status == 403
    led = client.get("/", sec_fetch_site=site, sec_fetch_mode="navigate", sec_fetch_dest="document")
    assert led.status == 200


def test_what_breaks_before_a_page_can_be_made_tells_nothing_and_has_every_header(alone: Running):
    settings = alone.site.folder / "agency.toml"
    kept = settings.read_bytes()
    whole = alone.client().get("/login").headers
    settings.write_bytes(b"secret = [ broken")
    try:
        answer = alone.client().get("/login")
    finally:
        settings.write_bytes(kept)
    assert answer.status == 500
    assert "secret" not in answer.text
    assert re.search(r"[0-9a-f]{8}", answer.text)
    assert set(whole) - {"content-length", "content-type", "date"} <= set(answer.headers)


def test_a_database_that_cannot_be_opened_is_no_to_whoever_asks_for_health(alone: Running):
    database = alone.site.folder / "thirdring.db"
    database.rename(database.with_suffix(".kept"))
    database.write_bytes(b"no database at all" * 99)
    try:
        told = alone.client().get("/healthz")
    finally:
        database.with_suffix(".kept").rename(database)
    assert (told.status, json.loads(told.text)["checks"]["database"]) == (503, False)
    assert alone.client().get("/healthz").status == 200


@pytest.mark.parametrize("name", ["thirdring.db", "agency.toml", "recordings"])
def test_only_sound_is_a_recording(name, server: Running):
    with serving(Site(folder=server.site.folder, clock=lambda: NOW)) as running:
        client = running.client(Role.CONVENER)
        row = {"call_id": f"c-{name}", "unit": "u2", "number": "1", "scenario": "s", "outcome": "answered"}
        row |= {"started_at": "2026-11-15T10:00:00+08:00", "recording_path": name}
        with open_store(server.site.folder / "thirdring.db") as store:
            store.add_call(row, record={})
        assert client.get(f"/calls/c-{name}/recording").status == 404
    assert set(calls.SOUNDS) == {".flac", ".wav"}


def test_many_ranges_are_not_many_copies(server: Running):
    client = server.client(Role.CONVENER)
    size = len(client.get("/calls/c-open/recording").body)
    overlapping = ",".join(f"{n}-" for n in range(90))
    assert len(client.get("/calls/c-open/recording", range=f"bytes={overlapping}").body) <= size
    too_many = ",".join(f"{n * 2}-{n * 2}" for n in range(2000))
    assert len(client.get("/calls/c-open/recording", range=f"bytes={too_many}").body) <= size
    assert client.get("/calls/c-open/recording", range=f"bytes=0-{10**30}").status == 206


@pytest.mark.parametrize("length", [True, False], ids=["told", "in chunks"])
def test_a_body_that_is_too_long_is_not_read(length, server: Running):
    client = server.client(Role.CONVENER)
    host, port = client.host.split(":")
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    kind = f"Content-Length: {1 << 40}" if length else "Transfer-Encoding: chunked"
    head = (
        f"POST /me/preferences HTTP/1.1\r\nHost: {client.host}\r\nCookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=240) as plain:
        plain.sendall(f"{head}Content-Type: application/x-www-form-urlencoded\r\n{kind}\r\n\r\n".encode())
        if not length:
            plain.sendall(b"%x\r\n" % (2 << 20) + b"a" * (2 << 20))
        assert plain.recv(12) == b"HTTP/1.1 413"


def test_a_form_that_does_not_arrive_is_not_waited_for(alone: Running, monkeypatch):
    monkeypatch.setattr(gate, "SLOWEST_S", 0.1)
    monkeypatch.setattr(gate, "SLOWEST_BYTES_PER_S", 1e9)
    host, port = alone.url.removeprefix("http://").split(":")
    head = f"POST /login HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 100\r\n"
    with socket.create_connection((host, int(port)), timeout=240) as plain:
        plain.sendall(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\nlogin=".encode())
        assert plain.recv(12) == b"HTTP/1.1 408"


@pytest.mark.parametrize("said", [b"", b"GET /login HTTP/1.1\r\nHost: loc"], ids=["nothing", "half a head"])
def test_a_connection_that_asks_nothing_is_closed(said, alone: Running, monkeypatch):
    monkeypatch.setattr(patience, "HEAD_S", 0.2)
    host, port = alone.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=240) as plain:
        plain.sendall(said)
        assert plain.recv(10) == b""


def test_half_a_head_after_a_whole_request_is_not_waited_for_either(alone: Running, monkeypatch):
    host, port = alone.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=240) as plain:
        plain.sendall(f"HEAD /login HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert plain.recv(65536).startswith(b"HTTP/1.1 200")
        monkeypatch.setattr(patience, "HEAD_S", 0.2)
        plain.sendall(b"GET /log")
        assert plain.recv(10) == b""


@pytest.mark.parametrize("fields", ["{any}{any}{any}{any}", "{any}-" * 12])
def test_a_pattern_that_would_try_every_way_to_part_a_name_is_refused(fields):
    """Python's regular expressions cannot be stopped, and hold up every other thread, the calls' too."""
    with pytest.raises(WrongInput, match="any"):
        read_name("-" * 24 + ".wav", fields + "x", ZoneInfo("Asia/Taipei"))
    assert read_name("a-b-c-0912.wav", "{any}-{any}-{any}-{number}", ZoneInfo("Asia/Taipei")).number == "0912"


def spreadsheet(path, last_cell):
    """A file of little more than a kilobyte, with a figure in the first cell and in another one."""
    main, office = "http://schemas.openxmlformats.org", "application/vnd.openxmlformats-officedocument.spreadsheetml"
    relation, head = f"{main}/officeDocument/2006/relationships", '<?xml version="1.0"?>'
    relations = f'{head}<Relationships xmlns="{main}/package/2006/relationships"><Relationship Id="rId1" Type='
    row = re.sub(r"[A-Z]", "", last_cell)
    parts = {
        "[Content_Types].xml": f'{head}<Types xmlns="{main}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{office}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{office}.worksheet+xml"/></Types>',
        "_rels/.rels": f'{relations}"{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'{relations}"{relation}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'{head}<workbook xmlns="{main}/spreadsheetml/2006/main" xmlns:r="{relation}">'
        '<sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": f'{head}<worksheet xmlns="{main}/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        f'<row r="{row}"><c r="{last_cell}"><v>2</v></c></row></sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w") as made:
        for name, text in parts.items():
            made.writestr(name, text)
    return path


@pytest.mark.parametrize("last_cell", ["XFD1048576", "Z1048576"])
def test_a_small_spreadsheet_with_a_far_cell_takes_nothing_down(last_cell, tmp_path):
    assert read_sheets(spreadsheet(tmp_path / "small.xlsx", "B2")) == {"a": [[1.0, ""], ["", 2.0]]}
    with pytest.raises(ValueError, match=r"large|cells"):
        read_sheets(spreadsheet(tmp_path / "far.xlsx", last_cell))


@pytest.mark.parametrize(
    ("roles", "method", "path"),
    [
        ([Role.UNIT, Role.REVIEWER], "POST", "/calls/c-other/review/object"),
        ([Role.UNIT, Role.CONVENER], "POST", "/improvements/c-other/answer"),
        ([Role.TESTER, Role.CONVENER], "POST", "/calls/c-mine/sheet/sign"),
        ([Role.TESTER, Role.REVIEWER], "POST", "/calls/c-mine/sheet/draft"),
        ([Role.TESTER, Role.AUDITOR], "POST", "/calls/c-mine/sheet/opinion"),
        ([Role.UNIT, Role.AUDITOR], "GET", "/calls/c-open/recording"),
        ([Role.TESTER, Role.AUDITOR], "GET", "/calls/c-mine/sound/spectrogram"),
    ],
)
def test_no_right_of_one_role_reaches_what_only_another_role_sees(roles, method, path, alone: Running):
    login = "-".join([*roles, *path.split("/")[2:]])
    with open_store(alone.site.folder / "thirdring.db") as store:
        add_person(store, login, name=f"兼任 {login}", roles=roles, unit="u1")
        before = store.get_call(path.split("/")[2])
    client = alone.client()
    client.log_in(login)
    values = {"reason": "不是我的", "text": "不是我的", "changed": "A3.1", "A3.1:met": "yes"}
    answer = client.post(path, values) if method == "POST" else client.get(path)
    assert answer.status == 404
    with open_store(alone.site.folder / "thirdring.db") as store:
        assert store.get_call(before["call_id"]) == before
        assert store.drafts.of(before["call_id"], f"兼任 {login}") is None
        assert store.reviews.of(before["call_id"]) == []


@pytest.mark.parametrize(
    ("roles", "call_id", "here", "not_here"),
    [
        ([Role.UNIT, Role.REVIEWER], "c-other", "/opinion", "/review/object"),
        ([Role.UNIT, Role.AUDITOR], "c-open", "/sheet", "<audio"),
        ([Role.UNIT, Role.AUDITOR], "c-done", "<audio", "/opinion"),
    ],
)
def test_a_page_offers_what_its_reader_may_do_with_this_very_call(roles, call_id, here, not_here, alone: Running):
    login = f"offered{call_id}{len(here)}{len(not_here)}"
    with open_store(alone.site.folder / "thirdring.db") as store:
        add_person(store, login, name=f"兼任 {login}", roles=roles, unit="u1")
    client = alone.client()
    client.log_in(login)
    html = client.get(f"/calls/{call_id}/review").text
    assert here in html
    assert not_here not in html


def test_two_people_of_one_name_are_not_taken_for_one(tmp_path, monkeypatch, capsys):
    folder = agency_with_units(tmp_path / "agency").folder
    for login, name, status in (("wang", "王小明", 0), ("wang2", "王　小明", 2), ("lee", " ", 2)):
        monkeypatch.setattr("harness.cli.user._password", lambda _: (False, PASSWORD))
        asked = ["user", "add", login, "--name", name, "--role", "tester", "--password-stdin"]
        assert run(["--agency", str(folder), *asked]) == status
    assert "wang" in capsys.readouterr().err


def test_a_token_that_can_be_guessed_is_refused(tmp_path, capsys):
    folder = agency_with_units(tmp_path / "agency").folder
    (tmp_path / "token").write_text("short\n")
    assert run(["--agency", str(folder), "serve", "--metrics-token-file", str(tmp_path / "token")]) == 2
    assert "short" not in capsys.readouterr().err.replace("too short", "").replace("太短", "")


def test_tls_is_no_weaker_than_recommended(tmp_path):
    certificate, key = tmp_path / "cert", tmp_path / "key"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", str(key)]
    subprocess.run([*made, "-out", str(certificate)], check=True, capture_output=True)
    told = uvicorn.Config("x:y", **server_settings(Reached(certificate=certificate, key=key)))
    told.app = lambda: None
    told.load()
    assert told.ssl.minimum_version.name == "TLSv1_2"
    assert all(one["aead"] for one in told.ssl.get_ciphers())
    assert all(one["kea"] in ("kx-ecdhe", "kx-any") for one in told.ssl.get_ciphers())


def test_what_the_server_writes_is_not_for_every_account_of_the_machine(agency):
    command = [sys.executable, "-m", "harness.cli", "--agency", str(agency.folder), "serve", "--port", "0", "--no-run"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        url = re.search(r"http://(\S+)/", process.stderr.readline())[1]
        assert Client(url).get("/login").status == 200
        mask = re.search(r"^Umask:\s*(\d+)", Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE)
        process.terminate()
        process.stderr.read()
        assert process.wait(240) == 0
    assert int(mask[1], 8) & 0o007 == 0o007


def test_a_new_database_is_its_owners_alone(tmp_path):
    with open_store(tmp_path / "thirdring.db"):
        pass
    assert stat.S_IMODE((tmp_path / "thirdring.db").stat().st_mode) == 0o600


def test_the_table_of_the_standard_names_tests_that_are_there():
    named = set(re.findall(r"`(test_\w+\.py)(?:::(\w+))?`", TABLE.read_text(encoding="utf-8")))
    assert len(named) > 10
    for file, function in sorted(named):
        path = ROOT / "tests" / file
        assert path.is_file(), file
        functions = {one.name for one in ast.parse(path.read_text("utf-8")).body if isinstance(one, ast.FunctionDef)}
        assert not function or function in functions, f"{file}::{function}"
