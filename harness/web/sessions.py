"""Logging in and out: sessions lie in the database, where they can be revoked; a cookie holds a secret and no more."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from harness.store import Store
from harness.store.connection import Row
from harness.web.owed import Owed, owed_by
from harness.web.passwords import fits
from harness.web.person import Person
from harness.web.problems import TooOften
from harness.web.second_factor import accepted
from harness.web.site import Site

IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
"""Writing the moment of every request would be a write for every page."""
WINDOW = timedelta(minutes=15)
MOST_OF_LOGIN, MOST_OF_ADDRESS, MOST_ANYWHERE = 8, 40, 100
"""Failures within WINDOW, after which nobody is let in: to an account from one address, from an address, to an account
from anywhere. The last is high: otherwise one machine could lock somebody out of all others."""
MOST_CODES = 8
"""Wrong codes to an account within WINDOW, from anywhere: whoever types them has the password."""
ENDS_SESSIONS = ("password", "roles", "unit", "factor_salt", "created_at")
"""Columns of an account whose change ends all its sessions; the last: it is another account of the same name."""
CODE_WITHIN = timedelta(minutes=10)
"""From the password to the code."""
FIRST_PASSWORD_LASTS = timedelta(days=14)
"""A password that somebody else knows opens nothing after so long."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """A person's session."""

    digest: str
    """SHA-256 of the cookie's secret: the key in the database."""
    person: Person
    """Whose it is."""
    csrf: str
    """What every form of it must carry."""
    owed: Owed | None = None
    """What the person has to do before anything else; until then the person has no role."""


def cookie_name(site: Site) -> str:
    """A browser takes the prefix from https only, and then from this host and its whole path only."""
    return "__Host-thirdring" if site.secure else "thirdring"


def session_of(request: Request, site: Site, store: Store, *, in_use: bool = True) -> Session | None:
    """The session that a request belongs to; None: it has none, it ran out, or its code was not given yet.

    What a page asks for by itself is no sign of somebody there: not `in_use`, it does not keep the session alive.
    """
    row = _row_of(request, site, store)
    if row is None or row["wants_code"]:
        return None
    now, seen = site.clock(), datetime.fromisoformat(row["seen_at"])
    if now - datetime.fromisoformat(row["began_at"]) > LONGEST or now - seen > IDLE:
        store.sessions.end(row["digest"])
        return None
    if in_use and now - seen > SEEN_EVERY:
        store.sessions.seen(row["digest"], now)
    person = Person.of(row, years=site.agency().settings.years)
    owed = owed_by(person, row, site)
    if owed is not None:
        person = replace(person, roles=frozenset())
    return Session(digest=row["digest"], person=person, csrf=row["csrf"], owed=owed)


def half_way(request: Request, site: Site, store: Store) -> Row | None:
    """The account of who has given the password and still has to give a code; None: nobody, or too long ago."""
    row = _row_of(request, site, store)
    if row is None or not row["wants_code"]:
        return None
    if site.clock() - datetime.fromisoformat(row["began_at"]) > CODE_WITHIN:
        store.sessions.end(row["digest"])
        return None
    return store.people.find(row["login"])


def _row_of(request: Request, site: Site, store: Store) -> Row | None:
    secret = request.cookies.get(cookie_name(site), "")
    return store.sessions.of(digest_of(secret)) if secret else None


@dataclass(frozen=True, kw_only=True)
class LoggedIn:
    """What came of a log-in whose password was right."""

    secret: str = ""
    """The cookie's; empty: there is no session."""
    wants_code: bool = False
    """Whether a code is still wanted."""
    too_old: bool = False
    """Whether the password was an administrator's, and is too old: no session."""


def log_in(login: str, password: str, request: Request, site: Site, store: Store) -> LoggedIn | None:
    """Begin a session where the password fits, or half of one where a code is wanted; None: it does not fit.

    Raises TooOften before it looks at the password.
    """
    now, row = site.clock(), store.people.find(login)
    if not proven(row, login, password, request, site, store) or row is None:
        # People type their password into the wrong field: what is no account is kept nowhere.
        _note(store, "login_failed", row, request, now)
        return None
    first_at = row["first_password_at"]
    if first_at is not None and now - datetime.fromisoformat(first_at) > FIRST_PASSWORD_LASTS:
        _note(store, "first_password_old", row, request, now)
        return LoggedIn(too_old=True)
    store.sessions.sweep(began_before=now - LONGEST, seen_before=now - IDLE)
    wants_code = row["factor_salt"] is not None
    secret = _begin(row, request, store, now, wants_code=wants_code)
    if secret is None:
        return None
    if not wants_code:
        _note(store, "logged_in", row, request, now)
    return LoggedIn(secret=secret, wants_code=wants_code)


def give_code(row: Row, code: str, request: Request, site: Site, store: Store) -> str | None:
    """Begin the whole session of who is half-way, and give its cookie's secret; None: the code does not fit.

    Raises TooOften before it looks at the code.
    """
    kind, now = code_fits(row, code, request, site, store), site.clock()
    if kind is None:
        return None
    told = {"left": store.second_factors.codes_left(row["login"])} if kind == "recovery_code" else {}
    half, secret = _row_of(request, site, store), _begin(row, request, store, now)
    if half is not None:
        store.sessions.end(half["digest"])
    if secret is not None:
        _note(store, "logged_in", row, request, now, by=kind, **told)
    return secret


def code_fits(row: Row, code: str, request: Request, site: Site, store: Store) -> str | None:
    """What a code was, `code` or `recovery_code`; None: it does not fit, or was given before. Raises TooOften.

    Wrong ones are counted by themselves, or the password of whoever has it would forgive them; and with the
    passwords to an address."""
    login, now, address = str(row["login"]), site.clock(), _address(request)
    tried = f"code {digest_of(login)}"  # not a digest: no name that somebody types at the log-in is counted there
    with store.writing():
        _, of_account, by_address = store.failed_logins.since(now - WINDOW, login=tried, address=address)
        if of_account >= MOST_CODES or by_address >= MOST_OF_ADDRESS:
            raise TooOften(int(WINDOW.total_seconds() // 60))
        store.failed_logins.note(tried, address, now)
    kind = accepted(row, code, folder=site.folder, store=store, now=now)
    if kind is None:
        _note(store, "code_refused", row, request, now)
    else:
        store.failed_logins.forget(login=tried, before=now - WINDOW)
    return kind


def _begin(row: Row, request: Request, store: Store, now: datetime, *, wants_code: bool = False) -> str | None:
    """A new session of an account, its secret; None where the account is not any more what was looked at.

    To look at a password takes its time: what ends all sessions meanwhile ends this one before it begins.
    """
    secret, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    agent = request.headers.get("user-agent", "")[:120]
    with store.writing():
        found = store.people.find(row["login"])
        if found is None or any(found[one] != row[one] for one in ENDS_SESSIONS):
            return None
        told = {"login": str(row["login"]), "csrf": csrf, "agent": agent}
        store.sessions.begin(digest_of(secret), **told, now=now, wants_code=wants_code)
    return secret


def _note(store: Store, what: str, row: Row | None, request: Request, now: datetime, **told: object) -> None:
    detail = {"login": row["login"] if row else None, "address": _address(request)} | told
    store.log.write(what, who=row["name"] if row else "—", detail=detail, now=now)


def proven(row: Row | None, login: str, password: str, request: Request, site: Site, store: Store) -> bool:
    """Whether a password is the account's; guesses are counted, wherever they are made. Raises TooOften."""
    now, address, tried = site.clock(), _address(request), digest_of(login)
    with store.writing():  # counted before it is looked at: guesses that are sent at once are as many guesses
        here, by_login, by_address = store.failed_logins.since(now - WINDOW, login=tried, address=address)
        if here >= MOST_OF_LOGIN or by_login >= MOST_ANYWHERE or by_address >= MOST_OF_ADDRESS:
            raise TooOften(int(WINDOW.total_seconds() // 60))
        store.failed_logins.note(tried, address, now)
    if not fits(row["password"] if row else None, password):
        return False
    store.failed_logins.forget(login=tried, before=now - WINDOW)
    return True


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def hand_out(response: Response, secret: str, site: Site) -> None:
    """Put a session's secret into the browser."""
    kind = {"httponly": True, "samesite": "lax", "path": "/", "secure": site.secure}
    response.set_cookie(cookie_name(site), secret, max_age=int(LONGEST.total_seconds()), **kind)  # type: ignore[arg-type]


def take_back(response: Response, site: Site) -> None:
    """Take it out again."""
    response.delete_cookie(cookie_name(site), path="/", secure=site.secure, httponly=True, samesite="lax")


def digest_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
