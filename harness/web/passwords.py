"""Passwords: argon2id, and what is asked of a new one. The one file that imports argon2."""

from __future__ import annotations

import secrets
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from harness.errors import WrongInput
from harness.web.common_passwords import is_common

SHORTEST, LONGEST = 12, 128
"""Characters; no other rule of composition (NIST SP 800-63B §3.1.1.2), a sentence is welcome."""
FEWEST_KINDS = 6
"""Different characters, so that 111111111111 is none."""
_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz")
_READ_OUT = "23456789abcdefghjkmnpqrstuvwxyz"
"""Letters that nobody takes for another."""
_hasher = PasswordHasher()  # argon2id, RFC 9106's second recommendation: 64 MiB, three passes
_at_once = threading.BoundedSemaphore(2)
"""Each takes 64 MiB: many log-ins at a time wait, and leave the calls their memory."""


def hashed(password: str, *, login: str, name: str = "") -> str:
    """The hash of a new password. WrongInput says what is wrong with it."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise WrongInput("people.password_length", shortest=SHORTEST, longest=LONGEST)
    if not passes_the_rules(password, login=login, name=name):
        raise WrongInput("people.password_guessable")
    if is_common(password):
        raise WrongInput("people.password_common")
    with _at_once:
        return _hasher.hash(password)


def hashed_code(code: str) -> str:
    """The hash of a code that was drawn by lot: no rule of passwords is asked."""
    with _at_once:
        return _hasher.hash(code)


def passes_the_rules(password: str, *, login: str = "", name: str = "") -> bool:
    """Whether it is neither too short nor too long, nor made of repetition, runs of the keyboard or the account."""
    fine = SHORTEST <= len(password) <= LONGEST and len(set(password)) >= FEWEST_KINDS
    return fine and not _guessable(password.casefold(), login.casefold(), name.casefold())


def fits(kept: str | None, password: str) -> bool:
    """Whether a password is the one whose hash was kept; None takes as long, and never fits."""
    try:
        with _at_once:
            return _hasher.verify(kept or _nobodys(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def drawn_password() -> str:
    """A first password by lot, 74 bits, easy to read out."""
    return "-".join("".join(secrets.choice(_READ_OUT) for _ in range(5)) for _ in range(3))


def _guessable(password: str, login: str, name: str) -> bool:
    """Whether little is left of it without the account's names and runs of the keyboard."""
    left = password
    for known in (login, name, "thirdring", "三聲內", "password"):
        left = left.replace(known, "") if known else left
    for row in _ROWS:
        for size in range(len(row), 3, -1):
            for start in range(len(row) - size + 1):
                run = row[start : start + size]
                left = left.replace(run, "").replace(run[::-1], "")
    return len(left) < SHORTEST // 2


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")
