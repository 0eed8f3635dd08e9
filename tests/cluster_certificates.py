"""Certificates of a cluster for the tests: a CA, and folders with what it signs, good or run out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


class Authority:
    """A CA of its own."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._own = self._signed("ca", self._key, ends=DAY)

    def folder(self, folder: Path, *, ends: timedelta = DAY) -> Path:
        """A machine's folder: whom to trust, who it is until so long from now, and its key."""
        folder.mkdir()
        key = ec.generate_private_key(ec.SECP256R1())
        (folder / "ca.pem").write_bytes(self._own)
        (folder / "cert.pem").write_bytes(self._signed("cert", key, ends=ends))
        plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (folder / "key.pem").touch(mode=0o600)
        (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
        return folder

    def _signed(self, name: str, key: ec.EllipticCurvePrivateKey, *, ends: timedelta) -> bytes:
        now, ca = datetime.now(UTC), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(ca)
        made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
        made = made.not_valid_before(now - 3 * DAY).not_valid_after(now + ends)
        made = made.add_extension(x509.BasicConstraints(ca=name == "ca", path_length=None), critical=True)
        return made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
