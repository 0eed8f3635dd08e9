"""What people bring goes through the agency's virus scanner, where it has one, before anything reads it."""

from __future__ import annotations

import io
import json
import socketserver
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from web_pages import NOW, Running

from harness.agency import Agency, load_agency
from harness.agency_writer import change_agency
from harness.errors import AgencyError, EnvironmentFailed, Refused, WrongInput
from harness.store import open_store
from harness.virus_scan import scan
from harness.web.rights import Role

pytest_plugins = ("web_fixtures",)
BAD = b"this stands for a virus"
MOST = 1 << 20


class Clamd(socketserver.StreamRequestHandler):
    """The far end of INSTREAM, as clamd(8) has it: chunks with their length, then one reply."""

    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\0"
        body = b""
        while size := struct.unpack(">I", self.rfile.read(4))[0]:
            body += self.rfile.read(size)
            if len(body) > MOST:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.wfile.write(b"stream: Some.Test.Virus FOUND\0" if BAD in body else b"stream: OK\0")


@pytest.fixture(scope="module")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("clamd") / "clamd.ctl"
    with socketserver.ThreadingUnixStreamServer(str(path), Clamd) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield str(path)
        server.shutdown()
        thread.join()


@pytest.fixture
def set_to(agency: Agency) -> Iterator[object]:
    def write(value: str | None) -> None:
        with open_store(agency.database) as store:
            change_agency(agency.folder, {("clamd",): value}, store=store, who="x", now=NOW)

    yield write
    write(None)


def sound(*, bad: bool = False) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(8000), 8000, format="WAV")
    return file.getvalue() + (BAD if bad else b"")


@pytest.mark.parametrize("size", [0, 1, 1 << 16, (1 << 16) + 1, 300_000])
def test_a_file_is_scanned_whole_and_read_from_its_beginning_afterwards(size: int, clamd: str) -> None:
    for content in (b"a" * size, b"a" * size + BAD):
        file = io.BytesIO(content)
        if BAD in content:
            with pytest.raises(Refused, match="Some"):
                scan(file, name="x", clamd=clamd)
        else:
            scan(file, name="x", clamd=clamd)
        assert file.read() == content


def test_what_is_longer_than_it_takes_is_not_taken_for_clean(clamd: str) -> None:
    with pytest.raises(EnvironmentFailed):
        scan(io.BytesIO(b"a" * (8 * MOST)), name="x", clamd=clamd)


def test_what_the_scanner_finds_is_refused_logged_and_never_kept(
    server: Running, agency: Agency, clamd: str, set_to: object
) -> None:
    set_to(clamd)  # type: ignore[operator]
    admin, tester = server.client(Role.ADMINISTRATOR), server.client(Role.TESTER)
    for client, path, told in ((admin, "/settings/sounds", {"name": "x"}), (tester, "/import", {"unit": "u2"})):
        field = "files" if path == "/import" else "file"
        body = _form(field, sound(bad=True), {"csrf": client.csrf} | told)
        answer = client.send("POST", path, *body)
        assert (answer.status, "Some.Test.Virus" in answer.text) == (409, True)
    assert not (agency.folder / "sounds" / "x.wav").exists()
    with open_store(agency.database) as store:
        assert [row["who"] for row in store.log.named("virus_found")] == ["陳小華", "系統管理者"]
    assert admin.upload("/settings/sounds", "a.wav", sound(), {"name": "x"}).status == 303


def test_of_a_folder_what_is_found_is_named_and_what_was_not_scanned_ends_it(
    server: Running, agency: Agency, clamd: str, set_to: object, tmp_path: Path
) -> None:
    client, told = server.client(Role.TESTER), {"unit": "u2"}
    set_to(clamd)  # type: ignore[operator]
    answer = client.send("POST", "/import/folder", *_form("files", sound(bad=True), {"csrf": client.csrf} | told))
    found = json.loads(answer.text)
    assert (found["kept"], len(found["wrong"]), "Some.Test.Virus" in found["wrong"][0]) == (0, 1, True)
    set_to(str(tmp_path / "none.ctl"))  # type: ignore[operator]
    body, headers = _form("files", sound(), {"csrf": client.csrf} | told)
    assert client.send("POST", "/import/folder", body, headers).status == 503


def test_what_was_not_scanned_is_not_taken(server: Running, agency: Agency, set_to: object, tmp_path: Path) -> None:
    set_to(str(tmp_path / "none.ctl"))  # type: ignore[operator]
    answer = server.client(Role.ADMINISTRATOR).upload("/settings/sounds", "a.wav", sound(), {"name": "y"})
    assert (answer.status, "none.ctl" in answer.text) == (503, True)
    assert not (agency.folder / "sounds" / "y.wav").exists()


@pytest.mark.parametrize("value", ["192.0.2.1:3310", "clamav.example:3310", "run/clamd.ctl", "127.0.0.1"])
def test_recordings_do_not_travel_to_a_scanner_elsewhere(value: str, agency: Agency, set_to: object) -> None:
    with pytest.raises((AgencyError, WrongInput)):
        set_to(value)  # type: ignore[operator]
    assert load_agency(agency.folder).settings.clamd == ""


def _form(field: str, content: bytes, values: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    edge = "an-edge-that-is-in-no-file"
    parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in values.items()]
    head = f'--{edge}\r\nContent-Disposition: form-data; name="{field}"; filename="a.wav"\r\n\r\n'
    body = "".join([*parts, head]).encode() + content + f"\r\n--{edge}--\r\n".encode()
    return body, {"content_type": f"multipart/form-data; boundary={edge}", "sec_fetch_site": "same-origin"}
