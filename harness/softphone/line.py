"""What a telephone line is to a softphone: where it goes out, who it says it is, what it can speak."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

LEGS_PER_WORKER = 4
"""What a process of any pjsua2 holds: its wheel is compiled for four calls, and asking for more is silently clamped."""
MOST_LEGS_PER_WORKER = 16
"""What one is given where its library holds more (`make pjsua2`): so many calls a crash costs at the most."""
RTP_PORTS = (4000, 4999)
"""First and last local port of RTP and RTCP: what a firewall has to let through; two a call."""
CODECS = ("PCMA/8000", "PCMU/8000", "G722/16000")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One SIP account and transport of a worker process. Carries no secret in its `repr`."""

    id: str = "line"
    """The name of the line in agency.toml."""
    transport: str = "udp"
    """`udp`, `tcp` or `tls`."""
    bind: str = ""
    """Local address of signalling and media; empty: the address that the route gives."""
    port: int = 0
    """Local port of signalling; 0: any free one."""
    from_uri: str = "sip:thirdring@127.0.0.1"
    """Address of record: the caller's number as the far end sees it."""
    registrar: str = ""
    """SIP URI to register with; empty: dial direct."""
    user: str = ""
    """User name of digest authentication."""
    secret: str = ""
    """Its password, handed from memory to memory, never written."""
    codecs: tuple[str, ...] = ("PCMA/8000", "PCMU/8000")
    """Codecs offered, best first: a short list keeps the INVITE under 1300 bytes (RFC 3261 §18.1.1)."""
    proxy: str = ""
    """Outbound proxy's SIP URI."""
    server: str = ""
    """The server, `host:port`; only a line to an IPv6 address needs it."""
    ipv6: bool = False
    """Whether the server is reached over IPv6."""
    tls_ca_file: str = ""
    """Certificates that are trusted; empty: the system's."""
    tls_verify: bool = True
    """Whether the server's certificate is verified; off only where a test makes its own."""
    tls_server_name: str = ""
    """Name that the certificate must carry; empty: the host of the SIP URI."""
    accept_old_openssl: bool = False
    """Whether TLS may be spoken by an OpenSSL that nobody mends any more."""
    srtp: str = "off"
    """`off`, `optional` or `mandatory`: media encrypted with keys from the description (SDES, RFC 4568)."""
    caller_ids: tuple[str, ...] = ()
    """SIP URIs that the line owns and calls take turns with; empty: `from_uri` alone."""
    caller_id_seed: int | None = None
    """Draws the caller ID of each call by lot with this seed; None: in order."""
    max_calls: int | None = None
    """Calls at once that the line carries; None: as many as the pool is asked for."""

    def __repr__(self) -> str:
        return f"Line({self.id}, {self.transport}, {self.from_uri})"

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the recording: 16000 when a wide-band codec is offered, else 8000."""
        return 16000 if any(c.startswith("G722") for c in self.codecs) else 8000

    def to_dict(self) -> dict[str, Any]:
        """JSON form for the pipe to a worker process."""
        return asdict(self)


def line_from_dict(data: dict[str, Any]) -> Line:
    """Read what `Line.to_dict` wrote."""
    return Line(**{**data, "codecs": tuple(data["codecs"]), "caller_ids": tuple(data.get("caller_ids", ()))})
