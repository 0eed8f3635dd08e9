"""The second factor under attack: half a session, guesses from everywhere, codes used at once, secrets looked for."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyotp
import pytest
from kept_calls import agency_with_units
from test_web_rights import letter, path_of, table
from test_web_second_factor import STEP, half_way, log_in, newcomer, set_up
from web_pages import NOW, PASSWORD, Answer, Client, Running, add_person

from harness.store import open_store
from harness.web import sessions
from harness.web.accounts import remove_person, reset_second_factor, set_password, set_roles
from harness.web.recovery_codes import new_codes
from harness.web.rights import Role
from harness.web.second_factor import new_salt, secret_of
from harness.web.sessions import MOST_CODES, MOST_OF_ADDRESS, WINDOW
from harness.web.sockets import declared_sockets

pytest_plugins = ("web_fixtures",)
AT_ONCE = 8


def with_factor(running: Running, login: str, roles: tuple[Role, ...] = (Role.TESTER,)) -> str:
    """An account with a second factor, made without its pages: its secret."""
    with open_store(running.site.folder / "thirdring.db") as store:
        add_person(store, login, name=f"測試 {login}", roles=list(roles))
        return given_factor(store, running.site.folder, login)[0]


def given_factor(store: Any, folder: Path, login: str) -> tuple[str, tuple[str, ...]]:
    salt, (written, kept) = new_salt(), new_codes()
    secret = secret_of(folder, login, salt, store)
    store.second_factors.offer(login, salt, NOW)
    assert store.second_factors.confirm(login, salt, step=1, codes=kept)
    return secret, written


def at_once(do: Callable[[int], Any], times: int = AT_ONCE) -> list[Any]:
    """Do something so often at the same time."""
    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(do, range(times)))


@pytest.fixture(autouse=True)
def _no_guesses_before(agency: Any) -> None:
    """What one test guessed from this machine is not counted in the next."""
    with open_store(agency.database) as store:
        store.failed_logins.forget(login="", before=NOW + timedelta(days=9))


# --- half a session ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.CONVENER, Role.TESTER])
def test_half_a_session_is_on_every_route_what_nobody_is(role: Role, alone: Running) -> None:
    login = f"half-{role.value}"
    with_factor(alone, login, (role,))
    client, found = half_way(alone, login), {}
    half = dict(client.cookies)
    for (method, path), wanted in table().items():
        where = path_of(path)
        answer = client.post(where, {"csrf": "wrong"}) if method == "POST" else client.get(where)
        got = "o" if (path, answer.status) in ALLOWED else letter(answer)
        client.cookies = dict(half)
        if got != {"/login/code": "o", "/logout": "l"}.get(path, wanted[None]):
            found[method, path] = (got, answer.status)
    assert found == {}
    with open_store(alone.site.folder / "thirdring.db") as store:
        assert store.sessions.of_person(login) == []


ALLOWED = {("/login", 401), ("/login/code", 401)}
"""A log-in, or a code, that does not fit."""


def test_half_a_session_opens_no_socket_and_no_file(alone: Running) -> None:
    with_factor(alone, "half-socket")
    client = half_way(alone, "half-socket")
    assert declared_sockets()
    upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec_websocket_version": "13", "origin": alone.url}
    for one in declared_sockets():
        answer = client.get(path_of(one.path), sec_websocket_key="AAAAAAAAAAAAAAAAAAAAAA==", **upgrade)
        assert answer.status in (401, 403)
    assert client.send("HEAD", "/calls/c-done/recording", None, {}).status == 303


def test_the_cookie_of_half_a_session_is_no_less_closed_and_no_longer_than_the_code_is_waited_for(
    alone: Running, clock: Any
) -> None:
    secret = with_factor(alone, "half-cookie")
    client = alone.client()
    answer = client.post("/login", {"login": "half-cookie", "password": PASSWORD, "next": "/"})
    cookie = answer.headers["set-cookie"].lower()
    assert all(one in cookie for one in ("httponly", "samesite=lax", "path=/"))
    assert "no-store" in client.get("/login/code").headers["cache-control"]
    alone.site.secure = True
    try:
        other = alone.client().post("/login", {"login": "half-cookie", "password": PASSWORD, "next": "/"})
        assert other.headers["set-cookie"].startswith("__Host-")
        assert "secure" in other.headers["set-cookie"].lower()
    finally:
        alone.site.secure = False
    clock.now += timedelta(minutes=10, seconds=1)
    late = client.post("/login/code", {"code": pyotp.TOTP(secret).at(clock.now), "next": "/"})
    assert (late.status, late.headers["location"]) == (303, "/login")


def test_who_plants_half_a_session_gets_nothing_by_the_code_of_another(alone: Running, clock: Any) -> None:
    mine, theirs = with_factor(alone, "planter"), with_factor(alone, "planted")
    victim, planter = alone.client(), half_way(alone, "planter")
    victim.cookies = dict(planter.cookies)
    assert victim.post("/login/code", {"code": pyotp.TOTP(theirs).at(clock.now), "next": "/"}).status == 401
    assert planter.get("/").status == 303
    victim.post("/login", {"login": "planted", "password": PASSWORD, "next": "/"})
    assert victim.cookies != planter.cookies
    assert victim.post("/login/code", {"code": pyotp.TOTP(theirs).at(clock.now), "next": "/"}).status == 303
    assert (planter.get("/").status, victim.get("/me").status) == (303, 200)
    assert planter.post("/login/code", {"code": pyotp.TOTP(mine).at(clock.now), "next": "/"}).status == 303
    assert "planted" not in planter.get("/me").text


# --- guesses and odd codes -----------------------------------------------------------------------------------


def from_address(running: Running, address: str, cookies: dict[str, str], code: str) -> int:
    """Give a code from another address of this machine; the answer's status."""
    host, port = running.url.removeprefix("http://").split(":")
    told = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    told |= {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    with closing(HTTPConnection(host, int(port), timeout=240, source_address=(address, 0))) as wire:
        wire.request("POST", "/login/code", urlencode({"code": code, "next": "/"}), told)
        return wire.getresponse().status


def test_guesses_at_an_account_are_counted_over_all_sessions_and_addresses_at_once(alone: Running, clock: Any) -> None:
    secret = with_factor(alone, "far-and-wide")
    halves = [half_way(alone, "far-and-wide").cookies for _ in range(3 * MOST_CODES)]
    said = at_once(lambda n: from_address(alone, f"127.0.1.{n + 1}", halves[n], "000000"), 3 * MOST_CODES)
    assert (said.count(401), said.count(429)) == (MOST_CODES, 2 * MOST_CODES)
    right = pyotp.TOTP(secret).at(clock.now)
    assert from_address(alone, "127.0.1.200", halves[0], right) == 429
    clock.now += WINDOW + STEP
    assert log_in(alone, "far-and-wide", pyotp.TOTP(secret).at(clock.now)) is not None


def test_guesses_of_an_address_are_counted_over_all_accounts(alone: Running, clock: Any) -> None:
    logins = [f"spread-{n}" for n in range(MOST_OF_ADDRESS // 5 + 1)]
    secrets = [with_factor(alone, one) for one in logins]
    halves = [half_way(alone, one).cookies for one in logins]
    for n in range(MOST_OF_ADDRESS):
        assert from_address(alone, "127.0.2.1", halves[n % (len(logins) - 1)], "000000") == 401
    right = pyotp.TOTP(secrets[-1]).at(clock.now)
    assert from_address(alone, "127.0.2.1", halves[-1], right) == 429
    assert from_address(alone, "127.0.2.2", halves[-1], right) == 303


def test_who_has_no_password_cannot_use_up_the_codes_of_somebody(alone: Running, clock: Any) -> None:
    secret = with_factor(alone, "shut-out")
    for name in ("code shut-out", "code  shut-out", "shut-out"):
        for _ in range(MOST_CODES - 1):
            assert alone.client().post("/login", {"login": name, "password": "a guess"}).status == 401
    alone.client().post("/login", {"login": "code shut-out", "password": "a guess"})
    assert log_in(alone, "shut-out", pyotp.TOTP(secret).at(clock.now)) is not None


ODD = (
    *(
        "",
        " ",
        "-",
        "0" * 80,
        "0" * 60_000,
        "12345",
        "1234567",
        "１２３４５６",
        "٠١٢٣٤٥",
        "\0" * 6,
        "12\x00456",
        "None",
    ),
    *("' OR 1=1 --", "%s%s%s%s%s%s", "١٢٣٤٥٦", "-00001", "+00001", "0x0001", "1e5", "\ud7ff" * 6, "Ⅻ" * 12, "AB" * 6),
)


@pytest.mark.parametrize("code", ODD, ids=lambda code: repr(code[:12]))
def test_no_odd_code_is_one_or_breaks_anything(code: str, alone: Running) -> None:
    login = f"odd-{ODD.index(code)}"
    with_factor(alone, login)
    client = half_way(alone, login)
    assert client.post("/login/code", {"code": code, "next": "/"}).status == 401
    assert client.get("/").status == 303


def test_a_code_that_is_no_text_is_none(alone: Running) -> None:
    with_factor(alone, "no-text")
    client = half_way(alone, "no-text")
    kind = {"content_type": "application/x-www-form-urlencoded", "sec_fetch_site": "same-origin"}
    for body in (b"code=%ff%fe%00", b"code=%ed%a0%80&code=1", b"code[]=1", b"=", b"code"):
        assert client.send("POST", "/login/code", body, dict(kind)).status in (400, 401)
    edge = {"content_type": "multipart/form-data; boundary=e", "sec_fetch_site": "same-origin"}
    part = b'--e\r\nContent-Disposition: form-data; name="code"; filename="x"\r\n\r\n000000\r\n--e--\r\n'
    assert client.send("POST", "/login/code", part, edge).status in (400, 401)
    assert client.get("/").status == 303


def test_codes_of_other_steps_are_none_and_a_later_one_ends_those_before(alone: Running, clock: Any) -> None:
    secret = with_factor(alone, "steps")
    totp = pyotp.TOTP(secret)
    for n in (-20, -3, -2, 2, 3, 2880):
        assert log_in(alone, "steps", totp.at(clock.now + n * STEP)) is None
    clock.now += WINDOW + STEP
    assert log_in(alone, "steps", totp.at(clock.now + STEP)) is not None
    for n in (1, 0, -1):
        assert log_in(alone, "steps", totp.at(clock.now + n * STEP)) is None


# --- at the same moment --------------------------------------------------------------------------------------


def change_of(what: str, store: Any, agency: Any, login: str) -> None:
    """What an administrator, or the owner on another machine, does."""
    told: dict[str, Any] = {"who": "x"}
    if what == "password":
        set_password(store, login, password="一句別人不知道的話 97", now=NOW, **told)
    elif what == "roles":
        set_roles(store, agency, login, roles=[Role.AUDITOR], unit="", **told)
    elif what == "factor set":
        given_factor(store, agency.folder, login)
    elif what == "factor reset":
        reset_second_factor(store, login, **told)
    else:
        remove_person(store, login, **told)


@pytest.mark.parametrize("what", ["password", "roles", "factor set", "removed"])
def test_what_ends_all_sessions_ends_one_that_is_being_begun(
    what: str, alone: Running, agency: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To look at a password takes tens of milliseconds; whoever has an old one may log in just then."""
    login = newcomer(alone, f"begun-{what.replace(' ', '-')}")
    looked, fits = list[str](), sessions.fits

    def meanwhile(kept: str | None, typed: str) -> bool:
        if not looked:
            looked.append(typed)
            with open_store(agency.database) as store:
                change_of(what, store, agency, login)
        return fits(kept, typed)

    monkeypatch.setattr(sessions, "fits", meanwhile)
    client = alone.client()
    assert client.post("/login", {"login": login, "password": PASSWORD, "next": "/"}).status == 401
    assert looked
    assert client.get("/").headers["location"].startswith("/login")


@pytest.mark.parametrize("what", ["password", "roles", "factor reset", "removed"])
def test_a_code_begins_no_session_of_an_account_that_is_not_the_same_any_more(
    what: str, alone: Running, agency: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = f"code-{what.replace(' ', '-')}"
    secret = with_factor(alone, login)
    client, accepted = half_way(alone, login), sessions.accepted

    def meanwhile(*given: Any, **named: Any) -> str | None:
        found = accepted(*given, **named)
        with open_store(agency.database) as store:
            change_of(what, store, agency, login)
        return found

    monkeypatch.setattr(sessions, "accepted", meanwhile)
    assert client.post("/login/code", {"code": pyotp.TOTP(secret).at(clock.now), "next": "/"}).status == 401
    assert client.get("/").headers["location"].startswith("/login")


def test_of_two_confirmations_at_once_one_has_the_recovery_codes(alone: Running, clock: Any) -> None:
    login = newcomer(alone, "twice")
    client = alone.client()
    client.log_in(login)
    shown = client.post("/me/second-factor/begin", {"own_password": PASSWORD}).text
    secret = re.search(r'<dd class="hash"><code>([A-Z2-7 ]+)</code>', shown)[1].replace(" ", "")  # type: ignore[index]
    told = {"code": pyotp.TOTP(secret).at(clock.now)}
    said = at_once(lambda _: client.post("/me/second-factor/confirm", told))
    shown_codes = [re.findall(r"<li><code>([0-9A-Z-]+)</code>", one.text) for one in said]
    assert sorted(one.status for one in said) == [200] + [409] * (AT_ONCE - 1)
    assert sum(map(bool, shown_codes)) == 1
    assert log_in(alone, login, max(shown_codes)[0]) is not None


# --- who sees the secret, who takes it away ------------------------------------------------------------------


def test_the_secret_is_shown_to_nobody_else_and_by_no_page_again(alone: Running, clock: Any) -> None:
    login = newcomer(alone, "watched")
    owner = alone.client()
    owner.log_in(login)
    begun = owner.post("/me/second-factor/begin", {"own_password": PASSWORD})
    assert "no-store" in begun.headers["cache-control"]
    secret, codes = set_up(owner, clock)
    with open_store(alone.site.folder / "thirdring.db") as store:
        salt = str(store.people.of(login)["factor_salt"])
    hidden = [secret, salt, *codes, " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))]
    readers = [owner, alone.client(Role.ADMINISTRATOR), alone.client(Role.AUDITOR)]
    for reader in readers:
        for path in [path_of(path) for method, path in table() if method == "GET" and path.startswith(TOLD)]:
            text = reader.get(path.replace("/reviewer", f"/{login}")).body.decode("utf-8", "replace")
            assert [one for one in hidden if one in text] == [], path


TOLD = ("/settings", "/me", "/healthz", "/login")
"""Pages that tell of accounts, and of what was done with them."""


@pytest.mark.parametrize("role", [one for one in Role if one is not Role.ADMINISTRATOR])
def test_nobody_but_an_administrator_takes_a_factor_away(role: Role, alone: Running, clock: Any) -> None:
    login = f"kept-{role.value}"
    secret = with_factor(alone, login)
    path = f"/settings/people/{login}/second-factor"
    assert alone.client(role).post(path, {"own_password": PASSWORD}).status == 403
    with_factor(alone, f"half-{login}", (Role.ADMINISTRATOR,))
    answer = half_way(alone, f"half-{login}").post(path, {"own_password": PASSWORD})
    assert answer.headers["location"].startswith("/login")
    assert log_in(alone, login, pyotp.TOTP(secret).at(clock.now)) is not None


# --- a running server ----------------------------------------------------------------------------------------


@dataclass
class Served:
    """`thirdring serve` in a process of its own."""

    folder: Path
    url: str
    process: subprocess.Popen[str]

    def half(self, login: str) -> Client:
        """Who has given the password."""
        client = Client(self.url)
        answer = client.post("/login", {"login": login, "password": PASSWORD, "next": "/"})
        assert answer.headers["location"].startswith("/login/code")
        return client


def url_in(line: str) -> str:
    """The address that a server says it is reached by."""
    found = re.search(r"http://(\S+)/", line)
    assert found, line
    return found[1]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    agency = agency_with_units(tmp_path / "agency")
    with open_store(agency.database) as store:
        add_person(store, "many", name="一人", roles=[Role.TESTER])
    command = [sys.executable, "-m", "harness.cli", "--agency", str(agency.folder), "serve", "--port", "0", "--no-run"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        try:
            yield Served(agency.folder, url_in(process.stderr.readline()), process)
        finally:
            process.terminate()
            process.communicate()


@pytest.mark.waits
def test_a_code_that_is_given_many_times_at_once_is_one_session_and_no_secret_is_said(served: Served) -> None:
    with open_store(served.folder / "thirdring.db") as store:
        secret, codes = given_factor(store, served.folder, "many")
    for code in (pyotp.TOTP(secret).at(datetime.now(UTC)), codes[0]):
        halves = [served.half("many") for _ in range(AT_ONCE // 2)] * 2  # two windows of each
        before = [dict(one.cookies) for one in halves]
        cookies = [Client(served.url) for _ in halves]
        for one, held in zip(cookies, before, strict=True):
            one.cookies = held
        said = at_once(lambda n: told(cookies[n].post("/login/code", {"code": code, "next": "/"})))  # noqa: B023
        assert said.count((303, "/")) == 1
        # A window whose other one was let in meanwhile is no more half-way: it is sent to begin anew.
        assert set(said) <= {(303, "/"), (303, "/login"), (401, ""), (429, "")}
        assert [one.get("/me").status for one in cookies].count(200) == 1
        with open_store(served.folder / "thirdring.db") as store:
            assert len(store.sessions.of_person("many")) == 1
            store.sessions.end_all("many")
            store.failed_logins.forget(login=code_key("many"), before=NOW)
    served.process.terminate()
    out, err = served.process.communicate(timeout=240)
    assert [one for one in (secret, *codes, PASSWORD) if one in out + err] == []


def told(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.headers.get("location", "")


def code_key(login: str) -> str:
    return f"code {sessions.digest_of(login)}"
