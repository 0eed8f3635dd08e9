"""`thirdring run`: the programme as a process on a real telephone, and what it tells people."""

from __future__ import annotations

import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from agency_folder import make_agency
from sip_peer import Dialog, SipPeer

from harness.agency import Agency
from harness.errors import ENVIRONMENT_FAILED, AgencyError
from harness.programme.events import Event
from harness.programme.month_plan import MonthPlan, PlannedTest
from harness.programme.notify import Mail, Notify, said, tell_people
from harness.programme.seal import seal_of
from harness.programme.settings import read_programme
from harness.programme.systemd import unit_file
from harness.store import open_store

NUMBERS = ("0227000201", "0227000202")
NEEDED = Event(at=datetime(2026, 12, 1, 2, tzinfo=UTC), what="unknown", test="2026-12-1-desk", detail={"why": "void"})


def busy(peer: SipPeer, dialog: Dialog) -> None:
    """A telephone that is engaged."""
    peer.respond(dialog, 486, "Busy Here")


def planned_now(folder: Path, address: str) -> Agency:
    """An agency whose drawn month has its two tests due now."""
    agency = make_agency(folder, dict.fromkeys(NUMBERS, address))
    now = datetime.now(UTC)
    month = f"{now.astimezone(agency.zone):%Y-%m}"
    at = now.astimezone(agency.zone) - timedelta(seconds=30)
    tests = tuple(PlannedTest(at=at, id=f"{month}-1-u{n}", round=1, unit=f"u{n}") for n in NUMBERS)
    plan = MonthPlan(month=month, seed="s", drawn_at=now, inputs="", tests=tests)
    with open_store(agency.database) as store:
        store.plans.add(month, seal=seal_of(plan), plan=plan.to_dict(), now=now)
    return agency


@contextmanager
def running(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """`thirdring run` as a process of its own."""
    command = [sys.executable, "-m", "harness.cli", "--agency", str(folder), "--lang", "en", "run", *words]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    process = subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()


def states(agency: Agency) -> list[str]:
    with open_store(agency.database) as store:
        months = [row["month"] for row in store.plans.months()]
        return [one["state"] for one in store.plans.tests(months[0])]


def test_what_is_due_is_dialled_once_on_the_real_telephone_and_dialled_again_later(tmp_path: Path) -> None:
    with SipPeer(busy) as peer:
        agency = planned_now(tmp_path / "agency", peer.address)
        with running(agency.folder, "--once") as process:
            _, told = process.communicate(timeout=60)
        assert process.returncode == 0, told
        assert len(peer.dialogs) == 2
        assert states(agency) == ["again", "again"]
        assert told.count("to be dialled again") == 2
        with running(agency.folder, "--once") as process:
            process.communicate(timeout=60)
        assert len(peer.dialogs) == 2  # its ten minutes are not over


def test_one_process_runs_an_agency_and_a_stop_is_orderly(tmp_path: Path) -> None:
    with SipPeer(busy) as peer:
        agency = planned_now(tmp_path / "agency", peer.address)
        with running(agency.folder) as first:
            assert peer.wait(lambda: len(peer.dialogs) == 2, 30)
            with running(agency.folder, "--once") as second:
                _, told = second.communicate(timeout=60)
            assert second.returncode == ENVIRONMENT_FAILED
            assert "Another thirdring run" in told
            first.send_signal(signal.SIGTERM)
            first.communicate(timeout=30)
        assert first.returncode == 0
        assert "claimed" not in states(agency)


def failing(peer: SipPeer, dialog: Dialog) -> None:
    """A trunk that fails."""
    peer.respond(dialog, 503, "Service Unavailable")


def test_a_line_that_fails_is_our_fault_and_nobodys_zero(tmp_path: Path) -> None:
    with SipPeer(failing) as peer:
        agency = planned_now(tmp_path / "agency", peer.address)
        with running(agency.folder, "--once") as process:
            process.communicate(timeout=60)
    assert set(states(agency)) == {"again"}
    with open_store(agency.database) as store:
        month = store.plans.months()[0]["month"]
        assert {one["detail"]["outcome"] for one in store.plans.tests(month)} == {"fault_ours"}


# --- telling people -----------------------------------------------------------------------------------------


class Mailbox(socketserver.StreamRequestHandler):
    """As much of an SMTP server as smtplib asks for."""

    def handle(self) -> None:
        say = lambda line: self.wfile.write(line.encode() + b"\r\n")  # noqa: E731
        say("220 here")
        while line := self.rfile.readline().decode().strip():
            self.server.heard.append(line)  # type: ignore[attr-defined]
            if line.upper() == "DATA":
                say("354 go on")
                while (more := self.rfile.readline()) != b".\r\n":
                    self.server.mail.append(more.decode())  # type: ignore[attr-defined]
            if line.upper() == "QUIT":
                say("221 bye")
                return
            say("250 fine")


class Hook(BaseHTTPRequestHandler):
    """Takes a POST."""

    def do_POST(self) -> None:
        self.server.taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def serving(server: socketserver.BaseServer, **lists: list[object]) -> Iterator[int]:
    vars(server).update(lists)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]  # type: ignore[misc, index]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def test_what_needs_a_person_is_mailed_and_posted() -> None:
    heard: list[object] = []
    mail: list[object] = []
    taken: list[object] = []
    lines: list[str] = []
    with (
        serving(socketserver.TCPServer(("127.0.0.1", 0), Mailbox), heard=heard, mail=mail) as smtp,
        serving(HTTPServer(("127.0.0.1", 0), Hook), taken=taken) as hook,
    ):
        box = Mail(server="127.0.0.1", port=smtp, security="none", sender="a@example.org", to=("b@example.org",))
        told = Notify(mail=box, webhook=f"http://127.0.0.1:{hook}/x")
        tell_people(NEEDED, told, agency="測試機關", line=lines.append)
    assert lines == [said(NEEDED)]
    assert [str(line).upper() for line in heard if "b@example.org" in str(line)] == ["RCPT TO:<B@EXAMPLE.ORG>"]
    assert any("Subject: =?utf-8?" in str(line) for line in mail)
    assert [(one["what"], one["test"]) for one in taken] == [("unknown", NEEDED.test)]  # type: ignore[index]


def test_a_server_that_is_not_there_stops_nothing() -> None:
    lines: list[str] = []
    box = Mail(server="127.0.0.1", port=1, security="none", sender="a@example.org", to=("b@example.org",))
    tell_people(NEEDED, Notify(mail=box, webhook="http://127.0.0.1:1/"), agency="測試機關", line=lines.append)
    assert len(lines) == 3
    assert "127.0.0.1" not in lines[0]


def test_what_needs_nobody_is_a_line_and_no_mail() -> None:
    lines: list[str] = []
    event = Event(at=datetime(2026, 12, 1, 2, tzinfo=UTC), what="done", test="t", detail={"outcome": "answered"})
    tell_people(event, Notify(webhook="http://127.0.0.1:1/"), agency="測試機關", line=lines.append)
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("rounds_per_month = 0.5\n", "rounds_per_month"),
        ("rounds = 1\n", "rounds"),
        ('[[testers]]\nname = "甲"\n[[testers]]\nname = "甲"\n', "甲"),
        ('[notify]\nwebhook = "ftp://x"\n', "webhook"),
        ("draw_day = 31\n", "draw_day"),
    ],
)
def test_a_wrong_programme_names_its_key(tmp_path: Path, text: str, names: str) -> None:
    (tmp_path / "programme.toml").write_text(text, encoding="utf-8")
    with pytest.raises(AgencyError) as raised:
        read_programme(tmp_path)
    assert names in str(raised.value)
    assert "programme.toml" in str(raised.value)


def test_the_unit_file_names_the_folder_and_stops_in_order(tmp_path: Path) -> None:
    text = unit_file(tmp_path / "我 的機關")
    assert f'--agency "{tmp_path}/我 的機關" run' in text
    assert "KillSignal=SIGTERM" in text
