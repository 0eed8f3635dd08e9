"""Second factor: codes of an authenticator program (RFC 6238). The one file that imports pyotp.

An account's secret is nowhere: it is derived from the key in `second-factor.key` and the account's salt in the database
(RFC 4226 §7.5, deterministic generation), so that the database, a copy of it or a query give nobody a code.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path

import pyotp

from harness.directory_files import settle
from harness.errors import EnvironmentFailed
from harness.store import Store
from harness.store.connection import Row
from harness.web.recovery_codes import is_recovery_code, spend

KEY_FILE = "second-factor.key"
STEP_S, DIGITS = 30, 6
"""What every authenticator program takes; SHA-1 likewise, as HMAC it is not weakened (RFC 6238 §1.2)."""
BESIDE = (0, -1, 1)
"""Steps that are taken: this one, and one either way for a telephone's clock (RFC 6238 §5.2 allows no more)."""
OFFER_LASTS = timedelta(minutes=30)
"""So long may somebody take to confirm a secret that was shown."""
_BYTES = 20
"""RFC 4226 §4, R6 recommends 160 bits."""


def new_salt() -> str:
    """A salt for a secret to come."""
    return secrets.token_hex(16)


def secret_of(folder: Path, login: str, salt: str, store: Store) -> str:
    """An account's secret, base32. EnvironmentFailed where the key is gone that the secrets of others came of."""
    key = _key(folder, may_make=not store.second_factors.any())
    derived = hmac.digest(key, f"totp {login} {salt}".encode(), "sha256")
    return base64.b32encode(derived[:_BYTES]).decode()


def address_of(secret: str, *, login: str, agency: str) -> str:
    """What the QR code says to an authenticator program."""
    issuer = f"Thirdring {agency}".replace(":", " ")
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S).provisioning_uri(name=login, issuer_name=issuer)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step that a code belongs to, among those that are taken; None: none of them."""
    typed, at = "".join(code.split()), int(now.timestamp()) // STEP_S
    found, totp = None, pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S)
    for beside in BESIDE:  # all of them, whichever fits: the time it takes tells nothing
        if hmac.compare_digest(totp.at((at + beside) * STEP_S).encode(), typed.encode()):
            found = at + beside
    return found


def accepted(row: Row, code: str, *, folder: Path, store: Store, now: datetime) -> str | None:
    """What a code was, `code` or `recovery_code`, which is spent then; None: it does not fit, or was given before."""
    login = str(row["login"])
    if is_recovery_code(code):
        return "recovery_code" if spend(login, code, store) else None
    step = step_of(secret_of(folder, login, str(row["factor_salt"]), store), code, now)
    return "code" if step is not None and store.second_factors.accept(login, step) else None


def _key(folder: Path, *, may_make: bool) -> bytes:
    """The key; a new one where nobody's secret could hang on another."""
    path = folder / KEY_FILE
    try:
        if not path.exists() and may_make:
            _make_key(path)
        kept = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        kept = b""
    if len(kept) < 32:
        raise EnvironmentFailed("factor.no_key", file=KEY_FILE)
    return kept


def _make_key(path: Path) -> None:
    """0600 from its first byte on; of two at once the first one's stays."""
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        settle(path.parent)
