"""Messages to people go to who was written down, by a way that nobody else reads, and say no secret when they fail."""

from __future__ import annotations

import json
import smtplib
import socket
import socketserver
import ssl
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from message_sinks import Hook, Mailbox, serving
from pydantic import ValidationError

from harness.errors import AgencyError
from harness.programme.events import Event
from harness.programme.notify import Mail, Notify, Told, said, tell_people
from harness.programme.settings import read_programme

NEEDED = Event(at=datetime(2026, 12, 1, 2, tzinfo=UTC), what="unknown", test="2026-12-1-desk", detail={"why": "void"})


def to(settings: Notify) -> Told:
    return Told(agency="測試機關", zone=UTC, settings=settings)


def test_a_message_calls_a_unit_by_its_name_and_one_that_has_left_by_its_id() -> None:
    event = replace(NEEDED, unit="desk")
    assert "服務台 (2026-12-1-desk)" in said(event, UTC, {"desk": "服務台"})
    assert "desk (2026-12-1-desk)" in said(event, UTC, {})


CERTIFICATES = Path(__file__).parent / "certificates"


class TlsMailbox(Mailbox):
    """The same behind TLS, with a certificate that nobody vouches for."""

    def setup(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / "by-address.pem")
        with suppress(OSError):  # the client hangs up
            self.request = context.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.request.close()


@pytest.mark.parametrize("trusted", [False, True])
def test_who_has_no_certificate_that_counts_gets_neither_mail_nor_password(
    trusted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "ca.pem"))
    heard: list[object] = []
    lines: list[str] = []
    with serving(socketserver.TCPServer(("127.0.0.1", 0), TlsMailbox), heard=heard, mail=[]) as smtp:
        box = Mail(server="127.0.0.1", port=smtp, security="tls", sender="a@b.example", to=("c@d.example",))
        tell_people([NEEDED], to(Notify(mail=box)), line=lines.append)
    assert bool(heard) is trusted
    assert ["CERTIFICATE_VERIFY_FAILED" in line for line in lines] == ([] if trusted else [True])


def test_starttls_asks_for_a_certificate_too(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[ssl.SSLContext] = []

    def starttls(self: smtplib.SMTP, *, context: ssl.SSLContext) -> None:
        asked.append(context)
        raise ConnectionError

    monkeypatch.setattr(smtplib.SMTP, "starttls", starttls)
    with serving(socketserver.TCPServer(("127.0.0.1", 0), Mailbox), heard=[], mail=[]) as smtp:
        box = Mail(server="127.0.0.1", port=smtp, security="starttls", sender="a@b.example", to=("c@d.example",))
        tell_people([NEEDED], to(Notify(mail=box)), line=lambda _: None)
    assert [(one.verify_mode, one.check_hostname) for one in asked] == [(ssl.CERT_REQUIRED, True)]


@pytest.mark.parametrize("name", ["甲\r\nBcc: x@y.example", "甲\n乙", "甲\u2028乙", "甲\x0b乙"])
def test_an_agency_of_two_lines_is_mailed_all_the_same_and_adds_no_header(name: str) -> None:
    mail: list[object] = []
    lines: list[str] = []
    with serving(socketserver.TCPServer(("127.0.0.1", 0), Mailbox), heard=[], mail=mail) as smtp:
        box = Mail(server="127.0.0.1", port=smtp, security="none", sender="a@b.example", to=("c@d.example",))
        tell_people([NEEDED], replace(to(Notify(mail=box)), agency=name), line=lines.append)
    assert lines == []
    assert not [one for one in mail if str(one).startswith("Bcc")]
    assert any(str(one).startswith("Subject:") for one in mail)


class Elsewhere(BaseHTTPRequestHandler):
    """Sends whoever asks to another path of its own."""

    def do_POST(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/inside")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.taken.append(self.path)  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal."""


def test_a_webhook_that_leads_elsewhere_is_not_followed_and_is_told() -> None:
    lines: list[str] = []
    taken: list[object] = []
    with serving(HTTPServer(("127.0.0.1", 0), Elsewhere), taken=taken) as hook:
        tell_people([NEEDED], to(Notify(webhook=f"http://127.0.0.1:{hook}/x")), line=lines.append)
    assert taken == []
    assert "302" in lines[0]


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/hush\x7fhush", "http://127.0.0.1:hush/", "http://hush\u2100.x/"]
)
def test_a_webhook_that_cannot_be_read_does_not_stand_in_the_log(address: str) -> None:
    lines: list[str] = []
    tell_people([NEEDED], to(Notify.model_construct(webhook=address)), line=lines.append)
    assert "webhook" in lines[0]
    assert "hush" not in lines[0]


@pytest.mark.parametrize(
    "address",
    [
        *("ftp://h/hush", "file:///etc/hush", "https://", "https:///hush", "//h/hush", "https://h:0/hush", "hush"),
        *("https://h:99999/hush", "https://u:hush@h/", "http://127.0.0.1@h.example/hush", "https://h\u2100.x/hush"),
        *("http://127.0.0.1\\@h.example/hush", "https://h/hush hush", "https://h/\r\nX: hush", "https://[::1/hush"),
    ],
)
def test_what_is_no_address_of_a_webhook_is_refused_and_stands_in_no_message(address: str, tmp_path: Path) -> None:
    (tmp_path / "programme.toml").write_text(f"[notify]\nwebhook = {json.dumps(address)}\n", encoding="utf-8")
    with pytest.raises(AgencyError, match="webhook") as refused:
        read_programme(tmp_path)
    assert "hush" not in refused.value.sentence("zh") + refused.value.sentence("en")


ANYWHERE = (
    "https://hooks.example/x",
    "https://10.0.0.5/x",
    "http://127.0.0.1:9/x",
    "http://[::1]/x",
    "http://LOCALHOST/",
)
IN_WORDS = ("http://10.0.0.5/x", "http://192.168.1.9:8065/x", "http://[fd00::5]/x", "http://chat.agency.example/x")
NOWHERE = (
    *("http://203.0.114.7/x", "http://8.8.8.8/x", "http://[2606:4700::1]/x", "http://169.254.169.254/latest/x"),
    *("http://0.0.0.0/x", "http://[fe80::1]/x", "http://[::]/x", "http://[::ffff:8.8.8.8]/x"),
)


@pytest.mark.parametrize("said_so", [False, True])
def test_in_the_clear_a_webhook_stays_inside_and_leaves_this_machine_where_that_is_said(said_so: bool) -> None:
    fine = set[str]()
    for address in (*ANYWHERE, *IN_WORDS, *NOWHERE):
        with suppress(ValidationError):
            fine.add(str(Notify(webhook=address, webhook_in_the_clear=said_so).webhook))
    assert fine == {*ANYWHERE, *(IN_WORDS if said_so else ())}


@pytest.mark.parametrize(("found", "sent"), [("127.0.0.1", True), ("8.8.8.8", False), ("169.254.169.254", False)])
def test_a_name_that_is_found_elsewhere_than_inside_gets_nothing_in_the_clear(
    found: str, sent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    taken: list[object] = []
    with serving(HTTPServer(("127.0.0.1", 0), Hook), taken=taken) as hook:
        ask, asked = socket.getaddrinfo, list[str]()

        def answers(host: str, *rest: Any, **more: Any) -> Any:
            asked.append(host)
            return ask(found if len(asked) == 1 else "127.0.0.1", *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", answers)
        address = f"http://chat.agency.example:{hook}/hush"
        tell_people([NEEDED], to(Notify(webhook=address, webhook_in_the_clear=True)), line=lines.append)
    assert (len(taken), ["chat.agency.example" in line for line in lines]) == ((1, []) if sent else (0, [True]))
    assert "hush" not in "".join(lines)


@pytest.mark.parametrize(
    "name", ["AWS_SECRET_ACCESS_KEY", "PATH", "THIRDRING_SECRET", "hush", "thirdring_mail_x", "X Y"]
)
def test_a_mail_server_is_sent_no_variable_but_one_that_was_set_for_it(name: str, tmp_path: Path) -> None:
    mail = 'server = "m.example"\nsender = "a@b.example"\nto = ["c@d.example"]\n'
    (tmp_path / "programme.toml").write_text(f'[notify.mail]\n{mail}secret_env = "{name}"\n', encoding="utf-8")
    with pytest.raises(AgencyError, match="THIRDRING_MAIL_") as refused:
        read_programme(tmp_path)
    assert name not in refused.value.sentence("zh") + refused.value.sentence("en")
    told = mail + 'secret_env = "THIRDRING_MAIL_SECRET"\n'
    (tmp_path / "programme.toml").write_text(f"[notify.mail]\n{told}", encoding="utf-8")
    assert read_programme(tmp_path).notify.mail is not None


def test_the_variable_that_was_set_is_what_the_server_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THIRDRING_MAIL_SECRET", "for the mail")
    given: list[object] = []
    monkeypatch.setattr(smtplib.SMTP, "login", lambda _, user, password: given.append((user, password)))
    with serving(socketserver.TCPServer(("127.0.0.1", 0), Mailbox), heard=[], mail=[]) as smtp:
        told = {"server": "127.0.0.1", "port": smtp, "security": "none", "user": "u", "to": ("c@d.example",)}
        box = Mail(sender="a@b.example", secret_env="THIRDRING_MAIL_SECRET", **told)
        tell_people([NEEDED], to(Notify(mail=box)), line=lambda _: None)
    assert given == [("u", "for the mail")]
