"""Telling people: a line on the terminal for everything, mail and webhook for what needs a person and for a hash.

A message that cannot be sent is a line on the terminal and nothing else: it never stops a test.
"""

from __future__ import annotations

import json
import os
import smtplib
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from email.message import EmailMessage
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from harness.errors import ThirdringError
from harness.programme.events import Event
from harness.programme.ways_out import HERE, MailVariable, Webhook, is_public, leads_out, stay_inside
from harness.store.plans import AGAIN, DONE, UNKNOWN
from harness.toml_file import Written
from harness.words import chosen, label, say

TIMEOUT_S = 20.0
Line = Callable[[str], None]
Address = Annotated[str, Field(pattern=r"^[^\s<>@]+@[^\s<>@]+$")]


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
    secret_env: MailVariable = ""
    """Environment variable that holds the password."""
    sender: Address
    """Who the mail is from."""
    to: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[^\s<>@]+@[^\s<>@]+$")], ...], Field(strict=False, min_length=1)
    ]
    """Who gets it."""

    @model_validator(mode="after")
    def _in_the_clear_on_this_machine_only(self) -> Self:
        if self.security == "none" and self.server.lower() not in HERE:
            raise PydanticCustomError("programme.mail_in_the_clear", "in the clear", {"server": self.server})
        return self


class Notify(Written):
    """How people are told."""

    mail: Mail | None = None
    """By mail."""
    webhook: Webhook | None = None
    """By a POST of JSON to this address."""
    webhook_in_the_clear: bool = False
    """Whether that may be http to another machine of a private network; to this one it always may."""

    @model_validator(mode="after")
    def _in_the_clear_where_that_is_said_only(self) -> Self:
        host = leads_out(self.webhook or "")
        if host and is_public(host):
            raise PydanticCustomError("programme.webhook_in_public", "in the clear", {"host": host})
        if host and not self.webhook_in_the_clear:
            raise PydanticCustomError("programme.webhook_in_the_clear", "in the clear", {"host": host})
        return self


def said(event: Event, zone: tzinfo = UTC, names: Mapping[str, str] | None = None) -> str:
    """An event as a line for people, in their own time, with the names of its unit where they are given. Times that
    are still to come are not told."""
    detail, unit = event.detail or {}, (names or {}).get(event.unit, event.unit)
    words = [f"{event.at.astimezone(zone):%Y-%m-%d %H:%M}", label(f"programme.event_{event.what}")]
    words += [f"{unit} ({event.test})" if unit and event.test else unit or event.test]
    words += ["; ".join(_more(event.what, detail))]
    words += [label("decided.how")] if event.what == UNKNOWN else []
    return " ".join(filter(None, words))


def _more(what: str, detail: dict[str, Any]) -> Iterator[str]:
    if detail.get("attempt", 1) > 1:
        yield label("programme.attempt", n=detail["attempt"])
    if "outcome" in detail and what != AGAIN:  # why it is dialled again says it
        yield label(f"outcome.{detail['outcome']}")
    if "answer_latency_s" in detail:
        span = detail["answer_latency_s"]
        yield label("programme.answered_after", earliest=f"{span['earliest']:.1f}", latest=f"{span['latest']:.1f}")
    if "why" in detail and what not in (DONE, "refused"):
        yield label(f"programme.why_{detail['why']}")
    yield from (str(detail[key]) for key in ("month", "seal") if key in detail)
    if "tests" in detail:
        yield label("programme.tests_over" if "over" in detail else "programme.tests", **detail)
    if "files" in detail:
        yield label("left.sound", files=", ".join(detail["files"]))
    if "zh" in detail:
        yield chosen(detail["zh"], detail["en"])


@dataclass(frozen=True, kw_only=True)
class Told:
    """Whom an agency tells."""

    agency: str
    """Name of the agency."""
    zone: tzinfo
    """Where it is."""
    settings: Notify
    """How its people are told."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What its units are called, by id."""


def tell_people(events: Sequence[Event], to: Told, *, line: Line) -> None:
    """Send events to people: one mail for all of them, a POST for each."""
    try:
        _mail(events, to)
    except Exception as error:  # whatever a server far away does: the programme goes on
        line(say("programme.not_told", kind="mail", reason=f"{type(error).__name__}: {error}"))
    try:
        for event in events:
            _post(event, to)
    except Exception as error:  # the others would wait as long for nothing
        line(say("programme.not_told", kind="webhook", reason=_without_address(error)))


class Messenger:
    """Tells people beside the programme, which never waits for a server: what gathers meanwhile goes as one mail."""

    def __init__(self, line: Line) -> None:
        self._line, self._lock = line, threading.Lock()
        self._waiting: list[tuple[Event, Told]] = []
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="messages")

    def tell(self, event: Event, to: Told) -> None:
        """Have an event sent, where it needs a person or says a month's hash."""
        if event.is_sent and (to.settings.mail or to.settings.webhook):
            with self._lock:
                self._waiting.append((event, to))
            self._sender.submit(self._send)

    def _send(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        if waiting:
            tell_people([event for event, _ in waiting], waiting[-1][1], line=self._line)

    def close(self) -> None:
        """Send what is still to be sent, as one mail."""
        self._sender.shutdown(cancel_futures=True)
        self._send()


def _mail(events: Sequence[Event], to: Told) -> None:
    mail = to.settings.mail
    if mail is None:
        return
    message = EmailMessage()
    message["From"], message["To"] = mail.sender, ", ".join(mail.to)
    whats = dict.fromkeys(label(f"programme.event_{event.what}", "zh") for event in events)
    subject = say("programme.mail_subject", "zh", agency=to.agency, what="、".join(whats))
    message["Subject"] = " ".join(subject.split())  # a name of two lines is no header: nothing would be sent
    lines = "\n".join(said(event, to.zone, to.names) for event in events)
    message.set_content(f"{lines}\n\n" + say("programme.mail_body"))
    with _connection(mail) as server:
        if mail.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if mail.user:
            server.login(mail.user, os.environ.get(mail.secret_env, ""))
        server.send_message(message)


def _connection(mail: Mail) -> smtplib.SMTP:
    # Without a context of ours smtplib asks nobody for a certificate, and gives whoever answers the password.
    if mail.security == "tls":
        return smtplib.SMTP_SSL(mail.server, mail.port, timeout=TIMEOUT_S, context=ssl.create_default_context())
    return smtplib.SMTP(mail.server, mail.port, timeout=TIMEOUT_S)


class _NoOtherPlace(urllib.request.HTTPRedirectHandler):
    """A message goes where the agency wrote, and nowhere that the server there may name."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoOtherPlace)


def _post(event: Event, to: Told) -> None:
    if to.settings.webhook is None:
        return
    stay_inside(to.settings.webhook)
    body = event.to_dict() | {"agency": to.agency, "text": said(event, to.zone, to.names)}
    data = json.dumps(body, ensure_ascii=False).encode()
    asked = urllib.request.Request(to.settings.webhook, data, {"Content-Type": "application/json; charset=utf-8"})
    with _OPENER.open(asked, timeout=TIMEOUT_S):
        pass


def _without_address(error: Exception) -> str:
    """What a webhook's server or the network said; an address that cannot be read stands in Python's own words."""
    if isinstance(error, ThirdringError):
        return str(error)
    told = f": {error}" if isinstance(error, OSError) else ""
    return f"{type(error).__name__}{told}"
