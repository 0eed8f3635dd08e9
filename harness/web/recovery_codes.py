"""Recovery codes, for who has lost the authenticator: ten on paper, each good once, kept as argon2id hashes."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from harness.store import Store
from harness.web.passwords import fits, hashed_code

HOW_MANY = 10
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: none that another is taken for."""
_TAKEN_FOR = str.maketrans({"O": "0", "I": "1", "L": "1"})
_MARK, _SECRET = 2, 10
"""Letters: the first ones tell which of the ten it is, the others are 50 bits that nobody else knows."""


def new_codes() -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Ten codes as they are written down, and what is kept of them: mark → hash."""
    marks = set[str]()
    while len(marks) < HOW_MANY:
        marks.add(_letters(_MARK))
    codes = {mark: _letters(_SECRET) for mark in sorted(marks)}
    written = tuple(f"{mark}-{code[:5]}-{code[5:]}" for mark, code in codes.items())
    return written, {mark: hashed_code(code) for mark, code in codes.items()}


def is_recovery_code(typed: str) -> bool:
    """Whether it looks like one, and not like a code of the authenticator."""
    return len(_read(typed)) == _MARK + _SECRET


def spend(login: str, typed: str, store: Store) -> bool:
    """Whether it is one of the account's that was not used; it is now."""
    read = _read(typed)
    mark, code = read[:_MARK], read[_MARK:]
    kept = store.second_factors.code(login, mark)
    return fits(kept, code) and store.second_factors.use_code(login, mark)


def _letters(count: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(count))


def _read(typed: str) -> str:
    return re.sub(r"[\s\-]", "", typed).upper().translate(_TAKEN_FOR)
