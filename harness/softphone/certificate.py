"""Which name a server's certificate must carry (RFC 6125), and where the certificates are that a system trusts."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable

WRONG_CERTIFICATE = 78
"""Exit status of a worker process whose server showed a certificate that is not its own."""


def _system_certificates() -> str:
    known = (ssl.get_default_verify_paths().cafile, "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/cert.pem")
    return next((path for path in known if path and os.path.exists(path)), "")


SYSTEM_CERTIFICATES = _system_certificates()
"""The wheel's own OpenSSL looks where the machine it was built on had them."""


def carries_name(names: Iterable[str], wanted: str) -> bool:
    """Whether one of a certificate's names is the wanted one; `*.` stands for one label (RFC 6125 §6.4.3)."""
    wanted = wanted.lower().rstrip(".")
    rest = wanted.partition(".")[2]
    allowed = {wanted, f"*.{rest}"} if "." in rest else {wanted}
    return any(name.lower().rstrip(".") in allowed for name in names)
