"""Where the cluster's scheduler is, and whether the way to it is one that a call's evidence may take."""

from __future__ import annotations

import ipaddress
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from harness.errors import NotFound, Refused, WrongInput

CA, CERTIFICATE, KEY = "ca.pem", "cert.pem", "key.pem"
"""Files of the folder that `--tls` names: whom to trust, who this machine is, and its key."""
_DASK = {"dask": "tcp", "tls": "tls"}


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A scheduler that may be spoken to."""

    host: str
    """Its address or name."""
    port: int
    """Its port."""
    tls: Path | None = None
    """The folder with the certificates; None: on this machine, without."""

    @property
    def address(self) -> str:
        """As Dask writes it."""
        return f"{'tls' if self.tls else 'tcp'}://{_in_url(self.host)}:{self.port}"

    @property
    def on_loopback(self) -> bool:
        """Whether nothing leaves this machine."""
        return is_loopback(self.host)


def cluster_at(url: str, *, tls: Path | None = None) -> Cluster:
    """Read `dask://HOST:PORT` or `tls://HOST:PORT`.

    Raises:
        WrongInput: it is neither, or the folder of certificates lacks one, or its key is open to others.
        Refused: it leads beyond this machine without TLS: who can reach a scheduler can run programs on its probes.
    """
    scheme, host, port = _parts(url)
    if scheme == "tls":
        if tls is None:
            raise WrongInput("cluster.no_certificates", url=url, files=", ".join((CA, CERTIFICATE, KEY)))
        return Cluster(host=host, port=port, tls=_certificates(tls))
    if not is_loopback(host):
        raise Refused("cluster.needs_tls", url=url, tls=f"tls://{_in_url(host)}:{port}")
    return Cluster(host=host, port=port)


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own; a name is one that only `localhost` is trusted to be."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _in_url(host: str) -> str:
    """An IPv6 address stands in brackets (RFC 3986 §3.2.2)."""
    return f"[{host}]" if ":" in host else host


def _parts(url: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        scheme, host, port = "", None, None
    if scheme not in _DASK or not host or not port or parts.path.strip("/") or parts.query or parts.username:
        raise WrongInput("cluster.address", url=url)
    return scheme, host, port


def _certificates(folder: Path) -> Path:
    for name in (CA, CERTIFICATE, KEY):
        if not (folder / name).is_file():
            raise NotFound("cluster.no_file", folder=folder, file=name)
    mode = stat.S_IMODE((folder / KEY).stat().st_mode)
    if mode & 0o077:
        raise WrongInput("cluster.key_open", file=folder / KEY, mode=f"{mode:o}")
    return folder
