"""The agency's key: Ed25519, made at its first use. What it signs, `openssl pkeyutl` checks without Thirdring."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import EnvironmentFailed, WrongInput

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_FILE = "evidence-key.pem"


class Signer:
    """A private key that signs."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        self._key = key
        public = key.public_key()
        self.public_pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        """The public key, PEM."""
        der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.fingerprint = hashlib.sha256(der).hexdigest()
        """SHA-256 of the public key (DER): what a paper says of it."""

    def sign(self, data: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._key.sign(data)


def signer(file: Path) -> tuple[Signer, bool]:
    """Read the key, or make it where there is none; and whether it was made.

    Raises:
        EnvironmentFailed: the package for signatures is not installed, or the disk failed.
        WrongInput: the file is no Ed25519 key without a password.
    """
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ModuleNotFoundError as error:
        raise EnvironmentFailed("evidence.not_installed", name=error.name) from None
    made = False
    try:
        made = _make(file)
        key = load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise EnvironmentFailed("file.unwritable", file=file.name, reason=error.strerror or "?") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise WrongInput("evidence.key", file=file.name) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise WrongInput("evidence.key", file=file.name)
    return Signer(key), made


def _make(file: Path) -> bool:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    with suppress(FileExistsError):
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as opened:
            opened.write(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return True
    return False
