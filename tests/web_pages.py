"""The pages for the tests: an agency with units, calls and a plan; a server in a thread; a browser; a person a role.

A test module that says `pytest_plugins = ("web_fixtures",)` has the fixtures made of this.
"""

from __future__ import annotations

import http.client
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import soundfile
import uvicorn
from argon2 import PasswordHasher
from kept_calls import agency_with_units, keep_call
from rubric_cases import best, call, leg

from harness.agency import Agency
from harness.store import open_store
from harness.web import passwords
from harness.web.app import make_app
from harness.web.rights import Role
from harness.web.serve import Reached, server_settings
from harness.web.site import Site

# The real cost of a password is tested once (test_web_login.py); here it would be most of the time.
REAL_HASHER = passwords._hasher
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
ROOT = Path(__file__).parent.parent
PASSWORD = "一句只有測試才知道的話 42"
TOKEN = "a token for machines"
NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
"""Monday morning in Taipei: the pages' clock in the tests."""
NAMES = {
    Role.TESTER: "陳小華",
    Role.CONVENER: "林召集",
    Role.REVIEWER: "黃複評",
    Role.UNIT: "一課代表",
    Role.AUDITOR: "吳稽核",
    Role.ADMINISTRATOR: "系統管理者",
    Role.OUTSIDE_TESTER: "外部測試",
}
EXAMPLES = {
    "call_id": "c-open",
    "month": "2026-11",
    "unit": "u1",
    "period": "2026-11",
    "name": "none.odt",
    "login": "reviewer",
    "line": "main",
    "site": "hq",
    "tester": "nobody",
    "telephone": "nobody",
    "form": "keelung-102",
    "scenario": "extension-direct",
    "plan": "tw",
    "sound": "courtesy.wav",
    "step": "units",
}
"""For each name in braces of a path: one that the walk over all routes takes."""
PROMPT = {"rings": 1, "answer_latency_earliest_s": 2.0, "answer_latency_latest_s": 2.0}
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "sudo apt-get install --no-install-recommends chromium fonts-noto-cjk"


def login_of(role: Role) -> str:
    """The account of a role."""
    return role.value.replace("-", "")


def furnish(folder: Path) -> Agency:
    """An agency of three units, an account a role, four calls (one to be scored, two done, one without its sound)."""
    agency = agency_with_units(folder)
    make_sound(folder / "recordings" / "c-open.flac")
    make_sound(folder / "recordings" / "c-done.flac")
    slow = call(legs={"ivr": leg(1, 2.0), "operator": leg(3, 7.4), "unit": leg(6, (16.2, 17.6))})
    late = {"rings": 6, "answer_latency_earliest_s": 16.2, "answer_latency_latest_s": 17.6}
    keep_call(agency, "c-open", slow, None, unit="u2", day=date(2026, 11, 20), columns=late)
    keep_call(agency, "c-done", call(), best(), unit="u1", day=date(2026, 11, 19), columns=PROMPT)
    keep_call(agency, "c-other", call(), best(), unit="u3", day=date(2026, 11, 18), columns=PROMPT)
    keep_call(agency, "c-mine", call(), None, unit="u1", day=date(2026, 11, 17), columns=PROMPT)
    with open_store(agency.database) as store:
        for role, name in NAMES.items():
            unit = {Role.UNIT: "u1", Role.TESTER: "u1"}.get(role, "")
            add_person(store, login_of(role), name=name, roles=[role], unit=unit)
    return agency


def add_person(store: Any, login: str, *, name: str, roles: list[Role], unit: str = "") -> None:
    """An account with PASSWORD."""
    store.people.add(login, name=name, unit=unit, roles=[str(role) for role in roles], password=_hash(), now=NOW)


@cache
def _hash() -> str:
    return passwords.hashed(PASSWORD, login="somebody")


def make_sound(path: Path, *, seconds: float = 12.0) -> None:
    """A recording of two rings and a voice-like hum."""
    t = np.arange(int(seconds * 8000)) / 8000
    ring = (np.sin(2 * np.pi * 440 * t) + np.sin(2 * np.pi * 480 * t)) * ((t % 3 < 1) & (t < 4))
    hum = np.sin(2 * np.pi * 180 * t) * (t > 5) * (1 + np.sin(2 * np.pi * 3 * t))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.15 * ring + 0.1 * hum, 8000, subtype="PCM_16")


@dataclass
class Running:
    """A server under test."""

    site: Site
    """What it knows."""
    url: str
    """Where it is, http://127.0.0.1:port."""

    def client(self, role: Role | None = None) -> Client:
        """A client that is logged in as a role; None: as nobody."""
        made = Client(self.url.removeprefix("http://"))
        if role is not None:
            made.log_in(login_of(role))
        return made


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Client:
    """A browser without a screen: cookies, the token of forms, no redirects followed."""

    def __init__(self, host: str) -> None:
        self.host, self.cookies, self.csrf = host, dict[str, str](), ""

    def get(self, path: str, **headers: str) -> Answer:
        """GET, where `x_y` is the header X-Y."""
        return self.send("GET", path, None, headers)

    def post(self, path: str, values: dict[str, str] | None = None, **headers: str) -> Answer:
        """POST a form with its token, as a page of the server would."""
        told = {"csrf": self.csrf} | (values or {})
        return self.send("POST", path, urlencode(told), {"sec_fetch_site": "same-origin"} | headers)

    def upload(self, path: str, name: str, content: bytes, values: dict[str, str] | None = None) -> Answer:
        """POST a form with one file in it, in the field `file`."""
        edge = "an-edge-that-is-in-no-file"
        told = {"csrf": self.csrf} | (values or {})
        parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in told.items()]
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = "".join([*parts, head]).encode() + content + f"\r\n--{edge}--\r\n".encode()
        kind = {"content_type": f"multipart/form-data; boundary={edge}", "sec_fetch_site": "same-origin"}
        return self.send("POST", path, body, kind)

    def send(self, method: str, path: str, body: str | bytes | None, headers: dict[str, str]) -> Answer:
        """One request."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            told["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            told = {"Content-Type": "application/x-www-form-urlencoded"} | {k.title(): v for k, v in told.items()}
        connection = http.client.HTTPConnection(self.host, timeout=240)
        try:
            connection.request(method, path, body, told)
            response = connection.getresponse()
            self._keep(response.headers.get_all("set-cookie") or [])
            stream = "event-stream" in response.headers.get("content-type", "")
            read = b"" if stream or method == "HEAD" else response.read()
            return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, read)
        finally:
            connection.close()

    def log_in(self, login: str, password: str = PASSWORD) -> Answer:
        """Log in and learn the token of forms."""
        answer = self.post("/login", {"login": login, "password": password, "next": "/"})
        if answer.status == 303 and not answer.headers["location"].startswith("/login"):
            page = self.get("/me")  # or where one has to do something first
            self.csrf = token_in((page if page.status == 200 else self.get(page.headers["location"])).text)
        return answer

    def _keep(self, found: list[str]) -> None:
        for one in found:
            name, _, value = one.partition(";")[0].partition("=")
            if value and value != '""':
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)


def token_in(html: str) -> str:
    """The token of a page's forms."""
    found = re.search(r'name="csrf" value="([^"]+)"', html)
    assert found
    return found[1]


def without_nonce(html: str) -> str:
    """A page without what differs each time it is asked for."""
    return re.sub(r'nonce="[^"]+"', "", html)


@contextmanager
def serving(site: Site) -> Iterator[Running]:
    """A server in a thread on a free port."""
    heard = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(make_app(site), **server_settings(Reached()) | {"timeout_graceful_shutdown": 1})
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [heard]}, daemon=True)
    thread.start()
    try:
        yield Running(site, f"http://127.0.0.1:{heard.getsockname()[1]}")
    finally:
        site.stopping.set()
        server.should_exit = True
        thread.join(20)
        heard.close()


WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
LOOKS = ("color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable")
"""What a page's colours and width change; everything else is the same page."""


def violations(page: Any, *, only: tuple[str, ...] = WCAG) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA on a page, as it is now; with LOOKS, against those rules alone."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text(encoding="utf-8"))  # by the browser's own tools: the policy does not allow it
    kind = {"type": "tag" if only == WCAG else "rule", "values": list(only)}
    found = page.evaluate("kind => axe.run(document, {runOnly: kind, preload: false})", kind)
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}" for one in found["violations"]]


def later(minutes: float) -> datetime:
    """A moment after NOW."""
    return NOW + timedelta(minutes=minutes)
