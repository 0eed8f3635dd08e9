"""Telling people: one line on the terminal for everything, a mail or a webhook for what needs a person.

A message that cannot be sent is a line on the terminal and nothing else: it never stops a test.
"""

from __future__ import annotations

import json
import os
import smtplib
import urllib.request
from collections.abc import Callable
from email.message import EmailMessage
from typing import Annotated, Any, Literal

from pydantic import Field

from harness.programme.events import Event
from harness.toml_file import Written
from harness.words import label, say

TIMEOUT_S = 20.0
Line = Callable[[str], None]
Address = Annotated[str, Field(pattern=r"^[^\s<>@]+@[^\s<>@]+$")]
_TOLD = ("month", "tests", "seal", "outcome", "why", "key", "zh")


class Mail(Written):
    """Where mail goes out; its password stays out of the file."""

    server: Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-]+$")]
    """The SMTP server."""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    """Its port."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is kept private; `none` only on the machine itself."""
    user: str = ""
    """User name; empty: none is asked for."""
    secret_env: str = ""
    """Environment variable that holds the password."""
    sender: Address
    """Who the mail is from."""
    to: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[^\s<>@]+@[^\s<>@]+$")], ...], Field(strict=False, min_length=1)
    ]
    """Who gets it."""


class Notify(Written):
    """How people are told."""

    mail: Mail | None = None
    """By mail."""
    webhook: Annotated[str, Field(pattern=r"^https?://[^\s]+$")] | None = None
    """By a POST of JSON to this address."""


def said(event: Event) -> str:
    """An event as a line for people. Times that are still to come are not told."""
    detail = event.detail or {}
    what = label(f"programme.event_{event.what}")
    more = ", ".join(
        str(detail[key]) for key in ("month", "tests", "seal", "outcome", "why", "key", "zh") if key in detail
    )
    return " ".join(part for part in (f"{event.at:%Y-%m-%d %H:%M}", what, event.test, more) if part)


def tell_people(event: Event, settings: Notify, *, agency: str, line: Line) -> None:
    """Print an event, and send it where it needs a person."""
    line(said(event))
    if not event.needs_person:
        return
    for kind, send in (("mail", _mail), ("webhook", _post)):
        try:
            send(event, settings, agency)
        except Exception as error:  # whatever a server far away does: the programme goes on
            line(say("programme.not_told", kind=kind, reason=f"{type(error).__name__}: {error}"))


def _mail(event: Event, settings: Notify, agency: str) -> None:
    mail = settings.mail
    if mail is None:
        return
    message = EmailMessage()
    message["From"], message["To"] = mail.sender, ", ".join(mail.to)
    message["Subject"] = say(
        "programme.mail_subject", "zh", agency=agency, what=label(f"programme.event_{event.what}", "zh")
    )
    message.set_content(said(event) + "\n\n" + say("programme.mail_body"))
    with _connection(mail) as server:
        if mail.security == "starttls":
            server.starttls()
        if mail.user:
            server.login(mail.user, os.environ.get(mail.secret_env, ""))
        server.send_message(message)


def _connection(mail: Mail) -> smtplib.SMTP:
    kind = smtplib.SMTP_SSL if mail.security == "tls" else smtplib.SMTP
    return kind(mail.server, mail.port, timeout=TIMEOUT_S)


def _post(event: Event, settings: Notify, agency: str) -> None:
    if settings.webhook is None:
        return
    detail = {k: v for k, v in (event.detail or {}).items() if k != "attempts"}
    body: dict[str, Any] = {"schema": "thirdring.event/1", "agency": agency, "at": event.at.isoformat()}
    body |= {"what": event.what, "test": event.test, "detail": detail, "text": said(event)}
    data = json.dumps(body, ensure_ascii=False).encode()
    asked = urllib.request.Request(settings.webhook, data, {"Content-Type": "application/json; charset=utf-8"})
    with urllib.request.urlopen(asked, timeout=TIMEOUT_S):
        pass
